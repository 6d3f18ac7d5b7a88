//! Name servers that stall, fail and lie.

use super::{deadline, path, told};
use crate::case::Kind;
use crate::event::{act, nonce};
use crate::judge::Expected;

const NO_NAME: Expected = Expected::Like(&[("error=DNS-error", "")]);
/// The error for an address that no name may resolve to.
const DENIED: Expected = Expected::Like(&[("error=HTTP-request-denied", "")]);

pub(super) fn all() -> Vec<Kind> {
    let get = |name: &'static str, word: &'static str, expected: Expected| {
        let what = move |peers: &crate::peers::Peers, random: &mut _| {
            let name = format!("{}.{word}", nonce(random));
            act(&format!("get:{}", peers.named("http", &name, "/ok/7/10")), expected.clone())
        };
        Kind::attack(name, what).by_name().sharing()
    };
    let whole = |name: &'static str, word: &'static str| {
        let what = move |peers: &crate::peers::Peers, random: &mut _| {
            let host = format!("{}.{word}", nonce(random));
            let (path, number, length) = path("ok", 1_000, random);
            act(&format!("get:{}", peers.named("http", &host, &path)), told(number, length))
        };
        Kind::attack(name, what).by_name().sharing()
    };
    vec![
        get("name: mute", "mute", deadline()).within(700),
        whole("name: slow", "slow"),
        whole("name: many addresses", "many"),
        whole("name: answered 200 times", "flood"),
        // The allowed address remains.
        whole("name: loopback and another", "mixed"),
        get("name: none such", "nx", NO_NAME),
        get("name: server failure", "fail", NO_NAME.or(deadline())).within(1_000),
        get("name: refused", "refuse", NO_NAME.or(deadline())).within(1_000),
        get("name: no address", "empty", NO_NAME),
        get("name: alias of itself", "loop", NO_NAME),
        get("name: garbage", "garbage", NO_NAME.or(deadline())).within(700),
        get("name: another's answer", "wrong-id", NO_NAME.or(deadline())).within(700),
        get("name: cut short", "truncated", NO_NAME.or(deadline())).within(700),
        get("name: loopback", "loopback", DENIED),
        get("name: metadata", "metadata", DENIED),
        get("name: unspecified", "unspecified", DENIED),
        // Lookups whose results are dropped, each of a different name.
        Kind::attack("name: mute, dropped", |peers, random| {
            let name = format!("x#-{}.mute", nonce(random));
            act(&format!("drop:200:{}", peers.named("http", &name, "/")), Expected::text("dropped"))
        })
        .by_name(),
    ]
}
