//! Attacks on the host's memory. The host may hold all of it, refuse some of it, or end the handler. The process's
//! memory and the next request must not be affected.

use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

/// The handler was given some of it and reported how much, or was ended.
fn held() -> Expected {
    let number = Expected::Like(&[
        ("0", ""),
        ("1", ""),
        ("2", ""),
        ("3", ""),
        ("4", ""),
        ("5", ""),
        ("6", ""),
        ("7", ""),
        ("8", ""),
        ("9", ""),
    ]);
    number.or(Expected::Failure(&["memory", "trap", "deadline"]))
}

pub(super) fn all() -> Vec<Kind> {
    let hold = |name, what: &'static str| Kind::attack(name, move |_, _| act(what, held())).of_memory().within(3_000);
    vec![
        Kind::attack("memory to its end", |_, _| act("grow", Expected::Failure(&["memory"]))).of_memory(),
        Kind::attack("handles to their end", |_, _| act("handles", Expected::Failure(&["trap", "memory"]))).of_memory(),
        hold("headers kept", "fields:5000:100000"),
        hold("small headers kept", "fields:15000:8000"),
        hold("bodies kept", "bodies:1500").p2(),
        hold("listings kept", "listings:500:1000").p2(),
        hold("pollables kept", "pollables:15000").p2(),
        hold("responses kept", "responses:2000").p3(),
        hold("streams kept", "unread:60").p3(),
        Kind::attack("streams", |_, _| {
            act("streams:20000", Expected::Like(&[("{", "}")]).or(Expected::Failure(&["trap", "memory"])))
        })
        .p3()
        .of_memory(),
        Kind::attack("error with 40 MB of text", |_, _| {
            act("error-text:40000000", Expected::Failure(&["no-answer", "trap", "memory"]))
        })
        .of_memory(),
        Kind::attack("empty uploads by HTTP/2", |peers, _| {
            let held = Expected::Failure(&["deadline", "memory"]).or(Expected::Like(&[("error=", "")]));
            act(&format!("empty-upload:2000000:{}", peers.url("h2-no-window", "/x")), held)
        })
        .p2()
        .of_memory()
        .within(1_000),
        Kind::attack("upload that nobody reads", |peers, _| {
            act(&format!("upload:50000000:{}", peers.url("h2-no-window", "/x")), super::deadline())
        })
        .of_memory()
        .within(700),
    ]
}
