//! TLS on a TCP connection, made by the host.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::dial::server_name;
use super::origin::OriginHost;
use super::tls_overhead::{Above, Below, Overhead};

/// A stream of bytes to a server.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// PostgreSQL's request for TLS: its length, and its code. Sources: "Message Formats" in PostgreSQL's documentation.
pub(crate) const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// PostgreSQL's request for encryption by GSSAPI.
pub(crate) const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x30];
/// The answer of a PostgreSQL server that does not encrypt.
pub(crate) const NOT_ENCRYPTED: u8 = b'N';
const ENCRYPTED: u8 = b'S';

/// Makes TLS on a stream, with the certificate of this host.
pub(crate) async fn handshake(
    io: impl Io + 'static,
    config: Arc<ClientConfig>,
    host: &OriginHost,
) -> io::Result<Box<dyn Io>> {
    let overhead = Overhead::default();
    let below = Below(io, overhead.clone());
    let stream = TlsConnector::from(config).connect(server_name(host)?, below).await?;
    overhead.reset();
    Ok(Box::new(Above(stream, overhead)))
}

/// Asks a PostgreSQL server for TLS.
pub(crate) async fn ask_postgres(io: &mut impl Io) -> io::Result<()> {
    io.write_all(&SSL_REQUEST).await?;
    // Exactly one byte is read: what follows it in plain text is part of the handshake, which then fails. A man in the
    // middle could otherwise put answers before those of the server (CVE-2021-23222).
    match io.read_u8().await? {
        ENCRYPTED => Ok(()),
        NOT_ENCRYPTED => Err(io::Error::other(
            "the PostgreSQL server does not offer TLS: turn it on there, or allow the server as tcp:// in a network that you trust",
        )),
        b'E' => Err(io::Error::other("the PostgreSQL server answers the request for TLS with an error")),
        _ => Err(io::Error::other("the server does not answer as PostgreSQL does: is it another server?")),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    async fn ask(answer: &[u8]) -> Result<Vec<u8>, String> {
        let (mut client, mut server) = duplex(64);
        server.write_all(answer).await.unwrap();
        let asked = ask_postgres(&mut client).await.map_err(|error| error.to_string());
        let mut request = [0; 8];
        server.read_exact(&mut request).await.unwrap();
        assert_eq!(request, SSL_REQUEST);
        asked?;
        drop(server);
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.unwrap();
        Ok(rest)
    }

    #[tokio::test]
    async fn one_byte_of_the_server_decides() {
        assert_eq!(ask(b"S").await, Ok(vec![]));
        assert_eq!(ask(b"Splain").await, Ok(b"plain".to_vec()), "the rest is left for the handshake");
        for (answer, expected) in [(&b"N"[..], "does not offer TLS"), (b"E", "with an error"), (b"H", "another server")]
        {
            let refusal = ask(answer).await.unwrap_err();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }
}
