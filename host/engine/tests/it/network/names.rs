//! A resolver whose answers the test sets, and which counts its lookups.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use funcserver_engine::{Resolve, Resolving};

#[derive(Default)]
pub struct Names {
    addresses: Mutex<HashMap<String, VecDeque<IpAddr>>>,
    asked: Mutex<usize>,
}

impl Names {
    /// The first lookup of `name` returns the first address, and so on. The last address is repeated.
    pub fn set(&self, name: &str, addresses: &[&str]) {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.addresses.lock().unwrap().insert(name.to_owned(), addresses);
    }

    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl Resolve for Names {
    fn resolve(&self, name: &str) -> Resolving {
        *self.asked.lock().unwrap() += 1;
        let mut names = self.addresses.lock().unwrap();
        let address = names
            .get_mut(name)
            .and_then(|addresses| if addresses.len() > 1 { addresses.pop_front() } else { addresses.front().copied() });
        Box::pin(async move {
            address.map(|address| vec![address]).ok_or_else(|| io::Error::other("no such name in this test"))
        })
    }
}
