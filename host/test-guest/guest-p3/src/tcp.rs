use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;
use wasip3::sockets::ip_name_lookup::resolve_addresses;
use wasip3::sockets::types::{
    IpAddress, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
};
use wasip3::wit_stream;

use crate::answer::Answer;

/// Connects to `HOST:PORT`, sends a text, ends it, and answers with what came until the end, `{"received_b64"}`, or with
/// `{"error"}`.
pub async fn answer(instruction: &str) -> Answer {
    let Some((to, text)) = instruction.split_once('/') else {
        return Answer::text(400, "bad instruction: HOST:PORT/TEXT is needed");
    };
    match exchange(to, text).await {
        Ok(received) => Answer::json(&json!({ "received_b64": BASE64_STANDARD.encode(received) })),
        Err(error) => Answer::json(&json!({ "error": error })),
    }
}

async fn exchange(to: &str, text: &str) -> Result<Vec<u8>, String> {
    let socket = connect(to).await?;
    let (mut sender, data) = wit_stream::new();
    let sent = socket.send(data);
    let (incoming, ended) = socket.receive();
    let rest = sender.write_all(text.as_bytes().to_vec()).await;
    drop(sender);
    let received = incoming.collect().await;
    ended.await.map_err(|error| format!("{error:?}"))?;
    sent.await.map_err(|error| format!("{error:?}"))?;
    if rest.is_empty() { Ok(received) } else { Err(format!("{} bytes were not taken", rest.len())) }
}

/// An open connection to `HOST:PORT`.
pub async fn connect(to: &str) -> Result<TcpSocket, String> {
    let (host, port) = to.rsplit_once(':').ok_or("no port")?;
    let port = port.parse().map_err(|_| "no port")?;
    let found = resolve_addresses(host.to_owned()).await.map_err(|error| format!("{error:?}"))?;
    let (family, address) = match found.first().ok_or("no address")? {
        IpAddress::Ipv4(address) => {
            (IpAddressFamily::Ipv4, IpSocketAddress::Ipv4(Ipv4SocketAddress { port, address: *address }))
        }
        IpAddress::Ipv6(address) => (
            IpAddressFamily::Ipv6,
            IpSocketAddress::Ipv6(Ipv6SocketAddress { port, address: *address, flow_info: 0, scope_id: 0 }),
        ),
    };
    let socket = TcpSocket::create(family).map_err(|error| format!("{error:?}"))?;
    socket.connect(address).await.map_err(|error| format!("{error:?}"))?;
    Ok(socket)
}
