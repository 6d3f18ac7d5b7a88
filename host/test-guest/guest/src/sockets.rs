use std::net::{TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

use serde_json::json;

use crate::answer::Answer;

/// The operation with an address.
#[derive(Clone, Copy)]
pub enum Act {
    Connect,
    Bind,
    Resolve,
}

/// Answers with `{"done"}` if the host allowed it, otherwise `{"error"}`.
pub fn answer(act: Act, address: &str) -> Answer {
    let done = match act {
        Act::Connect => TcpStream::connect(address).map(drop),
        Act::Bind => TcpListener::bind(address).map(drop).and_then(|()| UdpSocket::bind(address).map(drop)),
        Act::Resolve => address.to_socket_addrs().map(drop),
    };
    Answer::json(&match done {
        Ok(()) => json!({ "done": address }),
        Err(error) => json!({ "error": error.to_string() }),
    })
}
