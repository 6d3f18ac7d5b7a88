//! A name server. The last label of a name before the domain selects the behaviour. The labels before it make the name
//! unique.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::time::sleep;

use super::{DOMAIN, Shared};

const PORT: u16 = 53;
const OWN: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const HEAD: usize = 12;
// Types of records and codes of answers, RFC 1035.
const A: u16 = 1;
const CNAME: u16 = 5;
const SERVER_FAILURE: u8 = 2;
const NO_SUCH_NAME: u8 = 3;
const REFUSED: u8 = 5;

pub(super) fn start(shared: &Shared) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let socket = std::net::UdpSocket::bind(address).expect("port 53 of a network namespace of our own");
    socket.set_nonblocking(true).unwrap();
    let socket = Arc::new(UdpSocket::from_std(socket).unwrap());
    tokio::spawn(async move {
        let mut packet = [0; 1500];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut packet).await else { continue };
            let (socket, packet) = (socket.clone(), packet[..length].to_vec());
            tokio::spawn(async move { drop(answer(&socket, &packet, from).await) });
        }
    });
    // If an answer is marked as too long for a packet, the question is repeated over TCP, and is not answered.
    let listener = std::net::TcpListener::bind(address).unwrap();
    listener.set_nonblocking(true).unwrap();
    shared.listen(TcpListener::from_std(listener).unwrap(), |stream| async move {
        let _kept = stream;
        std::future::pending::<()>().await;
    });
}

async fn answer(socket: &UdpSocket, packet: &[u8], from: SocketAddr) -> io::Result<()> {
    let Some(question) = Question::read(packet) else { return Ok(()) };
    let is_a = question.kind == A;
    let addresses = |all: &[Ipv4Addr]| if is_a { all.to_vec() } else { Vec::new() };
    let reply = match question.word.as_str() {
        "mute" => return Ok(()),
        "slow" => {
            sleep(Duration::from_millis(300)).await;
            question.addresses(&addresses(&[OWN]))
        }
        "loopback" => question.addresses(&addresses(&[Ipv4Addr::LOCALHOST])),
        "metadata" => question.addresses(&addresses(&[Ipv4Addr::new(169, 254, 169, 254)])),
        "unspecified" => question.addresses(&addresses(&[Ipv4Addr::UNSPECIFIED])),
        "mixed" => question.addresses(&addresses(&[Ipv4Addr::LOCALHOST, OWN])),
        // As many addresses as fit into a packet. The first one is not usable.
        "many" => question.addresses(&addresses(&[OWN; 25])),
        "empty" => question.addresses(&[]),
        "nx" => question.code(NO_SUCH_NAME),
        "fail" => question.code(SERVER_FAILURE),
        "refuse" => question.code(REFUSED),
        "truncated" => question.truncated(),
        "loop" => question.alias_of_itself(),
        "garbage" => question.garbage(),
        "wrong-id" => {
            let mut reply = question.addresses(&addresses(&[OWN]));
            reply[0] ^= 0xff;
            reply
        }
        "flood" => {
            for _ in 0..200 {
                socket.send_to(&question.addresses(&addresses(&[OWN])), from).await?;
            }
            return Ok(());
        }
        _ => question.addresses(&addresses(&[OWN])),
    };
    socket.send_to(&reply, from).await.map(drop)
}

struct Question {
    /// Head and question, as received.
    bytes: Vec<u8>,
    word: String,
    kind: u16,
}

impl Question {
    fn read(packet: &[u8]) -> Option<Self> {
        let (mut at, mut labels) = (HEAD, Vec::new());
        while let length @ 1.. = usize::from(*packet.get(at)?) {
            labels.push(String::from_utf8_lossy(packet.get(at + 1..at + 1 + length)?).to_ascii_lowercase());
            at += 1 + length;
        }
        let kind = u16::from_be_bytes([*packet.get(at + 1)?, *packet.get(at + 2)?]);
        let name = labels.join(".");
        let word = name.strip_suffix(&format!(".{DOMAIN}"))?.rsplit('.').next()?.to_owned();
        Some(Self { bytes: packet.get(..at + 5)?.to_vec(), word, kind })
    }

    /// The head and question of a reply with this number of records.
    fn head(&self, flags: u8, code: u8, records: u16) -> Vec<u8> {
        let mut reply = self.bytes.clone();
        reply[2] = 0x81 | flags;
        reply[3] = 0x80 | code;
        reply[4..HEAD].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
        reply[6..8].copy_from_slice(&records.to_be_bytes());
        reply
    }

    fn addresses(&self, all: &[Ipv4Addr]) -> Vec<u8> {
        let mut reply = self.head(0, 0, u16::try_from(all.len()).unwrap());
        for address in all {
            reply.extend(record(A, &address.octets()));
        }
        reply
    }

    fn code(&self, code: u8) -> Vec<u8> {
        self.head(0, code, 0)
    }

    fn truncated(&self) -> Vec<u8> {
        self.head(2, 0, 0)
    }

    fn alias_of_itself(&self) -> Vec<u8> {
        let mut reply = self.head(0, 0, 1);
        reply.extend(record(CNAME, &[0xc0, HEAD as u8]));
        reply
    }

    /// A record that is longer than the packet, with a name that points to itself.
    fn garbage(&self) -> Vec<u8> {
        let mut reply = self.head(0, 0, 0xffff);
        let at = reply.len() as u8;
        reply.extend([0xc0, at, 0, 1, 0, 1, 0, 0, 0, 0, 0xff, 0xff, 1]);
        reply
    }
}

/// A record for the requested name, with a lifetime of zero.
fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [&[0xc0, HEAD as u8], &kind.to_be_bytes()[..], &[0, 1, 0, 0, 0, 0], &length, data].concat()
}
