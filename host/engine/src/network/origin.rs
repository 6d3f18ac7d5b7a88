//! The origin of a request or of a TCP connection: scheme, host and port, each in its normal form.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Uri;
use http::uri::Scheme as UriScheme;

/// The supported schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
    /// A TCP connection without TLS of the host.
    Tcp,
    /// A TCP connection on which the host makes TLS from the first byte.
    Tls,
    /// A TCP connection on which the host asks a PostgreSQL server for TLS first.
    Postgres,
}

/// A name in lower case, in punycode and without the final dot, or an address in any spelling.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OriginHost {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) host: OriginHost,
    pub(crate) port: u16,
}

impl Origin {
    /// The origin of an absolute URI. `None` for other schemes, and if the authority is not exactly a host with an
    /// optional port: user names are not part of a request (RFC 9110, section 4.2.4).
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let scheme = uri.scheme()?;
        let scheme = if *scheme == UriScheme::HTTPS {
            Scheme::Https
        } else if *scheme == UriScheme::HTTP {
            Scheme::Http
        } else {
            return None;
        };
        let (host, port) = split_port(uri.authority()?.as_str())?;
        Some(Self { scheme, host: OriginHost::parse(host)?, port: port.unwrap_or(scheme.default_port()) })
    }

    /// Host and port as in a URI and in the `host` header, without the default port of the scheme.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            return self.host.to_string();
        }
        format!("{}:{}", self.host, self.port)
    }
}

/// `https://api.example.com`, `http://10.0.0.5:8080`, `tcp://db.example.com:5432`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name(), self.authority())
    }
}

impl Scheme {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Postgres => "postgres",
        }
    }

    /// The port that an origin need not name. It is 0, which no server has, for those that always name theirs.
    pub(crate) fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
            Self::Tcp | Self::Tls | Self::Postgres => 0,
        }
    }

    /// Whether it is for sockets, and not for requests of HTTP.
    pub(crate) fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Tls | Self::Postgres)
    }
}

/// The longest name of the domain name system (RFC 1035, section 2.3.4), in the form without a dot at the end.
const MAX_NAME: usize = 253;
/// The longest text that is parsed: a name in which each character is percent-encoded and has four bytes in UTF-8.
const MAX_TEXT: usize = 4 * 3 * MAX_NAME;

impl OriginHost {
    /// Parses a host as the URL standard does, which covers `EXAMPLE.com.`, `bücher.example`, `127.1` and
    /// `[::ffff:7f00:1]`. <https://url.spec.whatwg.org/#host-parsing>
    ///
    /// A name that no server can have is none, so that a guest cannot make the host work on a long one, or keep it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TEXT {
            return None;
        }
        match url::Host::parse(text).ok()? {
            url::Host::Ipv4(address) => Some(Self::Address(address.into())),
            url::Host::Ipv6(address) => Some(Self::Address(IpAddr::V6(address).to_canonical())),
            url::Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(&name);
                (!name.is_empty() && name.len() <= MAX_NAME && !name.contains('*')).then(|| Self::Name(name.to_owned()))
            }
        }
    }
}

/// The form in a URI: an IPv6 address has brackets.
impl fmt::Display for OriginHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// Splits an authority into host and port. `None` if the port is invalid, or the authority is an IPv6 address without
/// brackets.
pub(crate) fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    if authority.parse::<Ipv6Addr>().is_ok() {
        return None;
    }
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
            let port = port.parse().ok().filter(|port| digits && *port != 0)?;
            Some((host, Some(port)))
        }
        _ => Some((authority, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(uri: &str) -> Option<String> {
        Some(Origin::of(&uri.parse().ok()?)?.to_string())
    }

    #[test]
    fn every_spelling_of_an_origin_is_the_same() {
        for (uri, expected) in [
            ("https://api.example.com/a?b", "https://api.example.com"),
            ("HTTPS://API.Example.COM:443", "https://api.example.com"),
            ("https://api.example.com./", "https://api.example.com"),
            ("http://api.example.com:443", "http://api.example.com:443"),
            ("http://xn--bcher-kva.example:80/", "http://xn--bcher-kva.example"),
            ("http://127.0.0.1:9001", "http://127.0.0.1:9001"),
            ("http://127.1:9001", "http://127.0.0.1:9001"),
            ("http://2130706433/", "http://127.0.0.1"),
            ("http://0x7f.1/", "http://127.0.0.1"),
            ("http://0177.0.0.1/", "http://127.0.0.1"),
            ("http://127.0.0.1./", "http://127.0.0.1"),
            ("http://[::ffff:127.0.0.1]:9001/", "http://127.0.0.1:9001"),
            ("http://[0:0:0:0:0:ffff:a9fe:a9fe]/", "http://169.254.169.254"),
            ("http://[2001:DB8:0:0::1]:8080/", "http://[2001:db8::1]:8080"),
        ] {
            assert_eq!(origin(uri).as_deref(), Some(expected), "{uri}");
        }
    }

    #[test]
    fn invalid_origins_are_rejected() {
        for uri in [
            "/path",
            "ftp://example.com/",
            "https://user@example.com/",
            "https://allowed.example:x@example.com/",
            "https://example.com:0/",
            "https://example.com:65536/",
            "https://example.com:/",
            "http://1.2.3.4.5/",
            "http://127.0.0.256/",
            "http://[fe80::1%25eth0]/",
            "http://*.example.com/",
            "http://./",
        ] {
            assert_eq!(origin(uri), None, "{uri}");
        }
    }

    #[test]
    fn letters_beyond_ascii_become_punycode() {
        assert_eq!(OriginHost::parse("BÜCHER。example"), Some(OriginHost::Name("xn--bcher-kva.example".to_owned())));
        assert_eq!(OriginHost::parse("①②⑦.0.0.1"), Some(OriginHost::Address([127, 0, 0, 1].into())));
    }
}
