//! Where the request was sent: the URI's scheme and authority.

use http::{
    HeaderMap,
    header::HOST,
    uri::{Authority, Scheme},
};

/// The authority of a request that has no usable `host` header. Health checks have none; of an unusable one nothing is lost,
/// because the header itself stays as it is.
const STAND_IN: Authority = Authority::from_static("localhost");

/// The scheme that `X-Forwarded-Proto` names, which a load balancer sets on every request but its own health checks.
/// Anything but `http` is `https`: a middleware that sends plain HTTP elsewhere then lets health checks pass.
pub(crate) fn scheme(headers: &HeaderMap) -> Scheme {
    let last = headers.get_all("x-forwarded-proto").iter().next_back().map(|value| value.as_bytes());
    let own = last.and_then(|list| list.rsplit(|&byte| byte == b',').next());
    match own {
        Some(name) if name.trim_ascii().eq_ignore_ascii_case(b"http") => Scheme::HTTP,
        _ => Scheme::HTTPS,
    }
}

/// The authority that the `host` header names (RFC 9110, section 7.2), or the stand-in.
pub(crate) fn authority(headers: &HeaderMap) -> Authority {
    headers.get(HOST).and_then(|host| parse(host.as_bytes())).unwrap_or(STAND_IN)
}

fn parse(host: &[u8]) -> Option<Authority> {
    // A host header has no user information, though an authority may.
    Authority::try_from(host).ok().filter(|authority| !host.contains(&b'@') && !authority.host().is_empty())
}

#[cfg(test)]
mod tests {
    use super::{authority, scheme};
    use http::{HeaderMap, HeaderValue, header::HOST};

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value.as_bytes()));
        values.map(|value| (name.parse().unwrap_or(HOST), value.unwrap_or(HeaderValue::from_static("")))).collect()
    }

    #[test]
    fn the_scheme_is_what_the_front_says() {
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
    fn the_authority_is_the_host_header_as_it_is_or_the_stand_in() {
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
