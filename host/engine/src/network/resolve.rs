//! From names to addresses.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// The addresses of a name, to come.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves the names of servers.
pub trait Resolve: Send + Sync {
    /// All addresses of `name`, in the order in which they are to be tried. The name is in lower case and in punycode.
    ///
    /// A connection goes to one of these very addresses: it is asked once a connection.
    fn resolve(&self, name: &str) -> Resolving;
}

/// The operating system's resolver, with its hosts file and its search domains.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: &str) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name, 0)).await?;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}
