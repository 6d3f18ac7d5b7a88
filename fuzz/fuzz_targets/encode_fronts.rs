//! No response makes a front end's form panic. The front end can read every reply, it is within the front end's limits,
//! and it answers what the handler has answered.
//!
//! The input looks like a response: a line with the status, then `h` for the method `HEAD`; the headers; an empty line;
//! the body.
#![no_main]

mod response;

use funcserver_events::{Form, FrontKind, FrontOptions};
use http::Method;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((response, flags)) = response::parse(data) else { return };
    let head = flags.contains(&b'h');
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
