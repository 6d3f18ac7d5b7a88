//! No response makes `encode` panic. The load balancer can read every reply of `encode`, and the reply is within the
//! limits.
//!
//! The input looks like a response: a line with the status, then `m` for multi-value mode and `h` for the method
//! `HEAD`; the headers; an empty line; the body.
#![no_main]

use bytes::Bytes;
use funcserver_events::alb::{HeaderMode, LIMITS, ReplyForm, ReplyOptions, encode, read_reply};
use funcserver_events::{EncodeError, FrontLimits};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((response, form)) = parse(data) else { return };
    let options = ReplyOptions {
        cookie_case_variants: !data.len().is_multiple_of(7),
        limits: FrontLimits { reply: if data.len().is_multiple_of(5) { 300 } else { LIMITS.reply }, ..LIMITS },
    };
    match encode(&response, form, &options) {
        Ok(reply) => {
            assert!(reply.json.len() <= options.limits.reply);
            let seen = read_reply(&reply.json, form).expect("a reply that the load balancer reads");
            assert_eq!(seen.status(), response.status());
            let bodiless = form.head || matches!(response.status().as_u16(), 204 | 304);
            assert_eq!(seen.body(), if bodiless { b"".as_slice() } else { response.body() });
        }
        Err(EncodeError::Reply { size, limit, .. }) => {
            let generous = ReplyOptions { limits: FrontLimits { reply: usize::MAX, ..LIMITS }, ..options };
            let reply = encode(&response, form, &generous).expect("only the size was wrong");
            assert_eq!((reply.json.len(), size > limit), (size, true));
        }
        Err(_) => {}
    }
});

fn parse(data: &[u8]) -> Option<(Response<Bytes>, ReplyForm)> {
    let mut rest = data;
    let first = line(&mut rest);
    let (digits, flags) = first.split_at_checked(3)?;
    let mode = if flags.contains(&b'm') { HeaderMode::Multi } else { HeaderMode::Single };
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
    Some((response, ReplyForm { mode, head: flags.contains(&b'h') }))
}

fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
    let line = &rest[..end];
    *rest = rest.get(end + 1..).unwrap_or_default();
    line
}
