//! The allow list: the origins that a handler may call, and the servers to which it may open TCP connections.

use std::net::{IpAddr, Ipv6Addr};

use super::address::{is_stand_in, special};
use super::ip_network::IpNetwork;
use super::origin::{Origin, OriginHost, Scheme, split_port};
use super::redact::redacted;

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
    /// The entry as written, but for what may be a password.
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
        let entries: Vec<&str> = entries.into_iter().map(str::trim).collect();
        let read = |(at, entry): (usize, &&str)| {
            Entry::parse(entry).map_err(|problem| AllowError::of(entry, problem, &entries[at + 1..]))
        };
        entries.iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// This list with the entries of another one after its own.
    pub(crate) fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().chain(&other.0).cloned().collect())
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

impl AllowError {
    pub(super) fn of(entry: &str, problem: String, later: &[&str]) -> Self {
        // A variable is split at its commas. A password may have one, so that its first half is here without its user.
        if !entry.contains('@') && later.iter().any(|later| later.contains('@')) {
            let begin = entry.find("://").map_or(0, |scheme| scheme + "://".len());
            let problem = "is not valid, and an entry after it names a user: an entry is only the server, as in \
                           \"postgres://db.example.com:5432\"";
            return Self { entry: format!("{}…", &entry[..begin]), problem: problem.to_owned() };
        }
        Self { entry: redacted(entry).into_owned(), problem }
    }
}

impl Entry {
    /// Parses an entry. The error describes the problem.
    fn parse(entry: &str) -> Result<Self, String> {
        if entry == "*" {
            return Ok(Self { scheme: None, hosts: Hosts::Any, ports: Ports::Any });
        }
        let (scheme, authority) = match entry.split_once("://") {
            Some((scheme, authority)) => (Some(scheme), authority),
            None => (None, entry),
        };
        let form = || example(scheme, authority);
        if authority.contains('@') {
            return Err(format!(
                "names a user: the handler logs in, and an entry is only the server, as in \"{}\"",
                form()
            ));
        }
        let scheme = match scheme.map(|scheme| (scheme, Scheme::parse(scheme))) {
            None => None,
            Some((_, Some(scheme))) => Some(scheme),
            Some(_) => {
                let other = "has a scheme other than http, https, tcp, tls and postgres";
                return Err(format!("{other}: write \"{}\"", form()));
            }
        };
        let is_tcp = scheme.is_some_and(Scheme::is_tcp);
        if let Some(slash) = IpNetwork::slash(authority) {
            return match scheme {
                Some(scheme) if is_tcp => Self::network(scheme, authority, slash, &form),
                _ => {
                    Err("has a network, which only an entry for TCP may have, as in \"tcp://10.0.0.0/16:6379\""
                        .to_owned())
                }
            };
        }
        if authority.contains(['/', '?', '#']) {
            let whole = if is_tcp { "servers" } else { "origins" };
            return Err(format!("has a path, but whole {whole} are allowed: {}", form()));
        }
        let (host, port) = split_port(authority).ok_or_else(|| {
            format!("has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"{}\"", form())
        })?;
        let hosts = Hosts::parse(host).map_err(|problem| format!("{problem}, as in \"{}\"", form()))?;
        if let Hosts::One(OriginHost::Address(address)) = hosts {
            refuse_stand_in(address)?;
        }
        match (port, &hosts) {
            (_, Hosts::Any) if is_tcp => {
                let scheme = scheme.map_or("tcp", Scheme::name);
                let network = format!("{scheme}://10.0.0.0/16:{}", port.unwrap_or(5432));
                Err(format!("has no server: write its name, as in \"{}\", or a network, as in \"{network}\"", form()))
            }
            (None, _) if is_tcp => Err(format!("has no port: write it after the server, as in \"{}\"", form())),
            (None, Hosts::One(OriginHost::Address(address))) if let Some(kind) = special(*address) => {
                Err(format!("is {kind}, which is allowed only with its port, as in \"{entry}:8080\""))
            }
            _ => Ok(Self { scheme, hosts, ports: port.map_or(Ports::Default, Ports::One) }),
        }
    }

    /// Parses an entry for TCP connections to a network, whose slash is at this position.
    fn network(scheme: Scheme, authority: &str, slash: usize, form: &dyn Fn() -> String) -> Result<Self, String> {
        let (network, port) = IpNetwork::parse(authority, slash)?;
        match port {
            Some(port) => Ok(Self { scheme: Some(scheme), hosts: Hosts::Network(network), ports: Ports::One(port) }),
            None => Err(format!("has no port from 1 to 65535: write it after the network, as in \"{}\"", form())),
        }
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

/// The entry that was probably meant by these parts, or the form of one.
fn example(scheme: Option<&str>, authority: &str) -> String {
    let (scheme, port) = match scheme.map(str::to_ascii_lowercase).as_deref() {
        None => (None, None),
        Some("http" | "ws") => (Some("http"), None),
        Some("https" | "wss") => (Some("https"), None),
        Some("postgres" | "postgresql") => (Some("postgres"), Some(5432)),
        Some("tls") => (Some("tls"), Some(5432)),
        Some("rediss") => (Some("tls"), Some(6379)),
        Some("redis") => (Some("tcp"), Some(6379)),
        Some("mysql" | "mariadb") => (Some("tcp"), Some(3306)),
        Some("mongodb" | "mongodb+srv") => (Some("tls"), Some(27017)),
        Some("amqps") => (Some("tls"), Some(5671)),
        Some("amqp") => (Some("tcp"), Some(5672)),
        Some(_) => (Some("tcp"), Some(5432)),
    };
    // A password may contain a slash, so the user ends at the last @.
    let server = authority.rsplit('@').next().unwrap_or_default();
    let network = IpNetwork::slash(server).map(|slash| &server[..slash + 1 + digits(&server[slash + 1..])]);
    let begin = scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default();
    if let Some(network) = network.filter(|_| port.is_some()) {
        return format!("{begin}{network}:{}", port.unwrap_or_default());
    }
    let server = server.split(['/', '?', '#']).next().unwrap_or_default();
    let fallback = if port.is_some() { "db.example.com" } else { "api.example.com" };
    let (host, stated) = server_of(server).unwrap_or_else(|| {
        let stated = server.rsplit(':').next().filter(|port| port.len() < server.len());
        (fallback.to_owned(), stated.and_then(|port| port.parse().ok()).filter(|port| *port != 0))
    });
    match stated.or(port) {
        Some(port) => format!("{begin}{host}:{port}"),
        None => format!("{begin}{host}"),
    }
}

/// The host and port of a text that may lack brackets or have an impossible port. `None` if there is no valid host.
fn server_of(server: &str) -> Option<(String, Option<u16>)> {
    let is_v6 = |text: &str| text.parse::<Ipv6Addr>().is_ok();
    let (host, port) = match server.rsplit_once(':') {
        // The last group of an address is hardly ever four decimal digits, but a port often is.
        Some((host, port)) if is_v6(host) && port.len() >= 4 => (format!("[{host}]"), port.parse().ok()),
        _ if is_v6(server) => (format!("[{server}]"), None),
        Some((host, port)) if !port.contains(']') => (host.to_owned(), port.parse().ok()),
        _ => (server.to_owned(), None),
    };
    let hosts = Hosts::parse(&host).ok()?;
    (!is_refused(&hosts)).then_some((host, port.filter(|port| *port != 0)))
}

/// Whether no entry may have these hosts.
fn is_refused(hosts: &Hosts) -> bool {
    match hosts {
        Hosts::One(OriginHost::Address(address)) => is_stand_in(*address),
        Hosts::Any => true,
        _ => false,
    }
}

/// The number of digits at the start.
fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

impl Scheme {
    fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "http" => Some(Self::Http),
            "https" => Some(Self::Https),
            "tcp" => Some(Self::Tcp),
            "tls" => Some(Self::Tls),
            "postgres" => Some(Self::Postgres),
            _ => None,
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
        match OriginHost::parse(name).ok_or("has no valid host")? {
            // No name server has a name with an empty part.
            OriginHost::Name(name) if name.split('.').any(str::is_empty) => Err("has no valid host"),
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

    /// Each error names the entry, the problem and the form that would be right.
    #[test]
    fn the_error_of_an_invalid_entry_names_the_problem_and_the_right_form() {
        for (entry, expected) in [
            ("", "has no valid host, as in \"api.example.com\""),
            ("a b", "has no valid host, as in \"api.example.com\""),
            ("https://", "has no valid host, as in \"https://api.example.com\""),
            ("10.0.0.256", "has no valid host, as in \"api.example.com\""),
            ("tcp://10.0.0.256:5432", "has no valid host, as in \"tcp://db.example.com:5432\""),
            ("tcp://:5432", "has no valid host, as in \"tcp://db.example.com:5432\""),
            ("tcp://", "has no valid host, as in \"tcp://db.example.com:5432\""),
            ("tcp://db..example.com:5432", "has no valid host, as in \"tcp://db.example.com:5432\""),
            // Schemes.
            ("ftp://a", "has a scheme other than http, https, tcp, tls and postgres: write \"tcp://a:5432\""),
            (
                "postgresql://db.example.com/shop",
                "has a scheme other than http, https, tcp, tls and postgres: write \"postgres://db.example.com:5432\"",
            ),
            (
                "redis://cache:6380/0",
                "has a scheme other than http, https, tcp, tls and postgres: write \"tcp://cache:6380\"",
            ),
            (
                "rediss://cache",
                "has a scheme other than http, https, tcp, tls and postgres: write \"tls://cache:6379\"",
            ),
            ("mysql://db", "has a scheme other than http, https, tcp, tls and postgres: write \"tcp://db:3306\""),
            // Paths.
            ("https://a/b", "has a path, but whole origins are allowed: https://a"),
            ("a/", "has a path, but whole origins are allowed: a"),
            ("a?b", "has a path, but whole origins are allowed: a"),
            ("tcp://db:5433/shop", "has a path, but whole servers are allowed: tcp://db:5433"),
            (
                "postgres://db.example.com/shop",
                "has a path, but whole servers are allowed: postgres://db.example.com:5432",
            ),
            ("tls://cache:6379/", "has a path, but whole servers are allowed: tls://cache:6379"),
            ("tcp://db/16:5432", "has a path, but whole servers are allowed: tcp://db:5432"),
            // Ports.
            ("a:0", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"a\""),
            ("a:65536", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"a\""),
            ("a:*", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"a\""),
            ("https://a:", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"https://a\""),
            ("tcp://db", "has no port: write it after the server, as in \"tcp://db:5432\""),
            (
                "postgres://DB.Example.com.",
                "has no port: write it after the server, as in \"postgres://DB.Example.com.:5432\"",
            ),
            (
                "tls://*.cache.example.com",
                "has no port: write it after the server, as in \"tls://*.cache.example.com:5432\"",
            ),
            ("tcp://10.0.0.5", "has no port: write it after the server, as in \"tcp://10.0.0.5:5432\""),
            ("tcp://[2001:db8::1]", "has no port: write it after the server, as in \"tcp://[2001:db8::1]:5432\""),
            ("tcp://127.0.0.1", "has no port: write it after the server, as in \"tcp://127.0.0.1:5432\""),
            ("tcp://db:0", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://db:5432\""),
            ("tcp://db:65536", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://db:5432\""),
            ("tcp://db:-1", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://db:5432\""),
            ("tcp://db:+1", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://db:1\""),
            ("tcp://db:*", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://db:5432\""),
            (
                "tcp://db:5432-5440",
                "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://db:5432\"",
            ),
            ("tcp://db:PORT", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://db:5432\""),
            // IPv6.
            ("2001:db8::1", "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"[2001:db8::1]\""),
            (
                "tcp://2001:db8::1:5432",
                "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://[2001:db8::1]:5432\"",
            ),
            (
                "tcp://2001:db8::1",
                "has no port from 1 to 65535 (an IPv6 address needs brackets), as in \"tcp://[2001:db8::1]:5432\"",
            ),
            ("tcp://[fe80::1%eth0]:5432", "has no valid host, as in \"tcp://db.example.com:5432\""),
            ("tcp://[2001:db8::1:5432", "has no valid host, as in \"tcp://db.example.com:5432\""),
            // Wildcards.
            (
                "api.*.com",
                "has a * in the wrong place: use it alone, or as *. before a name, as in \"api.example.com\"",
            ),
            (
                "*example.com",
                "has a * in the wrong place: use it alone, or as *. before a name, as in \"api.example.com\"",
            ),
            (
                "tcp://db.*:5432",
                "has a * in the wrong place: use it alone, or as *. before a name, as in \"tcp://db.example.com:5432\"",
            ),
            ("*.10.0.0.1", "has a *. before an address, but only names have subdomains, as in \"api.example.com\""),
            (
                "tcp://*:6379",
                "has no server: write its name, as in \"tcp://db.example.com:6379\", or a network, as in \
                 \"tcp://10.0.0.0/16:6379\"",
            ),
            // Networks.
            ("10.0.0.0/16", "has a network, which only an entry for TCP may have, as in \"tcp://10.0.0.0/16:6379\""),
            (
                "http://10.0.0.0/16:80",
                "has a network, which only an entry for TCP may have, as in \"tcp://10.0.0.0/16:6379\"",
            ),
            ("tcp://10.0.0.0/33:5432", "has a network of 33 bits, but such an address has 32"),
            ("tcp://10.0.0.5/16:5432", "has a network that begins at another address: write 10.0.0.0/16"),
            ("tcp://[fd12::1]/16:5432", "has a network that begins at another address: write [fd12::]/16"),
            (
                "tcp://10.0.0.0/16",
                "has no port from 1 to 65535: write it after the network, as in \"tcp://10.0.0.0/16:5432\"",
            ),
            (
                "tcp://10.0.0.0/16:65536",
                "has no port from 1 to 65535: write it after the network, as in \"tcp://10.0.0.0/16:5432\"",
            ),
            ("tcp://10.0.0.0/1x:5432", "has no valid network, as in \"tcp://10.0.0.0/16:6379\""),
            ("tcp://[::ffff:10.0.0.0]/112:5432", "has a network of IPv4 addresses: write 10.0.0.0/16"),
            (
                "tcp://169.254.0.0/16:80",
                "has a network of a link-local address, which is allowed only by address and port",
            ),
            (
                "tcp://198.18.0.0/15:5432",
                "has a network of an address that stands for a name (198.18.0.0/15), which no server has",
            ),
            // Special addresses.
            (
                "http://127.0.0.1",
                "is a loopback address, which is allowed only with its port, as in \"http://127.0.0.1:8080\"",
            ),
            (
                "tcp://198.18.0.1:5432",
                "is an address that stands for a name (198.18.0.0/15), which no server has: allow the name",
            ),
            (
                "https://198.19.255.255",
                "is an address that stands for a name (198.18.0.0/15), which no server has: allow the name",
            ),
            (
                "tcp://[::ffff:198.18.0.1]:5432",
                "is an address that stands for a name (198.18.0.0/15), which no server has: allow the name",
            ),
        ] {
            let error = Allow::parse(["*", entry]).unwrap_err().to_string();
            assert_eq!(error, format!("\"{entry}\" {expected}"));
            // What an error proposes is allowed.
            let proposed = error.rsplit('"').nth(1).filter(|_| error.contains("as in") || error.contains("write \""));
            assert!(proposed.is_none_or(|proposed| Allow::parse([proposed]).is_ok()), "{error}");
        }
    }

    #[test]
    fn entries_for_tcp_may_be_written_in_any_way_that_names_one_server() {
        for (entry, hosts, others) in [
            ("TCP://DB.Example.COM:5432", &["db.example.com"][..], &["example.com"][..]),
            ("tcp://db.example.com.:5432", &["db.example.com"], &[]),
            ("tcp://my_db.internal:5432", &["my_db.internal"], &[]),
            ("postgres://bücher.example:5432", &["xn--bcher-kva.example"], &[]),
            (
                "tls://*.cache.example.com:5432",
                &["a.cache.example.com", "a.b.cache.example.com"],
                &["cache.example.com"],
            ),
            ("tcp://[2001:DB8::1]:5432", &["2001:db8::1"], &["2001:db8::2"]),
            ("tcp://[::ffff:10.0.0.5]:5432", &["10.0.0.5"], &["10.0.0.6"]),
            ("tcp://10.5:05432", &["10.0.0.5"], &[]),
            ("tcp://10.0.0.0/8:5432", &["10.0.0.1", "10.255.0.1"], &["11.0.0.1", "db.example.com"]),
            ("tcp://fd12::/16:5432", &["fd12::1"], &["fd13::1"]),
            ("tcp://[fd12::]/16:5432", &["fd12::1"], &["fd13::1"]),
        ] {
            let allow = Allow::parse([entry]).unwrap_or_else(|error| panic!("{error}"));
            let host = |text: &str| match text.parse() {
                Ok(address) => OriginHost::Address(address),
                Err(_) => OriginHost::Name(text.to_owned()),
            };
            for name in hosts {
                assert!(allow.tcp_scheme(&host(name), 5432).is_some(), "{entry} {name}");
                assert!(allow.tcp_scheme(&host(name), 5433).is_none(), "{entry} {name}");
            }
            for name in others {
                assert!(allow.tcp_scheme(&host(name), 5432).is_none(), "{entry} {name}");
            }
        }
    }

    /// The URL of a database, pasted: the error names the entry that is right, and no password.
    #[test]
    fn no_error_has_a_password() {
        for (entry, expected) in [
            ("postgres://app:hunter2@db.example.com:5433/shop", "\"postgres://db.example.com:5433\""),
            ("postgresql://app:hunter2@db.example.com/shop?sslmode=require", "\"postgres://db.example.com:5432\""),
            ("postgres://app:hunter2@db.example.com", "\"postgres://db.example.com:5432\""),
            ("postgres://app:hun/ter2@db:5432", "\"postgres://db:5432\""),
            ("postgres://app:hunt@er2@db:5432", "\"postgres://db:5432\""),
            ("postgres://app:hunter2@", "\"postgres://db.example.com:5432\""),
            ("postgres://app:hunter2@10.0.0.0/16:5432", "\"postgres://10.0.0.0/16:5432\""),
            ("redis://:hunter2@cache:6379/0", "\"tcp://cache:6379\""),
            ("mysql://root:hunter2@[2001:db8::1]/shop", "\"tcp://[2001:db8::1]:3306\""),
            ("https://hunter2@api.example.com/path", "\"https://api.example.com\""),
            ("app:hunter2@db.example.com:5432", "\"db.example.com:5432\""),
            ("app:hunter2@/", "\"api.example.com\""),
        ] {
            let error = Allow::parse([entry]).unwrap_err().to_string();
            assert!(error.contains(" names a user: ") && error.ends_with(expected), "{error}");
            assert!(!error.contains("hun") && !error.contains("er2"), "{error}");
        }
        for entry in
            ["postgres://db/shop?user=app&password=hunter2", "postgres://db:hunter2", "host=db password=hunter2"]
        {
            let error = Allow::parse([entry, "app@db"]).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        // As a variable, which is split at its commas.
        let halves = "postgres://app:hun,ter2@db.example.com:5432/shop".split(',');
        let error = Allow::parse(halves).unwrap_err().to_string();
        assert!(error.starts_with("\"postgres://…\"") && !error.contains("hun") && !error.contains("ter2"), "{error}");
    }
}
