//! Addresses that stand for names.
//!
//! A handler looks up a name and then connects to an address. If it got the name's own address, nobody would know for
//! which name it connects: two names may share an address, and the name server may answer differently the next time. It
//! gets an address that stands for the name instead, and the host resolves the name when the handler connects.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

/// The first address. The network 198.18.0.0/15 belongs to no server.
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
/// The most names of an instance: an entry such as `*.example.com` allows any number of them.
const MAX_NAMES: usize = 1024;

/// The names that an instance has looked up. They keep their addresses as long as the instance lives.
#[derive(Default)]
pub(crate) struct StandIns {
    names: Vec<String>,
    addresses: HashMap<String, Ipv4Addr>,
}

impl StandIns {
    /// The address that stands for `name`. `None` if there are too many names.
    pub(crate) fn address(&mut self, name: &str) -> Option<Ipv4Addr> {
        if let Some(known) = self.addresses.get(name) {
            return Some(*known);
        }
        let number = self.names.len();
        if number == MAX_NAMES {
            return None;
        }
        let address = Ipv4Addr::from_bits(FIRST.to_bits() + u32::try_from(number).ok()?);
        self.names.push(name.to_owned());
        self.addresses.insert(name.to_owned(), address);
        Some(address)
    }

    /// The name for which an address stands.
    pub(crate) fn name(&self, address: IpAddr) -> Option<&str> {
        let IpAddr::V4(address) = address else { return None };
        let number = address.to_bits().checked_sub(FIRST.to_bits())?;
        self.names.get(usize::try_from(number).ok()?).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::super::address::is_stand_in;
    use super::*;

    #[test]
    fn each_name_has_one_address_and_each_address_one_name() {
        let mut stand_ins = StandIns::default();
        let db = stand_ins.address("db.example").unwrap();
        let cache = stand_ins.address("cache.example").unwrap();
        assert_ne!(db, cache);
        assert_eq!(stand_ins.address("db.example"), Some(db));
        assert_eq!(stand_ins.name(db.into()), Some("db.example"));
        assert_eq!(stand_ins.name(cache.into()), Some("cache.example"));
        for unknown in ["198.18.0.0", "198.18.0.3", "198.17.255.255", "10.0.0.1", "::1"] {
            assert_eq!(stand_ins.name(unknown.parse().unwrap()), None, "{unknown}");
        }
    }

    #[test]
    fn the_number_of_names_is_limited() {
        let mut stand_ins = StandIns::default();
        for number in 0..MAX_NAMES {
            assert!(is_stand_in(stand_ins.address(&format!("{number}.example")).unwrap().into()));
        }
        assert_eq!(stand_ins.address("last.example"), None);
        assert!(stand_ins.address("0.example").is_some());
    }
}
