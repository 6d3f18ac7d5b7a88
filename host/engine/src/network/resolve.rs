//! From names to addresses.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::pin::Pin;
use std::thread;

use tokio::sync::oneshot;

/// The addresses of a name, to come.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves the names of servers.
pub trait Resolve: Send + Sync {
    /// All addresses of `name`, in the order in which they are to be tried. The name is in lower case and in punycode.
    ///
    /// A connection goes to one of these very addresses: it is asked once a connection, and not again for a name while
    /// it has not answered. What it returns is driven to its end, also when nobody waits for it any more.
    fn resolve(&self, name: &str) -> Resolving;
}

/// The operating system's resolver, with its hosts file and its search domains.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

/// What the C library's resolver needs, with room for the modules that some systems load into it.
const STACK: usize = 512 * 1024;

impl Resolve for SystemResolver {
    /// On a thread of its own: a name server that says nothing would hold one of those that read and write files.
    fn resolve(&self, name: &str) -> Resolving {
        let name = name.to_owned();
        Box::pin(async move {
            let (answer, answered) = oneshot::channel();
            let lookup = move || {
                // Nobody may wait any more.
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
    async fn the_system_knows_this_machine_and_not_every_name() {
        let addresses = SystemResolver.resolve("localhost").await.unwrap();
        assert!(addresses.iter().any(IpAddr::is_loopback), "{addresses:?}");
        assert!(SystemResolver.resolve("no such name").await.is_err());
    }

    /// A name server that says nothing must not keep anybody from reading a file, nor the other way round.
    #[test]
    fn lookups_need_no_thread_that_reads_files() {
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let (done, wait) = std::sync::mpsc::channel::<()>();
        runtime.spawn_blocking(move || wait.recv());
        assert!(!runtime.block_on(SystemResolver.resolve("localhost")).unwrap().is_empty());
        drop(done);
    }
}
