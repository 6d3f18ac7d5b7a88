//! A Runtime API on loopback that has faults, and counts what it is asked.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

const FAULT: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
/// The largest head that is read.
const HEAD: usize = 64 * 1024;

/// What it does to requests for an event.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// It closes each connection as soon as that is there.
    HangsUp,
    /// It answers so many with status 500; later ones wait for an event that does not come.
    Fails(i64),
}

/// Dropping it closes it.
pub(crate) struct HostileApi {
    pub(crate) address: SocketAddr,
    seen: Arc<Seen>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    requests: AtomicU64,
    faults: AtomicI64,
    waiting: AtomicI64,
}

impl HostileApi {
    pub(crate) async fn start(behaviour: Behaviour) -> Result<HostileApi> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (address, seen) = (listener.local_addr()?, Arc::<Seen>::default());
        let shared = Arc::clone(&seen);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                match behaviour {
                    Behaviour::HangsUp => {
                        shared.requests.fetch_add(1, Relaxed);
                    }
                    Behaviour::Fails(faults) => {
                        tokio::spawn(talk(stream, Arc::clone(&shared), faults));
                    }
                }
            }
        });
        Ok(HostileApi { address, seen, server })
    }

    /// How many requests, or connections, came.
    pub(crate) fn requests(&self) -> u64 {
        self.seen.requests.load(Relaxed)
    }

    /// How many wait for an event.
    pub(crate) fn waiting(&self) -> i64 {
        self.seen.waiting.load(Relaxed)
    }
}

impl Drop for HostileApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// One connection: each request is a head without a body, as those for an event are.
async fn talk(mut stream: TcpStream, seen: Arc<Seen>, most: i64) {
    let (mut head, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut piece).await {
        head.extend_from_slice(&piece[..length]);
        if head.len() > HEAD {
            return;
        }
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        head.clear();
        seen.requests.fetch_add(1, Relaxed);
        if seen.faults.fetch_add(1, Relaxed) < most {
            if stream.write_all(FAULT).await.is_err() {
                return;
            }
            continue;
        }
        seen.waiting.fetch_add(1, Relaxed);
        // Until it hangs up.
        let _ = stream.read(&mut piece).await;
        seen.waiting.fetch_sub(1, Relaxed);
        return;
    }
}
