//! The host names that a load balancer on a developer's machine accepts.
//!
//! Any web page may let its own host name resolve to 127.0.0.1 once it is loaded (DNS rebinding). To a browser, the
//! local server then has the same origin as the page. Such a request has the page's own host name in `Host`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::HOST;
use http::request::Parts;
use http::{HeaderValue, StatusCode};

use super::error_page::Refusal;

/// The accepted host names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// Any name, as with a load balancer that has a single rule.
    #[default]
    Any,
    /// `localhost`, names below it, loopback addresses, and these names, with any port.
    Loopback(Vec<String>),
}

impl Hosts {
    /// Rejects a request for another name with 421 (RFC 9110, section 15.5.20). A request without `Host` passes,
    /// because no browser sends one.
    pub(super) fn check(&self, head: &Parts) -> Result<(), Refusal> {
        let Self::Loopback(names) = self else { return Ok(()) };
        // The host of a target in absolute form takes precedence (RFC 9112, section 3.2.2).
        let target = head.uri.authority().map(|authority| authority.as_str().as_bytes());
        let Some(host) = target.or_else(|| head.headers.get(HOST).map(HeaderValue::as_bytes)) else { return Ok(()) };
        let host = String::from_utf8_lossy(host);
        let name = name(&host);
        if name.is_some_and(|name| is_loopback(name) || names.iter().any(|allowed| is_same(allowed, name))) {
            return Ok(());
        }
        let name = name.unwrap_or(&host);
        Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!(
                "the request is for {name}, but only localhost and loopback addresses are accepted; to accept it: \
                 funcserver serve --allow-host {name}"
            ),
        ))
    }
}

/// The host without its port, and an IPv6 address without its brackets.
fn name(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        return (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some(address);
    }
    match host.rsplit_once(':') {
        Some((name, port)) => is_port(port).then_some(name),
        None => Some(host),
    }
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the name is `localhost` or below it (RFC 6761, section 6.3), or a loopback address.
fn is_loopback(name: &str) -> bool {
    let bare = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    match (name.parse::<Ipv4Addr>(), name.parse::<Ipv6Addr>()) {
        (Ok(address), _) => address.is_loopback(),
        (_, Ok(address)) => IpAddr::V6(address).to_canonical().is_loopback(),
        _ => bare == "localhost" || bare.ends_with(".localhost"),
    }
}

fn is_same(allowed: &str, name: &str) -> bool {
    allowed.trim_end_matches('.').eq_ignore_ascii_case(name.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn status(hosts: &Hosts, target: &str, host: Option<&[u8]>) -> u16 {
        let mut request = Request::get(target);
        if let Some(host) = host {
            request = request.header("host", HeaderValue::from_bytes(host).unwrap());
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        hosts.check(&head).map_or_else(|refusal| refusal.status.as_u16(), |()| 200)
    }

    #[test]
    fn loopback_names_and_addresses_are_accepted() {
        let hosts = Hosts::Loopback(Vec::new());
        for host in [
            "localhost",
            "localhost:8080",
            "LOCALHOST",
            "localhost.",
            "shop.localhost:1",
            "127.0.0.1",
            "127.0.0.1:8080",
            "127.1.2.3:80",
            "[::1]",
            "[::1]:8080",
            "[::ffff:127.0.0.1]:80",
            "localhost:",
        ] {
            assert_eq!(status(&hosts, "/", Some(host.as_bytes())), 200, "{host}");
        }
        assert_eq!(status(&hosts, "/", None), 200);
    }

    #[test]
    fn other_names_are_misdirected() {
        let hosts = Hosts::Loopback(Vec::new());
        for host in [
            "evil.example",
            "evil.example:8080",
            "localhost.evil.example",
            "evil-localhost",
            "127.0.0.1.evil.example",
            "0.0.0.0:8080",
            "10.0.0.1",
            "[::2]",
            "[::1",
            "[::1]x",
            "::1",
            "localhost:80:80",
            "localhost:x",
            "",
            ":80",
            "user@localhost",
            "localhost@evil.example",
            "127.0.0.01",
            "2130706433",
        ] {
            assert_eq!(status(&hosts, "/", Some(host.as_bytes())), 421, "{host}");
        }
        assert_eq!(status(&hosts, "/", Some(b"local\xffhost")), 421);
        assert_eq!(status(&hosts, "http://evil.example/", Some(b"localhost")), 421);
        assert_eq!(status(&hosts, "http://localhost:80/", Some(b"evil.example")), 200);
    }

    #[test]
    fn names_can_be_added_and_any_can_accept_all() {
        let hosts = Hosts::Loopback(vec!["Shop.Example".into()]);
        for (host, expected) in
            [("shop.example", 200), ("SHOP.example.:80", 200), ("a.shop.example", 421), ("[::1]", 200)]
        {
            assert_eq!(status(&hosts, "/", Some(host.as_bytes())), expected, "{host}");
        }
        assert_eq!(status(&Hosts::Any, "/", Some(b"evil.example")), 200);
    }
}
