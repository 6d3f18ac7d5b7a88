//! Servers that break off, stall or lie in the handshake.

use super::deadline;
use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

const CERTIFICATE: Expected = Expected::Like(&[("error=TLS-certificate-error", "")]);
const PROTOCOL: Expected = Expected::Like(&[("error=TLS-protocol-error", "")]);
const ENDED: Expected = Expected::Like(&[("error=connection-terminated", ""), ("error=TLS-protocol-error", "")]);

pub(super) fn all() -> Vec<Kind> {
    let get = |name, expected: Expected| {
        Kind::attack(name, move |peers, _| act(&format!("get:{}", peers.url(name, "/x")), expected.clone())).sharing()
    };
    vec![
        get("tls-stall", deadline()).within(500),
        get("tls-half", deadline()).within(500),
        get("tls-mute", deadline()).within(500),
        get("tls-garbage", PROTOCOL),
        get("tls-reset", ENDED),
        get("tls-close", ENDED),
        get("tls-alert", Expected::Like(&[("error=TLS-alert-received", "")])),
        get("tls-flood", PROTOCOL.or(deadline())).within(500),
        get("tls-name", CERTIFICATE),
        get("tls-stranger", CERTIFICATE),
        get("tls-expired", CERTIFICATE),
        Kind::attack("tls-stall, patience", |peers, _| {
            let timeout = Expected::Like(&[("error=connection-timeout", "")]);
            act(&format!("get-within:200:{}", peers.url("tls-stall", "/x")), timeout)
        })
        .p2(),
    ]
}
