//! A Runtime API that hands out the events of a ledger, and does not always do as it should. It takes the first answer
//! to an id and refuses a second; one that comes again after a broken connection or a status of 5xx is no second.

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

/// Ends with its last owner.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    _end: oneshot::Sender<()>,
}

impl Api {
    /// On a thread of its own: whatever peers do, it takes answers when they come.
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
