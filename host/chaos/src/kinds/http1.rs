//! HTTP/1.1 servers that misbehave.

use super::{deadline, path, told};
use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

/// The response is incomplete, and the handler is told so.
const CUT: Expected = Expected::Like(&[("status=200 ", " cut")]);
const ENDED: Expected = Expected::Like(&[("error=connection-terminated", "")]);
const BROKEN: Expected = Expected::Like(&[("error=HTTP-protocol-error", "")]);
const TOO_LARGE: Expected = Expected::Like(&[("error=HTTP-response-header-section-size", "")]);

pub(super) fn all() -> Vec<Kind> {
    let mut all: Vec<_> = peers().into_iter().chain(odd()).map(Kind::sharing).collect();
    all.extend(proxies());
    all.extend(crowds());
    all
}

/// One request for each kind of misbehaviour.
fn peers() -> Vec<Kind> {
    let get = |name, word: &'static str, expected: Expected| {
        Kind::attack(name, move |peers, _| {
            act(&format!("get:{}", peers.url("http", &format!("/{word}"))), expected.clone())
        })
    };
    let within = |name, word: &'static str, expected: Expected| {
        let what = move |peers: &crate::peers::Peers, _: &mut _| {
            act(&format!("get-within:200:{}", peers.url("http", &format!("/{word}"))), expected.clone())
        };
        Kind::attack(name, what).p2()
    };
    let timeout = Expected::Like(&[("error=connection-read-timeout", "")]);
    vec![
        get("http stall", "stall", deadline()).within(500),
        get("http stall in the head", "stall-head", deadline()).within(500),
        get("http stall in the body", "stall-body", deadline()).within(500),
        within("http stall, patience", "stall", timeout.clone()),
        within("http stall in the head, patience", "stall-head", timeout.clone()),
        within("http stall in the body, patience", "stall-body", CUT),
        get("http reset", "reset", ENDED),
        get("http close", "close", ENDED),
        get("http cut", "cut", CUT),
        get("http cut by a reset", "cut-reset", CUT.or(ENDED)),
        get("http cut in a chunk", "cut-chunk", CUT),
        get("http cut between chunks", "cut-between", CUT),
        get("http bad chunk", "bad-chunk", CUT),
        get("http huge chunk", "huge-chunk", CUT),
        get("http garbage", "garbage", BROKEN),
        get("http two lengths", "two-lengths", BROKEN),
        get("http bad length", "bad-length", BROKEN),
        // A tunnel that was not requested: an error, or a status that is not a success.
        get("http upgrade", "upgrade", Expected::Like(&[("error=", ""), ("status=101 ", "")])),
        get("http 1xx flood", "flood-informed", deadline().or(Expected::Like(&[("error=", "")]))).within(500),
        get("http 100 flood", "flood-continue", deadline().or(Expected::Like(&[("error=", "")]))).within(500),
        get("http header flood", "flood-headers", TOO_LARGE.or(BROKEN)),
        get("http endless header", "flood-header", TOO_LARGE.or(BROKEN)),
        get("http body flood", "flood-body", deadline()).within(500),
        get("http chunk flood", "flood-chunks", deadline()).within(500),
        get("http extension flood", "flood-extension", CUT.or(deadline())).within(500),
        get("http trailer flood", "flood-trailers", CUT.or(deadline())).within(500),
        Kind::attack("http refused", |peers, _| {
            act(&format!("get:{}", peers.url("refused", "/")), Expected::Like(&[("error=connection-refused", "")]))
        }),
        // The bytes after the body are not an answer to the next request.
        get("http smuggle", "smuggle", told_begun()),
        Kind::attack("http not allowed", |_, _| {
            let denied = Expected::Like(&[("error=HTTP-request-denied", "")]);
            act("get:http://169.254.169.254/latest/meta-data/", denied)
        }),
    ]
}

fn told_begun() -> Expected {
    Expected::text(&format!("status=200 bytes=5 sum={:016x}", crate::judge::sum(b"begun")))
}

/// Responses that are unusual but valid.
fn odd() -> Vec<Kind> {
    let get = |name, word: &'static str, most| {
        Kind::attack(name, move |peers, random| {
            let (path, number, length) = path(word, most, random);
            act(&format!("get:{}", peers.url("http", &path)), told(number, length))
        })
    };
    vec![
        get("http in chunks", "chunks", 100_000),
        get("http without a length", "bare", 100_000),
        get("http byte by byte", "slow", 100),
        get("http 120 headers", "many-headers", 1_000),
        get("http 103 before", "informed", 1_000),
    ]
}

/// The body of an upstream that breaks off, passed on.
fn proxies() -> Vec<Kind> {
    let proxy = |name, how: &'static str, word: &'static str, expected: Expected| {
        Kind::attack(name, move |peers, _| {
            act(&format!("{how}:{}", peers.url("http", &format!("/{word}"))), expected.clone())
        })
        .p3()
    };
    let broken = Expected::Failure(&["body-broken"]);
    vec![
        proxy("proxy, cut", "proxy", "cut", broken.clone()),
        proxy("proxy, cut between chunks", "proxy", "cut-between", broken.clone()),
        proxy("proxy, cut by a reset", "proxy", "cut-reset", broken.clone().or(Expected::Failure(&["no-answer"]))),
        proxy("proxy, own, cut", "proxy-own", "cut", broken),
        proxy("proxy, stall in the body", "proxy", "stall-body", deadline()).within(500),
        proxy("proxy, stall", "proxy", "stall", deadline()).within(500),
        proxy("proxy, reset", "proxy", "reset-uncounted", Expected::Failure(&["no-answer"])),
        proxy("proxy, body flood", "proxy", "flood-body", Expected::Failure(&["reply-too-large"])),
    ]
}

/// Many requests of one handler.
fn crowds() -> Vec<Kind> {
    vec![
        Kind::attack("flood of requests", |peers, _| {
            act(&format!("flood:800:{}", peers.url("http", "/ok/7/10")), Expected::text("800").or(deadline()))
        })
        .within(2_000),
        Kind::attack("requests dropped", |peers, _| {
            act(&format!("drop:300:{}", peers.url("http", "/stall/#")), Expected::text("dropped"))
        }),
        Kind::attack("requests dropped in TLS", |peers, _| {
            act(&format!("drop:300:{}", peers.url("tls-stall", "/#")), Expected::text("dropped"))
        }),
        Kind::attack("upload to a server that stalls", |peers, _| {
            act(&format!("upload:20000000:{}", peers.url("http", "/stall")), deadline())
        })
        .within(500),
        // The server has closed the connection when the upload ends.
        Kind::attack("upload that is reset", |peers, _| {
            let broken = Expected::Like(&[("error=", ""), ("status=200 ", " cut")]);
            act(&format!("upload:5000000:{}", peers.url("http", "/cut-reset")), broken)
        }),
    ]
}
