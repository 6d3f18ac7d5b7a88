//! Ways in which a handler ends.

use super::deadline;
use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

pub(super) fn all() -> Vec<Kind> {
    let failure = |name, what: &'static str, kinds: &'static [&'static str]| {
        Kind::attack(name, move |_, _| act(what, Expected::Failure(kinds)))
    };
    let answered = |name, what: &'static str| Kind::attack(name, move |_, _| act(what, Expected::text("begun")));
    vec![
        failure("trap", "trap", &["trap"]),
        failure("panic", "panic:chaos", &["trap"]),
        failure("recursion", "stack", &["stack"]),
        failure("exit 0", "exit:0", &["exit", "no-answer"]),
        failure("exit 1", "exit:1", &["exit"]),
        failure("exit 3", "exit:3", &["exit"]).p2(),
        failure("no answer", "noresponse", &["no-answer"]).p2(),
        failure("trap in the body", "trap-after-headers", &["trap"]),
        // The answer is complete, so a failure after it is only a warning.
        answered("trap after the body", "trap-after-body"),
        answered("exit after the body", "exit-after-body:1").p3(),
        answered("spin after the body", "spin-after-body").p3().within(500),
        Kind::attack("spin after the answer", |_, _| act("spin-after", Expected::text("answered"))).p2().within(500),
        Kind::attack("wait for nobody", |_, _| {
            // The host detects that the guest can never continue, or waits until the deadline.
            act("never", deadline().or(Expected::Failure(&["trap", "no-answer"])))
        })
        .p3()
        .within(500),
    ]
}
