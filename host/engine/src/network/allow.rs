//! The allow list: the origins that a handler may call, and the servers to which it may open TCP connections.

use std::net::IpAddr;

use super::address::{is_stand_in, special};
use super::ip_network::IpNetwork;
use super::origin::{Origin, OriginHost, Scheme, split_port};

/// The origins that a handler may call. The default is empty and allows none.
///
/// An entry for requests is `[http://|https://]HOST[:PORT]`:
///
/// - HOST is a name, `*.` and a name (all names below it, but not the name itself), an address (IPv6 in brackets), or
///   `*`.
/// - Without a scheme, the entry allows both. Without a port, it allows the default port of the scheme (80, 443).
/// - `*` alone allows every origin with every port.
///
/// An entry for TCP connections is `tcp://HOST:PORT`, `tls://HOST:PORT` or `postgres://HOST:PORT`. HOST is a name, `*.`
/// and a name, an address, or a network such as `10.0.0.0/16` or `[fd00::]/8`. The scheme says how the host makes TLS. If
/// several entries match, the first one counts.
///
/// The comparison of names ignores letter case and a dot at the end, and a name equals its punycode form. Special
/// addresses (loopback, link-local, the cloud's metadata, …) need an entry with the address and the port. Names and
/// wildcards give no access to them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    scheme: Option<Scheme>,
    hosts: Hosts,
    ports: Ports,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    Any,
    /// All addresses of a network.
    Network(IpNetwork),
    /// All names with this suffix, which begins with a dot.
    Below(String),
    One(OriginHost),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ports {
    Any,
    Default,
    One(u16),
}

/// The error for an invalid entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{entry}\" {problem}")]
pub struct AllowError {
    /// The entry as written.
    pub entry: String,
    /// The problem, in words that follow the entry.
    pub problem: String,
}

impl Allow {
    /// Parses the entries of a list.
    ///
    /// # Errors
    /// The first invalid entry.
    pub fn parse<'a, I: IntoIterator<Item = &'a str>>(entries: I) -> Result<Self, AllowError> {
        let read = |entry: &str| {
            Entry::parse(entry.trim()).map_err(|problem| AllowError { entry: entry.trim().to_owned(), problem })
        };
        entries.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the list allows this origin by its name.
    pub(crate) fn allows(&self, origin: &Origin) -> bool {
        self.0.iter().any(|entry| entry.allows(origin))
    }

    /// Whether any entry is for TCP connections.
    #[must_use]
    pub fn has_tcp(&self) -> bool {
        self.0.iter().any(Entry::is_tcp)
    }

    /// Whether an entry is for TCP connections to a server of this name, with any port.
    pub(crate) fn has_tcp_name(&self, name: &str) -> bool {
        let host = OriginHost::Name(name.to_owned());
        self.0.iter().any(|entry| entry.is_tcp() && entry.hosts.include(&host))
    }

    /// How the first entry that allows a TCP connection to this host and port makes TLS.
    pub(crate) fn tcp_scheme(&self, host: &OriginHost, port: u16) -> Option<Scheme> {
        let allows = |entry: &&Entry| entry.is_tcp() && entry.ports == Ports::One(port) && entry.hosts.include(host);
        self.0.iter().find(allows).and_then(|entry| entry.scheme)
    }

    /// Whether an entry allows exactly this address and port. This also allows special addresses.
    pub(crate) fn names(&self, scheme: Scheme, address: IpAddr, port: u16) -> bool {
        let origin = Origin { scheme, host: OriginHost::Address(address), port };
        self.0.iter().any(|entry| {
            matches!(entry.hosts, Hosts::One(_)) && matches!(entry.ports, Ports::One(_)) && entry.allows(&origin)
        })
    }
}

impl Entry {
    /// Parses an entry. The error describes the problem.
    fn parse(entry: &str) -> Result<Self, String> {
        if entry == "*" {
            return Ok(Self { scheme: None, hosts: Hosts::Any, ports: Ports::Any });
        }
        let (scheme, authority) = match entry.split_once("://") {
            Some((scheme, authority)) => (Some(Scheme::parse(scheme)?), authority),
            None => (None, entry),
        };
        if let Some(scheme) = scheme.filter(|scheme| scheme.is_tcp()) {
            return Self::tcp(scheme, entry, authority);
        }
        if let Some(end) = authority.find(['/', '?', '#']) {
            let origin = entry.len() - (authority.len() - end);
            return Err(format!("has a path, but whole origins are allowed: {}", &entry[..origin]));
        }
        let (host, port) =
            split_port(authority).ok_or("has no port from 1 to 65535 (an IPv6 address needs brackets)")?;
        let hosts = Hosts::parse(host)?;
        let ports = port.map_or(Ports::Default, Ports::One);
        if let (Hosts::One(OriginHost::Address(address)), Ports::Default) = (&hosts, ports)
            && let Some(kind) = special(*address)
        {
            return Err(format!("is {kind}, which is allowed only with its port, as in \"{entry}:8080\""));
        }
        if let Hosts::One(OriginHost::Address(address)) = hosts {
            refuse_stand_in(address)?;
        }
        Ok(Self { scheme, hosts, ports })
    }

    /// Parses an entry for TCP connections.
    fn tcp(scheme: Scheme, entry: &str, authority: &str) -> Result<Self, String> {
        let example = || format!("{}://db.example.com:5432", scheme.name());
        if authority.contains('@') {
            return Err(format!(
                "names a user: the handler logs in, and the entry is only the server, as in \"{}\"",
                example()
            ));
        }
        let (hosts, port) = match IpNetwork::split(authority) {
            Some((network, port)) => (Hosts::Network(network?), port),
            None => {
                if let Some(end) = authority.find(['/', '?', '#']) {
                    let server = entry.len() - (authority.len() - end);
                    return Err(format!("has a path, but whole servers are allowed: {}", &entry[..server]));
                }
                let (host, port) =
                    split_port(authority).ok_or("has no port from 1 to 65535 (an IPv6 address needs brackets)")?;
                (Hosts::parse(host)?, port)
            }
        };
        match &hosts {
            Hosts::Any => {
                return Err(format!(
                    "has no server: write its name, as in \"{}\", or a network, as in \"{}://10.0.0.0/16:5432\"",
                    example(),
                    scheme.name()
                ));
            }
            Hosts::One(OriginHost::Address(address)) => refuse_stand_in(*address)?,
            _ => {}
        }
        let port = port.ok_or_else(|| format!("has no port: write it after the server, as in \"{}\"", example()))?;
        Ok(Self { scheme: Some(scheme), hosts, ports: Ports::One(port) })
    }

    fn is_tcp(&self) -> bool {
        self.scheme.is_some_and(Scheme::is_tcp)
    }

    fn allows(&self, origin: &Origin) -> bool {
        self.scheme.map_or(!origin.scheme.is_tcp(), |scheme| scheme == origin.scheme)
            && match self.ports {
                Ports::Any => true,
                Ports::Default => origin.port == origin.scheme.default_port(),
                Ports::One(port) => origin.port == port,
            }
            && self.hosts.include(&origin.host)
    }
}

/// Addresses that stand for names belong to no server.
fn refuse_stand_in(address: IpAddr) -> Result<(), String> {
    if is_stand_in(address) {
        return Err(format!("is {}, which no server has: allow the name", special(address).unwrap_or_default()));
    }
    Ok(())
}

impl Scheme {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.to_ascii_lowercase().as_str() {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            "tcp" => Ok(Self::Tcp),
            "tls" => Ok(Self::Tls),
            "postgres" => Ok(Self::Postgres),
            _ => Err("has a scheme other than http, https, tcp, tls and postgres"),
        }
    }
}

impl Hosts {
    fn include(&self, host: &OriginHost) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Network(network), OriginHost::Address(address)) => network.contains(*address),
            (Self::Below(suffix), OriginHost::Name(name)) => name.ends_with(suffix),
            (Self::One(one), host) => one == host,
            (Self::Network(_) | Self::Below(_), _) => false,
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let (below, name) = text.strip_prefix("*.").map_or((false, text), |name| (true, name));
        if name.contains('*') {
            return Err("has a * in the wrong place: use it alone, or as *. before a name");
        }
        if name.contains('@') {
            return Err("names a user, which is not part of an origin");
        }
        match OriginHost::parse(name).ok_or("has no valid host")? {
            OriginHost::Name(name) if below => Ok(Self::Below(format!(".{name}"))),
            OriginHost::Address(_) if below => Err("has a *. before an address, but only names have subdomains"),
            host => Ok(Self::One(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entry: &str, uri: &str) -> bool {
        Allow::parse([entry]).unwrap().allows(&Origin::of(&uri.parse().unwrap()).unwrap())
    }

    #[test]
    fn entries_allow_only_matching_origins() {
        for (entry, allowed, denied) in [
            (
                "https://api.example.com",
                &["https://api.example.com/a", "https://API.example.com.:443/"][..],
                &["http://api.example.com", "https://api.example.com:8443", "https://example.com"][..],
            ),
            (
                "*.example.com:443",
                &["https://a.example.com", "https://a.b.example.com", "http://a.example.com:443"],
                &[
                    "https://example.com",
                    "https://badexample.com",
                    "http://a.example.com",
                    "https://example.com.evil.org",
                ],
            ),
            (
                "http://10.0.0.5:8080",
                &["http://10.0.0.5:8080", "http://[::ffff:10.0.0.5]:8080", "http://10.5:8080"],
                &["http://10.0.0.5", "https://10.0.0.5:8080", "http://10.0.0.6:8080"],
            ),
            (
                "example.com",
                &["http://example.com", "https://example.com"],
                &["http://example.com:443", "https://example.com:80", "https://www.example.com"],
            ),
            ("example.com:8080", &["http://example.com:8080", "https://example.com:8080"], &["http://example.com"]),
            ("*", &["http://a", "https://a:1", "http://10.0.0.1:9", "http://[2001:db8::1]"], &[]),
            ("https://*", &["https://a", "https://10.0.0.1"], &["http://a", "https://a:8443"]),
            ("*:8443", &["https://a:8443", "http://a:8443"], &["https://a"]),
            ("HTTPS://BÜCHER.example.", &["https://xn--bcher-kva.example"], &["https://bucher.example"]),
            ("*.bücher.example", &["https://a.xn--bcher-kva.example"], &["https://xn--bcher-kva.example"]),
            (
                "[2001:db8::1]:8080",
                &["http://[2001:db8:0::0:1]:8080"],
                &["http://[2001:db8::1]", "http://[2001:db8::2]:8080"],
            ),
            ("https://[2001:db8::1]", &["https://[2001:db8::1]"], &["https://[2001:db8::1]:8443"]),
        ] {
            for uri in allowed {
                assert!(allows(entry, uri), "{entry} {uri}");
            }
            for uri in denied {
                assert!(!allows(entry, uri), "{entry} {uri}");
            }
        }
    }

    #[test]
    fn an_empty_list_allows_nothing() {
        assert!(!Allow::default().allows(&Origin::of(&"https://a".parse().unwrap()).unwrap()));
        assert_eq!(Allow::parse([]), Ok(Allow::default()));
    }

    #[test]
    fn only_an_entry_with_address_and_port_allows_a_special_address() {
        let address = "127.0.0.1".parse().unwrap();
        let names = |entry: &str| Allow::parse([entry]).unwrap().names(Scheme::Http, address, 80);
        assert!(names("http://127.0.0.1:80"));
        assert!(names("[::ffff:127.0.0.1]:80"));
        for entry in ["*", "*:80", "http://*", "localhost:80", "127.0.0.1:81", "127.0.0.2:80", "https://127.0.0.1:80"] {
            assert!(!names(entry), "{entry}");
        }
    }

    #[test]
    fn the_error_of_an_invalid_entry_names_the_problem() {
        for (entry, expected) in [
            ("", "\"\" has no valid host"),
            ("ftp://a", "\"ftp://a\" has a scheme other than http, https, tcp, tls and postgres"),
            ("https://a/b", "\"https://a/b\" has a path, but whole origins are allowed: https://a"),
            ("a/", "\"a/\" has a path, but whole origins are allowed: a"),
            ("a?b", "\"a?b\" has a path, but whole origins are allowed: a"),
            ("a:0", "\"a:0\" has no port from 1 to 65535 (an IPv6 address needs brackets)"),
            ("a:65536", "\"a:65536\" has no port from 1 to 65535 (an IPv6 address needs brackets)"),
            ("a:*", "\"a:*\" has no port from 1 to 65535 (an IPv6 address needs brackets)"),
            ("2001:db8::1", "\"2001:db8::1\" has no port from 1 to 65535 (an IPv6 address needs brackets)"),
            ("user@a", "\"user@a\" names a user, which is not part of an origin"),
            ("api.*.com", "\"api.*.com\" has a * in the wrong place: use it alone, or as *. before a name"),
            ("*example.com", "\"*example.com\" has a * in the wrong place: use it alone, or as *. before a name"),
            ("*.10.0.0.1", "\"*.10.0.0.1\" has a *. before an address, but only names have subdomains"),
            ("10.0.0.256", "\"10.0.0.256\" has no valid host"),
            ("a b", "\"a b\" has no valid host"),
            (
                "http://127.0.0.1",
                "\"http://127.0.0.1\" is a loopback address, which is allowed only with its port, as in \"http://127.0.0.1:8080\"",
            ),
        ] {
            assert_eq!(Allow::parse(["*", entry]).unwrap_err().to_string(), expected);
        }
    }
}
