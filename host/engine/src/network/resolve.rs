//! Resolves names to addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::thread;

use tokio::sync::oneshot;

/// A future with the addresses of a name.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves the names of servers.
pub trait Resolve: Send + Sync {
    /// All addresses of `name`, in the order in which they should be tried. The name is in lower case and in punycode.
    ///
    /// The client connects to exactly one of these addresses. It calls this once for each connection, but not again for
    /// a name whose lookup is still running. The future is polled to its end, even if its result is no longer needed.
    fn resolve(&self, name: &str) -> Resolving;
}

/// The resolver of the operating system, with its hosts file and search domains.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

/// The stack of the C library's resolver, with room for the modules that some systems load into it.
const STACK: usize = 512 * 1024;

impl Resolve for SystemResolver {
    /// Uses a thread of its own: a name server that does not answer would occupy a thread of the pool that reads and
    /// writes files.
    fn resolve(&self, name: &str) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let lookup = move || {
                // The receiver may have been dropped.
                let _ = answer.send((name.as_str(), 0).to_socket_addrs());
            };
            thread::Builder::new().name("lookup".to_owned()).stack_size(STACK).spawn(lookup)?;
            let addresses = answered.await.map_err(io::Error::other)??;
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_system_resolves_localhost_and_rejects_an_unknown_name() {
        let addresses = SystemResolver.resolve("localhost").await.unwrap();
        assert!(addresses.iter().any(IpAddr::is_loopback), "{addresses:?}");
        assert!(SystemResolver.resolve("no such name").await.is_err());
    }

    /// A name server that does not answer must not block file reads, and file reads must not block lookups.
    #[test]
    fn lookups_do_not_use_the_threads_that_read_files() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        runtime.spawn_blocking(move || wait.recv());
        assert!(!runtime.block_on(SystemResolver.resolve("localhost")).unwrap().is_empty());
        drop(done);
    }
}
