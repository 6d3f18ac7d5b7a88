//! HTTP/2 servers that misbehave. Each counts the requests that it receives, because a request that breaks off may be
//! repeated at most once.

use super::deadline;
use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

/// Any error. The exact name is not defined for all of them.
const ERROR: Expected = Expected::Like(&[("error=", "")]);
const CUT: Expected = Expected::Like(&[("status=200 ", " cut")]);

pub(super) fn all() -> Vec<Kind> {
    let get = |name, expected: Expected| {
        Kind::attack(name, move |peers, _| act(&format!("get:{}", peers.url(name, "/x")), expected.clone())).sharing()
    };
    let flood = |name| get(name, deadline().or(ERROR)).within(500);
    vec![
        get("h2-mute", deadline()).within(500),
        get("h2-settled", deadline()).within(500),
        get("h2-refused", ERROR),
        get("h2-cancel", ERROR),
        get("h2-internal", ERROR),
        get("h2-calm", ERROR),
        get("h2-no-error", ERROR),
        get("h2-goaway", ERROR),
        get("h2-goaway-late", ERROR),
        get("h2-close", ERROR),
        get("h2-reset-body", CUT.or(ERROR)),
        get("h2-close-body", CUT.or(ERROR)),
        get("h2-short", CUT.or(ERROR)),
        get("h2-window", ERROR),
        get("h2-push", ERROR),
        get("h2-wrong-stream", ERROR),
        get("h2-big-frame", ERROR),
        get("h2-bomb", ERROR),
        flood("h2-ping-flood"),
        flood("h2-settings-flood"),
        get("h2-empty-flood", deadline().or(CUT).or(ERROR)).within(500),
        flood("h2-continuation-flood"),
        flood("h2-priority-flood"),
        flood("h2-unknown-flood"),
        flood("h2-window-flood"),
        flood("h2-reset-flood"),
        flood("h2-informed-flood"),
        // The handler reads as fast as the data arrives, or the server sends more than it may.
        get("h2-body-flood", deadline().or(CUT).or(ERROR)).within(500),
        Kind::attack("proxy, h2 cut", |peers, _| {
            let broken = Expected::Failure(&["body-broken", "no-answer"]);
            act(&format!("proxy:{}", peers.url("h2-reset-body", "/x")), broken)
        })
        .p3(),
        Kind::attack("requests dropped in HTTP/2", |peers, _| {
            act(&format!("drop:300:{}", peers.url("h2-settled", "/#")), Expected::text("dropped"))
        }),
    ]
}
