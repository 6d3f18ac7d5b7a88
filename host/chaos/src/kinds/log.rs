//! Attacks on the log. The contents of its lines are checked as they arrive.

use super::deadline;
use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

pub(super) fn all() -> Vec<Kind> {
    vec![
        Kind::attack("empty lines", |_, _| act("lines:1000000", Expected::text("lines"))),
        Kind::attack("control characters", |_, _| act("controls", Expected::text("controls"))).p2(),
        Kind::attack("lines without an end", |_, _| act("print-flood", deadline())).p2().within(500),
        Kind::attack("a line of 3 MB", |_, _| act("print-long:3000000", mirrored())),
        Kind::attack("a panic with a long text", |_, _| {
            act(&format!("panic:{}", "text ".repeat(2_000)), Expected::Failure(&["trap"]))
        }),
    ]
}

/// The answer of the guest to a request for something else.
fn mirrored() -> Expected {
    Expected::Like(&[("{", "}")])
}
