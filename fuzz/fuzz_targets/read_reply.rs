//! No reply makes `read_reply` panic, and its allocations are bounded by the size of the reply. The response can be
//! encoded again, with the same result.
#![no_main]

use funcserver_events::{EncodeError, Form, FrontKind, FrontOptions};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for kind in FrontKind::ALL {
        let form = Form::of(kind);
        let Ok(response) = form.read_reply(data) else { continue };
        assert!((200..600).contains(&response.status().as_u16()));
        match form.encode(&response, &FrontOptions::default()) {
            Ok(reply) => {
                let again = form.read_reply(&reply.json).expect("our own reply");
                assert_eq!(again.status(), response.status());
                assert_eq!(again.body(), response.body());
                // A REST API renames some headers, once more in what it has renamed.
                assert!(kind == FrontKind::Rest || response.headers().keys_len() == again.headers().keys_len());
            }
            // The separators of joined values may exceed a limit that the reply just met.
            Err(EncodeError::Headers { .. } | EncodeError::Length { .. } | EncodeError::Reply { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
});
