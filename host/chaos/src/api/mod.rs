//! A Runtime API that sends the events of a ledger and sometimes misbehaves. It accepts the first answer to an id and
//! rejects a second. An answer that is repeated after a broken connection or a status of 5xx does not count as a
//! second.

mod connection;
pub(crate) mod fault;
mod wire;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::ledger::Ledger;
use crate::peers::Peers;

/// Ends when its last owner is dropped.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    _end: oneshot::Sender<()>,
}

impl Api {
    /// Starts it on a thread of its own, so that it receives answers in time even if peers are busy.
    pub(crate) fn start(ledger: Arc<Ledger>, peers: &Peers) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (end, ended) = oneshot::channel();
        let peers = peers.clone();
        std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, ledger, peers) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, _end: end }
    }
}

async fn serve(listener: TcpListener, ledger: Arc<Ledger>, peers: Peers) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        tokio::spawn(connection::serve(stream, ledger.clone(), peers.clone()));
    }
}
