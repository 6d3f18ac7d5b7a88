//! `wasi:sockets` without the standard library: what it never asks for, and much of it.

use serde_json::{Value, json};
use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::ip_name_lookup::resolve_addresses;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;
use wasip2::sockets::udp_create_socket::create_udp_socket;

use crate::answer::Answer;

/// Tries operations that only servers need, or that are out of turn, and answers with the error of each.
pub fn refusals() -> Answer {
    let network = instance_network();
    let bind = |address, port| tcp()?.start_bind(&network, v4(address, port));
    let connect = |address, port| tcp()?.start_connect(&network, v4(address, port));
    Answer::json(&json!({
        "bind-port": told(bind([0, 0, 0, 0], 8080)),
        "bind-loopback": told(bind([127, 0, 0, 1], 0)),
        "bind-metadata": told(bind([169, 254, 169, 254], 0)),
        "listen": told(tcp().and_then(|socket| socket.start_listen())),
        "accept": told(tcp().and_then(|socket| socket.accept())),
        "shutdown": told(tcp().and_then(|socket| socket.shutdown(ShutdownType::Both))),
        "finish": told(tcp().and_then(|socket| socket.finish_connect())),
        "udp": told(create_udp_socket(IpAddressFamily::Ipv4)),
        "udp-6": told(create_udp_socket(IpAddressFamily::Ipv6)),
        "no-port": told(connect([10, 0, 0, 5], 0)),
        "unspecified": told(connect([0, 0, 0, 0], 80)),
        "other-family": told(create_tcp_socket(IpAddressFamily::Ipv6)
            .and_then(|socket| socket.start_connect(&network, v4([10, 0, 0, 5], 80)))),
    }))
}

/// Looks up `COUNT:LENGTH:SUFFIX`, so many names of this length, and answers with `{"found", "refused"}`.
pub fn look_up(what: &str) -> Answer {
    let mut parts = what.splitn(3, ':');
    let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok());
    let (Some(count), Some(length), Some(suffix)) = (number(parts.next()), number(parts.next()), parts.next()) else {
        return Answer::bad_instruction("COUNT:LENGTH:SUFFIX is needed".to_owned());
    };
    let network = instance_network();
    let (mut found, mut refused) = (0, 0);
    for number in 0..count {
        // Labels of more than 63 characters are no names.
        let name = format!("{number}.{suffix}");
        let name = "a.".repeat(length.saturating_sub(name.len()) / 2) + &name;
        match resolve_addresses(&network, &name) {
            Ok(_) => found += 1,
            Err(_) => refused += 1,
        }
    }
    Answer::json(&json!({ "found": found, "refused": refused }))
}

/// `COUNT:HOST:PORT`: begins as many connections, one after the other, and drops each: the socket alone, a connection that
/// was begun, one that the host has begun to open, and one that is open, in turn. Answers with `{"errors"}`.
pub fn drop_early(what: &str) -> Answer {
    let instructed = what.split_once(':').and_then(|(count, to)| Some((count.parse::<usize>().ok()?, to)));
    let Some((count, (host, port))) = instructed.and_then(|(count, to)| Some((count, to.rsplit_once(':')?))) else {
        return Answer::bad_instruction("COUNT:HOST:PORT is needed".to_owned());
    };
    let mut errors: Vec<String> = Vec::new();
    for number in 0..count {
        if let Err(error) = drop_one(number % 4, host, port.parse().unwrap_or(0)) {
            errors.push(format!("{error:?}"));
        }
    }
    errors.dedup();
    Answer::json(&json!({ "errors": errors }))
}

fn drop_one(state: usize, host: &str, port: u16) -> Result<(), ErrorCode> {
    let network = instance_network();
    let socket = tcp()?;
    if state == 0 {
        return Ok(());
    }
    let address = loop {
        let found = resolve_addresses(&network, host)?;
        found.subscribe().block();
        if let Some(wasip2::sockets::network::IpAddress::Ipv4(address)) = found.resolve_next_address()? {
            break address;
        }
    };
    socket.start_connect(&network, IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address }))?;
    let ready = socket.subscribe();
    match state {
        1 => {}
        2 => {
            ready.ready();
        }
        _ => {
            ready.block();
            let (_input, output) = socket.finish_connect()?;
            if output.check_write().is_ok_and(|room| room > 0) {
                let _ = output.write(b"unread");
            }
        }
    }
    drop(ready);
    Ok(())
}

fn tcp() -> Result<TcpSocket, ErrorCode> {
    create_tcp_socket(IpAddressFamily::Ipv4)
}

fn v4([a, b, c, d]: [u8; 4], port: u16) -> IpSocketAddress {
    IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: (a, b, c, d) })
}

fn told<T>(result: Result<T, ErrorCode>) -> Value {
    result.map_or_else(|error| json!(error.name()), |_| json!("done"))
}
