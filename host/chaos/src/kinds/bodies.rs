//! Answers that cannot be sent, or that are sent in an unusual way.

use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

pub(super) fn all() -> Vec<Kind> {
    let failure = |name, what: &'static str, kinds: &'static [&'static str]| {
        Kind::attack(name, move |_, _| act(what, Expected::Failure(kinds)))
    };
    vec![
        failure("body too long", "endless-body", &["reply-too-large"]),
        failure("body shorter than stated", "short-body", &["length"]),
        failure("body longer than stated", "long-body", &["length"]),
        failure("body dropped", "early-drop", &["body-broken"]),
        failure("headers too large", "headers:100:1000", &["headers-too-large"]),
        // 0.2 answers without the headers that the host rejects. The number that fits is up to the host.
        Kind::attack("many headers", |_, _| {
            act("headers:2000:1", Expected::Failure(&["headers-too-large", "trap"]).or(Expected::text("headers")))
        }),
        failure("too many cookies", "cookies:600", &["cookies"]).p2(),
        failure("error with a huge text", "error-text:20000000", &["no-answer", "trap"]),
        failure("error with a text", "error-text:10000", &["no-answer"]),
        Kind::attack("empty writes", |_, _| act("empty-writes:20000", Expected::text("written"))),
        // The write succeeds or waits until the deadline: nothing reads the body before the response is set.
        Kind::attack("early writes", |_, _| {
            act("early-writes:100", Expected::text(&".".repeat(100)).or(super::deadline()))
        })
        .p2()
        .within(600),
    ]
}
