//! The headers that a load balancer adds to a request.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Uri, header};

use crate::id;

pub(super) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const TRACE_ID: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Adds the headers that a load balancer adds: the client's address, its own scheme and port, and a trace.
///
/// If the target is in absolute form, its host replaces the `host` header (RFC 9112, section 3.2.2). The number of
/// headers was checked before, so the map has room for more.
pub(super) fn forward(headers: &mut HeaderMap, uri: &Uri, client: IpAddr, port: u16) {
    if let Some(host) = uri.authority().and_then(|authority| authority.as_str().rsplit('@').next()) {
        replace(headers, header::HOST, host.as_bytes());
    }
    add_client(headers, client.to_canonical());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    headers.insert(FORWARDED_PORT, port.into());
    let trace = trace(headers.get(&TRACE_ID), &id::trace_root());
    replace(headers, TRACE_ID, &trace);
}

/// Appends the client to the last line, because the right-most address must be the one that connected to the load
/// balancer.
fn add_client(headers: &mut HeaderMap, client: IpAddr) {
    let lines: Vec<HeaderValue> = headers.get_all(&FORWARDED_FOR).iter().cloned().collect();
    let Some((last, others)) = lines.split_last().filter(|(last, _)| !last.is_empty()) else {
        return replace(headers, FORWARDED_FOR, client.to_string().as_bytes());
    };
    headers.remove(&FORWARDED_FOR);
    for line in others {
        headers.append(FORWARDED_FOR, line.clone());
    }
    let line = [last.as_bytes(), b", ", client.to_string().as_bytes()].concat();
    if let Ok(line) = HeaderValue::from_bytes(&line) {
        headers.append(FORWARDED_FOR, line);
    }
}

/// Adds this hop's id to the client's trace as `Self`, replacing an older one, or as `Root` if the trace has none.
fn trace(sent: Option<&HeaderValue>, id: &str) -> Vec<u8> {
    let sent = sent.map(HeaderValue::as_bytes).unwrap_or_default();
    let fields = || sent.split(|byte| *byte == b';').map(<[u8]>::trim_ascii).filter(|field| !field.is_empty());
    let own = if fields().any(|field| field.starts_with(b"Root=")) { "Self=" } else { "Root=" };
    let own = [own.as_bytes(), id.as_bytes()].concat();
    let kept = fields().filter(|field| !field.starts_with(b"Self="));
    std::iter::once(own.as_slice()).chain(kept).collect::<Vec<_>>().join(&b';')
}

fn replace(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7));

    fn forwarded(sent: &[(&'static str, &'static str)], client: IpAddr) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.append(*name, HeaderValue::from_static(value));
        }
        forward(&mut headers, &Uri::from_static("/"), client, 8080);
        headers
    }

    fn lines(headers: &HeaderMap, name: &str) -> Vec<String> {
        headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_client_is_the_right_most_address() {
        let name = "x-forwarded-for";
        assert_eq!(lines(&forwarded(&[], CLIENT), name), ["203.0.113.7"]);
        assert_eq!(lines(&forwarded(&[(name, "")], CLIENT), name), ["203.0.113.7"]);
        assert_eq!(lines(&forwarded(&[(name, "10.0.0.1")], CLIENT), name), ["10.0.0.1, 203.0.113.7"]);
        let two = forwarded(&[(name, "10.0.0.1"), (name, "10.0.0.2")], CLIENT);
        assert_eq!(lines(&two, name), ["10.0.0.1", "10.0.0.2, 203.0.113.7"]);
        assert_eq!(lines(&forwarded(&[], "::ffff:203.0.113.7".parse().unwrap()), name), ["203.0.113.7"]);
        assert_eq!(lines(&forwarded(&[], "::1".parse().unwrap()), name), ["::1"]);
    }

    #[test]
    fn scheme_and_port_are_the_load_balancers() {
        let headers = forwarded(&[("x-forwarded-proto", "https"), ("x-forwarded-port", "443")], CLIENT);
        assert_eq!(lines(&headers, "x-forwarded-proto"), ["http"]);
        assert_eq!(lines(&headers, "x-forwarded-port"), ["8080"]);
    }

    #[test]
    fn traces_are_created_and_continued() {
        let traced = |sent: &'static str| {
            let sent = HeaderValue::from_static(sent);
            String::from_utf8(trace(Some(&sent), "1-2-3")).unwrap()
        };
        assert_eq!(trace(None, "1-2-3"), b"Root=1-2-3");
        assert_eq!(traced("Root=1-0-0"), "Self=1-2-3;Root=1-0-0");
        assert_eq!(traced("Root=1-0-0;CalledFrom=app"), "Self=1-2-3;Root=1-0-0;CalledFrom=app");
        assert_eq!(traced("Self=1-9-9; Root=1-0-0"), "Self=1-2-3;Root=1-0-0");
        assert_eq!(traced("CalledFrom=app"), "Root=1-2-3;CalledFrom=app");
        assert_eq!(traced(""), "Root=1-2-3");
    }

    #[test]
    fn the_host_of_an_absolute_target_wins() {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("old"));
        forward(&mut headers, &Uri::from_static("http://user@new:81/x"), CLIENT, 8080);
        assert_eq!(lines(&headers, "host"), ["new:81"]);
    }
}
