//! No response makes a front end's form panic. The front end can read every reply, it is within the front end's limits,
//! and it answers what the handler has answered.
//!
//! The input looks like a response: a line with the status, then `h` for the method `HEAD`; the headers; an empty line;
//! the body.
#![no_main]

use bytes::Bytes;
use funcserver_events::{Form, FrontKind, FrontOptions};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((response, head)) = parse(data) else { return };
    let options = FrontOptions { cookie_case_variants: !data.len().is_multiple_of(7), ..FrontOptions::default() };
    for kind in FrontKind::ALL {
        let form = Form::for_method(kind, if head { &Method::HEAD } else { &Method::GET });
        let Ok(reply) = form.encode(&response, &options) else { continue };
        assert!(reply.json.len() <= form.limits().reply, "{kind}");
        let seen = form.read_reply(&reply.json).expect("a reply that the front end reads");
        assert_eq!(seen.status(), response.status(), "{kind}");
        let bodiless = head || matches!(response.status().as_u16(), 204 | 304);
        assert_eq!(seen.body(), if bodiless { b"".as_slice() } else { response.body() }, "{kind}");
    }
});

fn parse(data: &[u8]) -> Option<(Response<Bytes>, bool)> {
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
    Some((response, flags.contains(&b'h')))
}

fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let line = &rest[..end];
    *rest = rest.get(end + 1..).unwrap_or_default();
    line
}
