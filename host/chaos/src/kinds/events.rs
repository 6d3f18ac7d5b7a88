//! Events that are invalid or not from a load balancer.

use serde_json::json;

use crate::case::{Case, Kind};
use crate::event::{event, nonce, post};
use crate::judge::Expected;

pub(super) fn all() -> Vec<Kind> {
    vec![
        Kind::attack("event of a queue", |_, _| Case {
            event: json!({"Records": [{"body": "a message"}]}),
            expected: Expected::Error("Funcserver.NotHttp"),
        }),
        Kind::attack("event that is a list", |_, _| Case {
            event: json!([[[[[[[[[[]]]]]]]]]]),
            expected: Expected::Error("Funcserver.NotHttp"),
        }),
        Kind::attack("header that is a number", |_, _| {
            let mut event = event("say:x");
            event["headers"]["x-number"] = json!(7);
            Case { event, expected: Expected::Failure(&["bad-event"]) }
        }),
        Kind::attack("body that is no base64", |_, _| {
            let mut event = post("echo", b"");
            event["body"] = json!("*** no base64 ***");
            Case { event, expected: Expected::Failure(&["bad-event"]) }
        }),
        Kind::attack("30,000 headers", |_, _| {
            let mut event = event("say:x");
            for number in 0..30_000 {
                event["headers"][format!("x-{number}")] = json!("");
            }
            Case { event, expected: Expected::Failure(&["bad-event"]) }
        }),
        Kind::attack("path of 100 kB", |_, _| {
            let mut event = event("say:x");
            event["path"] = json!(format!("/{}", "a".repeat(100_000)));
            Case { event, expected: Expected::Failure(&["bad-event"]) }
        }),
        Kind::attack("nested 100 deep", |_, random| {
            let text = nonce(random);
            let mut event = event(&format!("say:{text}"));
            event["unknown"] = nested(100);
            Case { event, expected: Expected::text(&text) }
        }),
        // A client sends its own copies of the headers that the host sets for handlers.
        Kind::attack("forged facts", |_, random| {
            let text = nonce(random);
            let mut event = event(&format!("say:{text}"));
            for name in ["x-amzn-lambda-context", "x_amzn_lambda_context", "X-Funcserver-Client", "x-funcserver-error"]
            {
                event["headers"][name] = json!("forged\u{1b}[31m");
            }
            Case { event, expected: Expected::text(&text).or(Expected::Failure(&["bad-event"])) }
        }),
    ]
}

fn nested(depth: usize) -> serde_json::Value {
    (0..depth).fold(json!([]), |inner, _| json!([inner]))
}
