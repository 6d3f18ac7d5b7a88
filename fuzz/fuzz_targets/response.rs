//! A response that is read from a fuzzer's input: a line with the status and the target's own flags; the headers; an empty
//! line; the body.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// The response, and the flags. `None` if the input is no response.
pub fn parse(data: &[u8]) -> Option<(Response<Bytes>, &[u8])> {
    let mut rest = data;
    let first = line(&mut rest);
    let (digits, flags) = first.split_at_checked(3)?;
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::from_bytes(digits).ok()?;
    while !rest.is_empty() {
        let header = line(&mut rest);
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&header[..colon]).ok()?;
        response.headers_mut().try_append(name, HeaderValue::from_bytes(&header[colon + 1..]).ok()?).ok()?;
    }
    *response.body_mut() = Bytes::copy_from_slice(rest);
    Some((response, flags))
}

fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let line = &rest[..end];
    *rest = rest.get(end + 1..).unwrap_or_default();
    line
}
