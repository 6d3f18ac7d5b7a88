//! Sockets of 0.3: what a client never asks for, and streams that the host passes from one place to another.

use serde_json::{Value, json};
use wasip3::cli::stdout;
use wasip3::http::types::{ErrorCode as HttpError, Fields, Response};
use wasip3::sockets::ip_name_lookup::resolve_addresses;
use wasip3::sockets::types::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, TcpSocket, UdpSocket};
use wasip3::wit_bindgen::StreamReader;
use wasip3::wit_future;

use crate::answer::Answer;
use crate::tcp;

/// Tries operations that only servers need, or that are out of turn, and answers with the error of each.
pub async fn refusals() -> Answer {
    let bind = |address, port| socket()?.bind(v4(address, port));
    let connect = |family, address, port| async move { TcpSocket::create(family)?.connect(v4(address, port)).await };
    Answer::json(&json!({
        "bind-port": told(bind([0, 0, 0, 0], 8080)),
        "bind-loopback": told(bind([127, 0, 0, 1], 0)),
        "bind-metadata": told(bind([169, 254, 169, 254], 0)),
        "listen": told(socket().and_then(|socket| socket.listen())),
        "udp": told(UdpSocket::create(IpAddressFamily::Ipv4)),
        "udp-6": told(UdpSocket::create(IpAddressFamily::Ipv6)),
        "no-port": told(connect(IpAddressFamily::Ipv4, [10, 0, 0, 5], 0).await),
        "unspecified": told(connect(IpAddressFamily::Ipv4, [0, 0, 0, 0], 80).await),
        "other-family": told(connect(IpAddressFamily::Ipv6, [10, 0, 0, 5], 80).await),
        "send": told(send_unconnected().await),
        "receive": told(receive_unconnected().await),
    }))
}

async fn send_unconnected() -> Result<(), ErrorCode> {
    let (_, data) = wasip3::wit_stream::new();
    socket()?.send(data).await
}

async fn receive_unconnected() -> Result<(), ErrorCode> {
    let (_data, ended) = socket()?.receive();
    ended.await
}

/// Looks up `COUNT:LENGTH:SUFFIX`, so many names of this length, and answers with `{"found", "refused"}`.
pub async fn look_up(what: &str) -> Answer {
    let mut parts = what.splitn(3, ':');
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok());
    let (Some(count), Some(length), Some(suffix)) = (number(parts.next()), number(parts.next()), parts.next()) else {
        return Answer::text(400, "bad instruction: COUNT:LENGTH:SUFFIX is needed");
    };
    let (mut found, mut refused) = (0, 0);
    for number in 0..count {
        let name = format!("{number}.{suffix}");
        let name = "a.".repeat(length.saturating_sub(name.len()) / 2) + &name;
        match resolve_addresses(name).await {
            Ok(_) => found += 1,
            Err(_) => refused += 1,
        }
    }
    Answer::json(&json!({ "found": found, "refused": refused }))
}

/// Gives everything that `FROM/TO` names: the first server sends it, the second one receives it, and no byte of it passes
/// through the guest.
pub async fn pump(servers: &str) -> Answer {
    let Some((from, to)) = servers.split_once('/') else {
        return Answer::text(400, "bad instruction: HOST:PORT/HOST:PORT is needed");
    };
    let (Ok(from), Ok(to)) = (tcp::connect(from).await, tcp::connect(to).await) else {
        return Answer::text(502, "no connection");
    };
    let (data, _ended) = from.receive();
    Answer::json(&told(to.send(data).await))
}

/// Prints everything that a server sends, without a byte of it in the guest.
pub async fn print(from: &str) -> Answer {
    let Ok(from) = tcp::connect(from).await else { return Answer::text(502, "no connection") };
    let (data, _ended) = from.receive();
    let printed = stdout::write_via_stream(data).await;
    Answer::json(&json!(format!("{printed:?}")))
}

/// Answers with everything that a server sends, without a byte of it in the guest.
pub async fn body(from: &str) -> Result<Response, HttpError> {
    let from = tcp::connect(from).await.map_err(|error| HttpError::InternalError(Some(error)))?;
    let (data, _ended): (StreamReader<u8>, _) = from.receive();
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(Fields::new(), Some(data), trailers);
    Ok(response)
}

fn socket() -> Result<TcpSocket, ErrorCode> {
    TcpSocket::create(IpAddressFamily::Ipv4)
}

fn v4([a, b, c, d]: [u8; 4], port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) })
}

fn told<T>(result: Result<T, ErrorCode>) -> Value {
    result.map_or_else(|error| json!(format!("{error:?}")), |_| json!("done"))
}
