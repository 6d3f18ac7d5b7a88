//! The scheme and the authority of a request's URI.

use http::HeaderMap;
use http::header::HOST;
use http::uri::{Authority, Scheme};

/// The authority of a request without a usable `host` header. Health checks have no such header. An unusable one is not
/// lost, because the header itself is kept unchanged.
const FALLBACK: Authority = Authority::from_static("localhost");

/// The scheme in `X-Forwarded-Proto`, which a load balancer sets on every request except its own health checks. Any
/// value but `http`, or none, means `https`: middleware that redirects plain HTTP then lets health checks pass.
pub(crate) fn scheme(headers: &HeaderMap) -> Scheme {
    let last = headers.get_all("x-forwarded-proto").iter().next_back().map(|value| value.as_bytes());
    let own = last.and_then(|list| list.rsplit(|&byte| byte == b',').next());
    match own {
        Some(name) if name.trim_ascii().eq_ignore_ascii_case(b"http") => Scheme::HTTP,
        _ => Scheme::HTTPS,
    }
}

/// The authority in the `host` header (RFC 9110, section 7.2), or `localhost` if it is unusable.
pub(crate) fn authority(headers: &HeaderMap) -> Authority {
    headers.get(HOST).and_then(|host| parse(host.as_bytes())).unwrap_or(FALLBACK)
}

/// The authority in the `host` header, or else `domain`, which the front end says that it answers for.
pub(crate) fn authority_or(headers: &HeaderMap, domain: Option<&str>) -> Authority {
    let host = headers.get(HOST).map(http::HeaderValue::as_bytes);
    let domain = domain.map(str::as_bytes);
    host.and_then(parse).or_else(|| domain.and_then(parse)).unwrap_or(FALLBACK)
}

fn parse(host: &[u8]) -> Option<Authority> {
    // An authority may have user information, but a host header may not.
    Authority::try_from(host).ok().filter(|authority| !host.contains(&b'@') && !authority.host().is_empty())
}

#[cfg(test)]
mod tests {
    use http::header::HOST;
    use http::{HeaderMap, HeaderValue};

    use super::{authority, scheme};

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()));
        values.map(|value| (name.parse().unwrap_or(HOST), value.unwrap_or(HeaderValue::from_static("")))).collect()
    }

    #[test]
    fn the_scheme_is_the_one_in_x_forwarded_proto() {
        for (values, expected) in [
            (&["http"][..], "http"),
            (&["HTTP "], "http"),
            (&["https"], "https"),
            (&["http", "https"], "https"),
            (&["https, http"], "http"),
            (&["gopher"], "https"),
            (&[""], "https"),
            (&[], "https"),
        ] {
            assert_eq!(scheme(&headers("x-forwarded-proto", values)).as_str(), expected, "{values:?}");
        }
    }

    #[test]
    fn the_authority_is_the_host_header_or_the_fallback() {
        for (host, expected) in [
            ("app.example.com", "app.example.com"),
            ("App.Example.com:8443", "App.Example.com:8443"),
            ("[2001:db8::1]:80", "[2001:db8::1]:80"),
            ("192.0.2.1", "192.0.2.1"),
            ("", "localhost"),
            (":80", "localhost"),
            ("a b", "localhost"),
            ("a/b", "localhost"),
            ("a,b", "a,b"),
            ("user@example.com", "localhost"),
            ("[::1", "localhost"),
            ("exämple.com", "localhost"),
        ] {
            assert_eq!(authority(&headers("host", &[host])).as_str(), expected, "{host:?}");
        }
        assert_eq!(authority(&HeaderMap::new()).as_str(), "localhost");
    }
}
