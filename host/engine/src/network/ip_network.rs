//! A network of addresses, such as `10.0.0.0/16`.

use std::net::IpAddr;

use super::address::{is_stand_in, special};

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpNetwork {
    first: IpAddr,
    bits: u32,
}

/// The shortest prefix of a network of which all addresses may be special. A shorter one has others too.
const NARROW: u32 = 8;

impl IpNetwork {
    /// The position of the slash in `10.0.0.0/16:6379` or `[fd00::]/8:6379`. `None` if it is no network: what is before
    /// the slash is no address.
    pub(crate) fn slash(authority: &str) -> Option<usize> {
        let slash = authority.find('/')?;
        let begins = authority[slash + 1..].starts_with(|c: char| c.is_ascii_digit());
        (begins && address(&authority[..slash]).is_some()).then_some(slash)
    }

    /// Parses a network with a slash at this position, and its port, if it has a valid one.
    pub(crate) fn parse(authority: &str, slash: usize) -> Result<(Self, Option<u16>), String> {
        let (bits, port) = match authority[slash + 1..].split_once(':') {
            Some((bits, port)) => (bits, port.parse().ok().filter(|port| *port != 0)),
            None => (&authority[slash + 1..], None),
        };
        let first = address(&authority[..slash]);
        let (Some(first), Ok(bits)) = (first, bits.parse()) else {
            return Err("has no valid network, as in \"tcp://10.0.0.0/16:6379\"".to_owned());
        };
        Ok((Self::new(first, bits)?, port))
    }

    fn new(first: IpAddr, bits: u32) -> Result<Self, String> {
        let network = Self { first, bits };
        let width = width(first);
        if let IpAddr::V6(address) = first
            && let Some(address) = address.to_ipv4_mapped()
            && (96..=width).contains(&bits)
        {
            // Connections are compared by their address of IPv4.
            return Err(format!("has a network of IPv4 addresses: write {address}/{}", bits - 96));
        }
        if bits > width {
            return Err(format!("has a network of {bits} bits, but such an address has {width}"));
        }
        if network.masked(first) != value(first) {
            let first = of(network.masked(first), first);
            return Err(format!("has a network that begins at another address: write {}/{bits}", in_url(first)));
        }
        let last = of(network.masked(first) | !network.mask() & all(width), first);
        match special(first) {
            Some(kind) if bits >= NARROW && special(last).is_some() => {
                let rule = if is_stand_in(first) { "no server has" } else { "is allowed only by address and port" };
                Err(format!("has a network of {kind}, which {rule}"))
            }
            _ => Ok(network),
        }
    }

    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && self.masked(address) == value(self.first)
    }

    fn mask(self) -> u128 {
        let rest = width(self.first) - self.bits;
        u128::MAX.checked_shl(rest).unwrap_or(0)
    }

    fn masked(self, address: IpAddr) -> u128 {
        value(address) & self.mask()
    }
}

/// An address, with or without brackets.
fn address(text: &str) -> Option<IpAddr> {
    text.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(text).parse().ok()
}

/// The address as in a URL.
fn in_url(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn all(width: u32) -> u128 {
    u128::MAX >> (128 - width)
}

fn value(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of this value, of the same family as `like`.
fn of(value: u128, like: IpAddr) -> IpAddr {
    match like {
        // Only the low 32 bits are set.
        IpAddr::V4(_) => IpAddr::V4((u32::try_from(value & u128::from(u32::MAX)).unwrap_or(0)).into()),
        IpAddr::V6(_) => IpAddr::V6(value.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<IpNetwork, String> {
        IpNetwork::parse(text, IpNetwork::slash(text).unwrap()).map(|(network, _)| network)
    }

    #[test]
    fn it_contains_the_addresses_that_begin_with_its_bits() {
        for (text, inside, outside) in [
            ("10.0.0.0/16", &["10.0.0.0", "10.0.255.255"][..], &["10.1.0.0", "9.255.255.255", "::ffff:10.0.0.1"][..]),
            ("10.0.0.5/32", &["10.0.0.5"], &["10.0.0.4", "10.0.0.6"]),
            ("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::1"]),
            ("[fd12::]/16", &["fd12::1", "fd12:ffff::"], &["fd13::", "10.0.0.1"]),
            ("::/0", &["::1", "ffff::"], &["10.0.0.1"]),
        ] {
            let network = network(text).unwrap();
            for address in inside {
                assert!(network.contains(address.parse().unwrap()), "{text} {address}");
            }
            for address in outside {
                assert!(!network.contains(address.parse().unwrap()), "{text} {address}");
            }
        }
    }

    #[test]
    fn a_network_needs_its_first_address_and_servers() {
        for (text, expected) in [
            ("10.0.0.0/33", "has a network of 33 bits, but such an address has 32"),
            ("10.0.0.5/16", "has a network that begins at another address: write 10.0.0.0/16"),
            ("127.0.0.0/8", "has a network of a loopback address, which is allowed only by address and port"),
            (
                "198.18.0.0/16",
                "has a network of an address that stands for a name (198.18.0.0/15), which no server has",
            ),
            ("[::ffff:10.0.0.0]/112", "has a network of IPv4 addresses: write 10.0.0.0/16"),
            ("fe80::/10", "has a network of a link-local address, which is allowed only by address and port"),
        ] {
            assert_eq!(network(text), Err(expected.to_owned()), "{text}");
        }
        for text in ["db/16:5432", "10.0.0.0:5432", "10.0.0.0/a:1", "10.0.0.0/"] {
            assert_eq!(IpNetwork::slash(text), None, "{text}");
        }
        for (text, port) in [
            ("10.0.0.0/16:6379", Some(6379)),
            ("[fd12::]/16:6379", Some(6379)),
            ("10.0.0.0/16", None),
            ("10.0.0.0/16:0", None),
            ("10.0.0.0/16:a", None),
            ("10.0.0.0/16:65536", None),
        ] {
            let (_, found) = IpNetwork::parse(text, IpNetwork::slash(text).unwrap()).unwrap();
            assert_eq!(found, port, "{text}");
        }
        assert!(network("10.0.0.0/1x").is_err());
        let mapped = "has a network of IPv4 addresses: write 10.0.0.0/16";
        assert_eq!(network("[::ffff:10.0.0.0]/112"), Err(mapped.to_owned()));
        let other = "has a network that begins at another address: write [fd12::]/16";
        assert_eq!(network("[fd12:1::]/16"), Err(other.to_owned()));
    }
}
