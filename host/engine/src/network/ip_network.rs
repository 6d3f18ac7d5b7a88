//! A network of addresses, such as `10.0.0.0/16`.

use std::net::IpAddr;

use super::address::special;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IpNetwork {
    first: IpAddr,
    bits: u32,
}

/// The shortest prefix of a network of which all addresses may be special. A shorter one has others too.
const NARROW: u32 = 8;

impl IpNetwork {
    /// Splits `10.0.0.0/16:6379` or `[fd00::]/8:6379` into its network and port. `None` if it has no network.
    #[allow(clippy::type_complexity)] // A pair of a result and a port, for one caller.
    pub(crate) fn split(authority: &str) -> Option<(Result<Self, String>, Option<u16>)> {
        let (address, rest) = authority.split_once('/')?;
        let address = address.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(address);
        let first: IpAddr = address.parse().ok()?;
        let (bits, port) = match rest.split_once(':') {
            Some((bits, port)) => (bits, Some(port.parse().ok().filter(|port| *port != 0)?)),
            None => (rest, None),
        };
        Some((Self::new(first, bits.parse().ok()?), port))
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
            return Err(format!("has a network that begins at another address: write {first}/{bits}"));
        }
        let last = of(network.masked(first) | !network.mask() & all(width), first);
        match special(first) {
            Some(kind) if bits >= NARROW && special(last).is_some() => {
                Err(format!("has a network of {kind}, which is allowed only by address and port"))
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
        IpNetwork::split(text).unwrap().0
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
                "has a network of an address that stands for a name (198.18.0.0/15), which is allowed only by address and port",
            ),
            ("[::ffff:10.0.0.0]/112", "has a network of IPv4 addresses: write 10.0.0.0/16"),
            ("fe80::/10", "has a network of a link-local address, which is allowed only by address and port"),
        ] {
            assert_eq!(network(text), Err(expected.to_owned()), "{text}");
        }
        for text in ["db/16:5432", "10.0.0.0:5432", "10.0.0.0/a:1", "10.0.0.0/16:0", "10.0.0.0/16:a"] {
            assert_eq!(IpNetwork::split(text).map(|(_, port)| port), None, "{text}");
        }
        assert_eq!(IpNetwork::split("10.0.0.0/16:6379").unwrap().1, Some(6379));
        assert_eq!(IpNetwork::split("10.0.0.0/16").unwrap().1, None);
    }
}
