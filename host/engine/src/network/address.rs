//! Detects special addresses: those of the host itself, of its neighbours or of the cloud, instead of a server on the
//! network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The reason why an address is special, or `None` for the address of a server. Addresses of private networks are not
/// special, because a function in a VPC may call them.
///
/// 198.18.0.0/15 is special because its addresses stand for names in handlers, see `stand_ins.rs`.
///
/// Sources: the IANA special-purpose address registries (RFC 6890); RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380
/// (Teredo), RFC 4291 section 2.5.5 and RFC 2765 (IPv4 in IPv6); AWS's instance metadata at 169.254.169.254 and
/// fd00:ec2::254.
pub(crate) fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address).or_else(|| embedded(address).and_then(special_v4)),
    }
}

/// Whether the address can stand for a name in a handler, so that no server may have it.
pub(crate) fn is_stand_in(address: IpAddr) -> bool {
    special(address) == Some(STAND_IN)
}

/// Whether a connection to this address ends at the local machine. Linux connects 0.0.0.0 to it too.
pub(crate) fn is_this_machine(address: IpAddr) -> bool {
    matches!(special(address), Some(LOOPBACK | UNSPECIFIED))
}

const LOOPBACK: &str = "a loopback address";
const UNSPECIFIED: &str = "an unspecified address";
const LINK_LOCAL: &str = "a link-local address";
const METADATA: &str = "an address of the cloud's metadata";
const MULTICAST: &str = "a multicast address";
const RESERVED: &str = "a reserved address";
/// The network for benchmarks (RFC 2544), of which no server on the internet has an address.
const STAND_IN: &str = "an address that stands for a name (198.18.0.0/15)";

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some(UNSPECIFIED),
        [127, ..] => Some(LOOPBACK),
        [169, 254, 169, 254] => Some(METADATA),
        [169, 254, ..] => Some(LINK_LOCAL),
        [198, 18 | 19, ..] => Some(STAND_IN),
        [224..=239, ..] => Some(MULTICAST),
        [240..=255, ..] => Some(RESERVED),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(UNSPECIFIED),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(LOOPBACK),
        [0xfd00, 0x0ec2, ..] => Some(METADATA),
        [0xfe80..=0xfebf, ..] => Some(LINK_LOCAL),
        [0xff00..=0xffff, ..] => Some(MULTICAST),
        // The local-use prefix of NAT64: only the operator knows the position of the IPv4 address in it.
        [0x64, 0xff9b, 1, ..] => Some(RESERVED),
        _ => None,
    }
}

/// The IPv4 address that is embedded in an IPv6 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // IPv4-compatible, IPv4-mapped, and IPv4-translated.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => Some(v4(high, low)),
        // NAT64.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // Teredo, which inverts the IPv4 address.
        [0x2001, 0, .., high, low] => Some(v4(!high, !low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(address: &str) -> Option<&'static str> {
        special(address.parse().unwrap())
    }

    #[test]
    fn special_addresses_are_detected_in_every_spelling() {
        for (expected, addresses) in [
            (
                LOOPBACK,
                &["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:7f00:1"][..],
            ),
            (LOOPBACK, &["64:ff9b::127.0.0.1", "2002:7f00:1::", "2001:0:1:2:3:4:80ff:fffe"]),
            (UNSPECIFIED, &["0.0.0.0", "0.1.2.3", "::", "::ffff:0.0.0.0", "64:ff9b::"]),
            (METADATA, &["169.254.169.254", "::ffff:a9fe:a9fe", "2002:a9fe:a9fe::1", "fd00:ec2::254", "fd00:ec2::23"]),
            (LINK_LOCAL, &["169.254.0.1", "169.254.100.1", "fe80::1", "febf::1", "64:ff9b::a9fe:1"]),
            (MULTICAST, &["224.0.0.1", "239.255.255.250", "ff02::1"]),
            (STAND_IN, &["198.18.0.0", "198.19.255.255", "::ffff:198.18.0.1", "64:ff9b::198.18.0.1", "2002:c613:1::"]),
            (RESERVED, &["255.255.255.255", "240.0.0.1", "64:ff9b:1::7f00:1"]),
        ] {
            for address in addresses {
                assert_eq!(kind(address), Some(expected), "{address}");
            }
        }
    }

    #[test]
    fn servers_and_private_networks_are_not_special() {
        for address in [
            "10.0.0.5",
            "172.31.0.2",
            "192.168.1.1",
            "100.64.0.1",
            "93.184.216.34",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:2800:220:1::1",
            "fd00:ec3::254",
            "fd12:3456::1",
            "64:ff9b::10.0.0.5",
            "2002:a00:5::1",
        ] {
            assert_eq!(kind(address), None, "{address}");
        }
    }

    #[test]
    fn this_machine_has_many_addresses() {
        for address in ["127.0.0.1", "127.9.9.9", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"] {
            assert!(is_this_machine(address.parse().unwrap()), "{address}");
        }
        assert!(!is_this_machine("169.254.100.1".parse().unwrap()));
    }
}
