//! Normal requests of users: each answer is exact, at any load.

use serde_json::json;

use super::{path, told};
use crate::case::{Beside, Case, Kind};
use crate::event::{act, event, multi_value, nonce, post};
use crate::judge::Expected;

pub(super) fn all() -> Vec<Kind> {
    vec![
        Kind::good("say", |_, random| {
            let text = nonce(random);
            act(&format!("say:{text}"), Expected::text(&text))
        })
        .weight(40),
        Kind::good("say, multi-value", |_, random| {
            let text = nonce(random);
            Case { event: multi_value(event(&format!("say:{text}"))), expected: Expected::text(&text) }
        })
        .weight(10),
        Kind::good("echo", |_, random| {
            let length = random.below(4_000) as usize;
            let body = random.bytes(length);
            Case { event: post("echo", &body), expected: Expected::Body(body) }
        })
        .weight(20),
        Kind::good("echo, large", |_, random| {
            let length = 100_000 + random.below(400_000) as usize;
            let body = random.bytes(length);
            Case { event: post("echo", &body), expected: Expected::Body(body) }
        })
        .weight(2),
        Kind::good("many headers", |_, random| {
            let text = nonce(random);
            let mut event = event(&format!("say:{text}"));
            for number in 0..200 {
                event["headers"][format!("x-header-{number}")] = json!(nonce(random));
            }
            Case { event, expected: Expected::text(&text) }
        })
        .weight(3),
        Kind::good("health check", |_, random| {
            let text = nonce(random);
            let mut event = event(&format!("say:{text}"));
            let headers = event["headers"].as_object_mut().unwrap();
            for name in ["host", "x-forwarded-proto", "x-forwarded-for"] {
                headers.remove(name);
            }
            Case { event, expected: Expected::text(&text) }
        })
        .weight(3),
        Kind::good("single bytes", |_, _| act("chunks:100", Expected::text(&".".repeat(100)))).weight(3),
        Kind::good("body left open", |_, _| act("open-body", Expected::text("begun"))).weight(3).beside(Beside::None),
        // A handler that hangs keeps the instance from becoming idle, so the host cannot see that no more data follows.
        Kind::good("body left open beside others", |_, _| {
            act("open-body", Expected::text("begun").or(Expected::Failure(&["deadline"])))
        })
        .weight(3)
        .beside(Beside::Others),
        Kind::good("work after", |_, _| act("after:2", Expected::text("begun"))).weight(3),
        Kind::good("file", |_, random| {
            let text = nonce(random);
            act(&format!("keep-file:{text}"), Expected::text(&text))
        })
        .p2()
        .weight(8),
        Kind::good("fetch", |peers, random| {
            let (path, number, length) = path("ok", 20_000, random);
            act(&format!("get:{}", peers.url("http", &path)), told(number, length))
        })
        .weight(8),
        Kind::good("fetch by TLS", |peers, random| {
            let (path, number, length) = path("ok", 20_000, random);
            act(&format!("get:{}", peers.url("https", &path)), told(number, length))
        })
        .weight(4),
        Kind::good("fetch by HTTP/2", |peers, random| {
            let (path, number, length) = path("ok", 20_000, random);
            act(&format!("get:{}", peers.url("h2", &path)), told(number, length))
        })
        .weight(8),
        // The server closes the connection before the next request can use it.
        Kind::good("fetch, then gone", |peers, random| {
            let (path, number, length) = path("vanish", 2_000, random);
            act(&format!("get:{}", peers.url("http", &path)), told(number, length))
        })
        .weight(4),
        Kind::good("fetch by name", |peers, random| {
            let (path, number, length) = path("ok", 2_000, random);
            act(&format!("get:{}", peers.named("http", "good", &path)), told(number, length))
        })
        .by_name()
        .weight(4),
        Kind::good("upload", |peers, random| {
            let (path, number, length) = path("take", 2_000, random);
            act(&format!("upload:{}:{}", random.below(200_000), peers.url("http", &path)), told(number, length))
        })
        .weight(2),
        Kind::good("proxy", |peers, random| {
            let (path, number, length) = path("chunks", 20_000, random);
            let body = Expected::Body(crate::peers::served(number, length));
            act(&format!("proxy:{}", peers.url("http", &path)), body)
        })
        .p3()
        .weight(4),
        Kind::good("proxy, own response", |peers, random| {
            let (path, number, length) = path("chunks", 300_000, random);
            let body = Expected::Body(crate::peers::served(number, length));
            act(&format!("proxy-own:{}", peers.url("http", &path)), body)
        })
        .p3()
        .weight(2),
        Kind::good("proxy by HTTP/2", |peers, random| {
            let (path, number, length) = path("ok", 300_000, random);
            let body = Expected::Body(crate::peers::served(number, length));
            act(&format!("proxy:{}", peers.url("h2", &path)), body)
        })
        .p3()
        .weight(2),
    ]
}
