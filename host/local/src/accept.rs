//! Accepts connections.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// The pause after an error. The usual cause is too many open files, and during the pause some of them may close.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts the next connection, and tries again after an error. Dropping the future loses no connection.
pub(crate) async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(connection) => return connection,
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
