//! No response makes `encode` panic. The load balancer can read every reply of `encode`, and the reply is within the
//! limits.
//!
//! The input looks like a response: a line with the status, then `m` for multi-value mode and `h` for the method
//! `HEAD`; the headers; an empty line; the body.
#![no_main]

mod response;

use funcserver_events::alb::{HeaderMode, LIMITS, ReplyForm, ReplyOptions, encode, read_reply};
use funcserver_events::{EncodeError, FrontLimits};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((response, flags)) = response::parse(data) else { return };
    let mode = if flags.contains(&b'm') { HeaderMode::Multi } else { HeaderMode::Single };
    let form = ReplyForm { mode, head: flags.contains(&b'h') };
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
