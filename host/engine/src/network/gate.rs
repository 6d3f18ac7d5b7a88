//! Decides which connections are allowed: by name when a request is made, by address when a connection is opened.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::uri::Authority;

use super::Network;
use super::address::{is_stand_in, is_this_machine, special};
use super::allow::Allow;
use super::lookups::{Found, Lookups};
use super::origin::{Origin, OriginHost, Scheme, split_port};

pub(crate) struct Gate {
    allow: Allow,
    reserved: Option<Reserved>,
    lookups: Lookups,
}

/// A host and port that no entry can allow.
struct Reserved {
    host: OriginHost,
    port: u16,
}

/// The reason why a request is denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) reason: String,
    /// The entry of the allow list that would allow it.
    pub(crate) allow: Option<String>,
}

/// The reason why there is no address to connect to.
#[derive(Debug)]
pub(crate) enum Closed {
    Denied(Denial),
    Unresolved(Arc<std::io::Error>),
    Empty,
}

impl Gate {
    pub(crate) fn new(network: &Network) -> Self {
        let reserved = network.reserved.as_ref().and_then(Reserved::of);
        let signed = network.signing.as_ref().map(|signing| &signing.origins);
        let allow = signed.map_or_else(|| network.allow.clone(), |signed| network.allow.and(signed));
        Self { allow, reserved, lookups: Lookups::new(network.resolver.clone()) }
    }

    /// Checks a request by the name of its origin.
    pub(crate) fn check(&self, origin: &Origin) -> Result<(), Denial> {
        if self.reserved.as_ref().is_some_and(|reserved| reserved.host == origin.host && reserved.port == origin.port) {
            return Err(Denial::reserved());
        }
        if !self.allow.allows(origin) {
            return Err(Denial::unlisted(origin));
        }
        Ok(())
    }

    /// Whether the list allows any TCP connection.
    pub(crate) fn has_tcp(&self) -> bool {
        self.allow.has_tcp()
    }

    /// Checks the lookup of a name for a TCP connection. No name server is asked.
    pub(crate) fn check_name(&self, name: &str) -> Result<(), Denial> {
        if self.allow.has_tcp_name(name) { Ok(()) } else { Err(Denial::unlisted_name(name)) }
    }

    /// Checks a TCP connection by the host that the guest connects to, and says how to make it.
    pub(crate) fn check_tcp(&self, host: OriginHost, port: u16) -> Result<Origin, (Origin, Denial)> {
        let scheme = self.allow.tcp_scheme(&host, port);
        let origin = Origin { scheme: scheme.unwrap_or(Scheme::Tcp), host, port };
        if let OriginHost::Address(address) = origin.host
            && is_stand_in(address)
        {
            let reason = format!("{address} stands for no name that this instance of the handler has looked up");
            return Err((origin, Denial { reason, allow: None }));
        }
        match self.check(&origin) {
            Ok(()) => Ok(origin),
            Err(denial) => Err((origin, denial)),
        }
    }

    /// The checked addresses to which a connection for this origin may go.
    ///
    /// If a name has both special and other addresses, only the others are used.
    pub(crate) async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, Closed> {
        let mut open = Vec::new();
        let mut denial = None;
        for &address in self.resolve(&origin.host).await.map_err(Closed::Unresolved)?.iter() {
            let address = address.to_canonical();
            match self.check_address(origin, address).await {
                Ok(()) => open.push(SocketAddr::new(address, origin.port)),
                Err(reason) => denial = Some(reason),
            }
        }
        if open.is_empty() {
            return Err(denial.map_or(Closed::Empty, Closed::Denied));
        }
        Ok(open)
    }

    /// Whether a lookup without an answer may not have started yet.
    pub(crate) fn is_busy(&self) -> bool {
        self.lookups.are_exhausted()
    }

    async fn resolve(&self, host: &OriginHost) -> Found {
        match host {
            OriginHost::Address(address) => Ok(Arc::new([*address])),
            OriginHost::Name(name) => self.lookups.addresses(name).await,
        }
    }

    async fn check_address(&self, origin: &Origin, address: IpAddr) -> Result<(), Denial> {
        if self.is_reserved(address, origin.port).await {
            return Err(Denial::reserved());
        }
        match special(address) {
            Some(kind) if !self.allow.names(origin.scheme, address, origin.port) => {
                Err(Denial::special(origin, address, kind))
            }
            _ => Ok(()),
        }
    }

    async fn is_reserved(&self, address: IpAddr, port: u16) -> bool {
        let Some(reserved) = self.reserved.as_ref().filter(|reserved| reserved.port == port) else { return false };
        // If the name cannot be resolved, there is no address to protect.
        let Ok(own) = self.resolve(&reserved.host).await else { return false };
        let mut own = own.iter().map(IpAddr::to_canonical);
        own.any(|own| own == address || (is_this_machine(own) && is_this_machine(address)))
    }
}

impl Reserved {
    fn of(authority: &Authority) -> Option<Self> {
        let (host, port) = split_port(authority.as_str())?;
        Some(Self { host: OriginHost::parse(host)?, port: port.unwrap_or(Scheme::Http.default_port()) })
    }
}

impl Denial {
    fn unlisted(origin: &Origin) -> Self {
        // An entry with a special address must have a port.
        let allow = match origin.host {
            OriginHost::Address(address) if special(address).is_some() => literal(origin, address),
            _ => origin.to_string(),
        };
        Self { reason: "no entry of the list allows it".to_owned(), allow: Some(allow) }
    }

    /// A name or an address that is looked up. The port is not known yet.
    pub(crate) fn unlisted_name(name: &str) -> Self {
        Self {
            reason: "no entry of the list is for TCP connections to it".to_owned(),
            allow: Some(format!("tcp://{name}:PORT")),
        }
    }

    fn special(origin: &Origin, address: IpAddr, kind: &str) -> Self {
        if is_stand_in(address) {
            return Self { reason: format!("{address} is {kind}, which no server has"), allow: None };
        }
        let reason = format!("{address} is {kind}, which needs an entry with the address and the port");
        Self { reason, allow: Some(literal(origin, address)) }
    }

    fn reserved() -> Self {
        Self { reason: "it is Lambda's Runtime API, which no entry can allow".to_owned(), allow: None }
    }
}

fn literal(origin: &Origin, address: IpAddr) -> String {
    format!("{}://{}:{}", origin.scheme.name(), OriginHost::Address(address), origin.port)
}

#[cfg(test)]
mod tests {
    use super::super::resolve::{Resolve, Resolving};
    use super::*;

    /// A resolver with one name for each case.
    struct Names;

    impl Resolve for Names {
        fn resolve(&self, name: &str) -> Resolving {
            let addresses: &[&str] = match name {
                "server.example" => &["10.0.0.5", "2001:db8::5"],
                "mixed.example" => &["127.0.0.1", "10.0.0.5", "::1"],
                "localhost" => &["::1", "127.0.0.1"],
                "mapped.example" => &["::ffff:127.0.0.1"],
                "metadata.example" => &["64:ff9b::a9fe:a9fe"],
                "api.lambda" => &["169.254.100.1"],
                "stand-in.example" => &["198.18.0.1", "::ffff:198.19.0.1"],
                "empty.example" => &[],
                _ => return Box::pin(async { Err(std::io::Error::other("no such name")) }),
            };
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            Box::pin(async { Ok(addresses) })
        }
    }

    fn gate(allow: &[&str], reserved: Option<&'static str>) -> Gate {
        Gate::new(&Network {
            allow: Allow::parse(allow.iter().copied()).unwrap(),
            reserved: reserved.map(Authority::from_static),
            resolver: Arc::new(Names),
            ..Network::default()
        })
    }

    /// The allowed addresses, or the reason of the denial.
    async fn try_gate(gate: &Gate, uri: &str) -> Result<Vec<String>, String> {
        let origin = Origin::of(&uri.parse().unwrap()).unwrap();
        gate.check(&origin).map_err(|denial| denial.reason)?;
        match gate.addresses(&origin).await {
            Ok(addresses) => Ok(addresses.iter().map(ToString::to_string).collect()),
            Err(Closed::Denied(denial)) => Err(denial.reason),
            Err(Closed::Unresolved(error)) => Err(error.to_string()),
            Err(Closed::Empty) => Err("empty".to_owned()),
        }
    }

    #[tokio::test]
    async fn only_allowed_addresses_are_returned() {
        let gate = gate(&["*"], None);
        let servers = ["10.0.0.5:443", "[2001:db8::5]:443"].map(str::to_owned).to_vec();
        assert_eq!(try_gate(&gate, "https://server.example").await, Ok(servers));
        assert_eq!(try_gate(&gate, "http://mixed.example").await, Ok(vec!["10.0.0.5:80".to_owned()]));
        assert_eq!(try_gate(&gate, "http://empty.example").await, Err("empty".to_owned()));
        assert_eq!(try_gate(&gate, "http://nowhere.example").await, Err("no such name".to_owned()));
        for uri in [
            "http://localhost",
            "http://mapped.example",
            "http://metadata.example/latest/meta-data/",
            "http://127.1",
            "http://0.0.0.0",
            "http://[::1]",
            "http://169.254.169.254",
            "http://2852039166",
            "http://[::ffff:169.254.169.254]",
            "http://[fd00:ec2::254]",
        ] {
            let denied = try_gate(&gate, uri).await.unwrap_err();
            assert!(denied.contains("needs an entry with the address"), "{uri}: {denied}");
        }
    }

    /// A name server cannot lead to an address that stands for another name, and no entry is proposed for it.
    #[tokio::test]
    async fn a_name_with_addresses_that_stand_for_names_is_denied_without_a_proposal() {
        let gate = gate(&["*", "tcp://stand-in.example:5432"], None);
        let http = Origin::of(&"https://stand-in.example".parse().unwrap()).unwrap();
        let tcp = gate.check_tcp(OriginHost::Name("stand-in.example".to_owned()), 5432).unwrap();
        for origin in [http, tcp] {
            let Err(Closed::Denied(denial)) = gate.addresses(&origin).await else { panic!("{origin} is allowed") };
            assert!(denial.reason.contains("stands for a name") && denial.allow.is_none(), "{denial:?}");
        }
    }

    #[tokio::test]
    async fn a_name_reaches_a_special_address_that_is_allowed_itself() {
        let gate = gate(&["http://localhost:8080", "http://127.0.0.1:8080"], None);
        assert_eq!(try_gate(&gate, "http://localhost:8080").await, Ok(vec!["127.0.0.1:8080".to_owned()]));
        assert!(try_gate(&gate, "http://127.0.0.1:8081").await.is_err());
        assert!(try_gate(&gate, "https://127.0.0.1:8080").await.is_err());
    }

    #[tokio::test]
    async fn no_entry_allows_the_runtime_api() {
        let allow =
            ["*", "127.0.0.1:9001", "127.0.0.2:9001", "0.0.0.0:9001", "[::1]:9001", "[::]:9001", "localhost:9001"];
        for reserved in ["127.0.0.1:9001", "localhost:9001", "[::1]:9001"] {
            let gate = gate(&allow, Some(reserved));
            for host in
                ["127.0.0.1", "127.0.0.2", "0.0.0.0", "[::1]", "[::]", "localhost", "[::ffff:7f00:1]", "2130706433"]
            {
                let denied = try_gate(&gate, &format!("http://{host}:9001")).await.unwrap_err();
                assert!(denied.contains("Runtime API"), "{reserved} by {host}: {denied}");
            }
            assert!(try_gate(&gate, "http://10.0.0.5:9001").await.is_ok());
        }
        let gate = gate(&["*", "169.254.100.1:9001"], Some("169.254.100.1:9001"));
        for host in ["169.254.100.1", "api.lambda", "[::ffff:169.254.100.1]", "0xa9fe6401"] {
            let denied = try_gate(&gate, &format!("http://{host}:9001")).await.unwrap_err();
            assert!(denied.contains("Runtime API"), "{host}: {denied}");
        }
    }

    #[test]
    fn the_suggested_entry_allows_the_origin() {
        for uri in ["https://api.example.com", "http://10.0.0.5:8080", "http://127.0.0.1", "https://[::1]:8443"] {
            let origin = Origin::of(&uri.parse().unwrap()).unwrap();
            let denial = gate(&[], None).check(&origin).unwrap_err();
            let proposed = denial.allow.unwrap();
            assert_eq!(gate(&[&proposed], None).check(&origin), Ok(()), "{proposed}");
        }
    }
}
