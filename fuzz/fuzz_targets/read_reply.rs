//! No reply makes `read_reply` panic, and its allocations are bounded by the size of the reply. The response can be
//! encoded again, with the same result.
#![no_main]

use funcserver_events::EncodeError;
use funcserver_events::alb::{HeaderMode, ReplyForm, ReplyOptions, encode, read_reply};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for mode in [HeaderMode::Single, HeaderMode::Multi] {
        let form = ReplyForm { mode, head: data.len().is_multiple_of(4) };
        let Ok(response) = read_reply(data, form) else { continue };
        assert!((200..600).contains(&response.status().as_u16()));
        match encode(&response, form, &ReplyOptions::default()) {
            Ok(reply) => {
                let again = read_reply(&reply.json, form).expect("our own reply");
                assert_eq!(again.status(), response.status());
                assert_eq!(again.body(), response.body());
                assert!(response.headers().keys().eq(again.headers().keys()));
            }
            // The separators of joined values may exceed a limit that the reply just met. The answer to HEAD may have
            // any length.
            Err(EncodeError::Headers { .. } | EncodeError::Length { .. } | EncodeError::Reply { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
});
