//! One connection of the runtime.

use std::io;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::net::TcpStream;
use tokio::time::sleep;

use super::fault::{ENDLESS, NextFault, PAUSE, PostFault};
use super::wire::{Request, Wire};
use crate::judge::Answer;
use crate::ledger::{Ledger, Post};
use crate::peers::Peers;
use crate::queue::Ticket;

const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const INVOCATION: &str = "/2018-06-01/runtime/invocation/";

/// Whether the connection stays open.
enum Then {
    Keep(Wire),
    Closed,
}

pub(crate) async fn serve(stream: TcpStream, ledger: Arc<Ledger>, peers: Peers) {
    let mut wire = Wire::new(stream);
    while let Ok(Some(request)) = wire.request().await {
        let done = if request.method == "GET" && request.path == NEXT {
            next(wire, &ledger, &peers).await
        } else {
            post(wire, &request, &ledger).await
        };
        match done {
            Ok(Then::Keep(kept)) => wire = kept,
            _ => return,
        }
    }
}

async fn next(wire: Wire, ledger: &Ledger, peers: &Peers) -> io::Result<Then> {
    let mut ticket = tokio::select! {
        ticket = ledger.take() => ticket,
        () = wire.closed() => return Ok(Then::Closed),
    };
    let Some(fault) = ticket.next_fault.take() else {
        return handed_out(wire, ledger, peers, ticket, false).await;
    };
    ledger.count_fault(fault.name());
    match fault {
        NextFault::Delay => sleep(PAUSE).await,
        NextFault::Slow => return handed_out(wire, ledger, peers, ticket, true).await,
        _ => {
            let then = instead(wire, ledger, peers, ticket, fault).await;
            ledger.again(ticket);
            return then;
        }
    }
    handed_out(wire, ledger, peers, ticket, false).await
}

/// Sends a faulty answer instead of an event.
async fn instead(mut wire: Wire, ledger: &Ledger, peers: &Peers, ticket: Ticket, fault: NextFault) -> io::Result<Then> {
    match fault {
        NextFault::Refuse(status) => {
            wire.status(status, "").await?;
            return Ok(Then::Keep(wire));
        }
        NextFault::NoId => {
            wire.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await?;
            return Ok(Then::Keep(wire));
        }
        NextFault::Reset => wire.reset(),
        NextFault::Half => {
            let body = ledger.kinds[ticket.kind].case(peers, ticket.seed).event.to_string();
            let id = id(ticket, "half");
            ledger.hand_out_part(&id);
            let whole = format!("{}{body}", head(&id, &body, ledger, ticket));
            wire.write(&whole.as_bytes()[..whole.len() - body.len() / 2 - 1]).await?;
        }
        NextFault::Garbage => wire.write(b"\x16\x03\x01\x02\x00no HTTP at all\r\n\r\n").await?,
        NextFault::Endless => {
            let id = id(ticket, "endless");
            ledger.hand_out_part(&id);
            let head = head(&id, "", ledger, ticket).replace("content-length: 0", "transfer-encoding: chunked");
            wire.write(head.as_bytes()).await?;
            let chunk = [b"100000\r\n".as_slice(), &[b'x'; 0x10_0000], b"\r\n"].concat();
            for _ in 0..ENDLESS >> 20 {
                if wire.write(&chunk).await.is_err() {
                    break;
                }
            }
            ledger.weigh("an endless event");
        }
        NextFault::Close | NextFault::Delay | NextFault::Slow => {}
    }
    Ok(Then::Closed)
}

async fn handed_out(mut wire: Wire, ledger: &Ledger, peers: &Peers, ticket: Ticket, slowly: bool) -> io::Result<Then> {
    let case = ledger.kinds[ticket.kind].case(peers, ticket.seed);
    let (id, body) = (id(ticket, "event"), case.event.to_string());
    let whole = format!("{}{body}", head(&id, &body, ledger, ticket));
    ledger.hand_out(&id, ticket, case.expected, Instant::now());
    if slowly {
        wire.write_slowly(whole.as_bytes(), PAUSE).await?;
    } else {
        wire.write(whole.as_bytes()).await?;
    }
    Ok(Then::Keep(wire))
}

fn id(ticket: Ticket, what: &str) -> String {
    format!("{what}-{}", ticket.number)
}

fn head(id: &str, body: &str, ledger: &Ledger, ticket: Ticket) -> String {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + ledger.kinds[ticket.kind].time;
    format!(
        "HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: {id}\r\nlambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-north-1:111122223333:function:chaos\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        deadline.as_millis(),
        body.len()
    )
}

async fn post(mut wire: Wire, request: &Request, ledger: &Ledger) -> io::Result<Then> {
    let Some((id, end)) = request.path.strip_prefix(INVOCATION).and_then(|path| path.split_once('/')) else {
        // This is the report of a failed start.
        let body = wire.body(request, None).await?;
        eprintln!("{}: {}", request.path, String::from_utf8_lossy(&body));
        wire.status(202, "").await?;
        return Ok(Then::Keep(wire));
    };
    let fault = match ledger.post(id, request.arrived) {
        Post::Take(fault) => fault,
        Post::TakeError => {
            let body = wire.body(request, None).await?;
            ledger.seen_of_part(&Answer { error: end == "error", body });
            wire.status(202, "").await?;
            return Ok(Then::Keep(wire));
        }
        Post::Refuse => {
            wire.body(request, None).await?;
            wire.status(400, "").await?;
            return Ok(Then::Keep(wire));
        }
    };
    if let Some(fault) = fault {
        ledger.count_fault(fault.name());
    }
    match fault {
        Some(PostFault::ResetBefore) => {
            wire.reset();
            return Ok(Then::Closed);
        }
        Some(PostFault::ResetDuring) => {
            wire.half(request).await?;
            wire.reset();
            return Ok(Then::Closed);
        }
        _ => {}
    }
    let slowly = (fault == Some(PostFault::SlowRead)).then_some(PAUSE / 20);
    let body = wire.body(request, slowly).await?;
    let answer = Answer { error: end == "error", body };
    replied(wire, id, answer, fault, ledger).await
}

/// Accepts or rejects an answer that has arrived whole.
async fn replied(
    mut wire: Wire,
    id: &str,
    answer: Answer,
    fault: Option<PostFault>,
    ledger: &Ledger,
) -> io::Result<Then> {
    match fault {
        // It was not accepted: the runtime sends the same answer again, or considers it lost.
        Some(PostFault::Unavailable(status)) => {
            ledger.seen(id, answer);
            wire.status(status, "").await?;
            return Ok(Then::Keep(wire));
        }
        Some(PostFault::ResetAfter) => {
            ledger.seen(id, answer);
            wire.reset();
            return Ok(Then::Closed);
        }
        Some(PostFault::HalfReply) => {
            ledger.seen(id, answer);
            wire.write(b"HTTP/1.1 202 Acc").await?;
            return Ok(Then::Closed);
        }
        _ => {}
    }
    ledger.seen(id, answer);
    let refused = matches!(fault, Some(PostFault::Refuse(_)));
    ledger.settle(id, refused);
    match fault {
        Some(PostFault::Refuse(status)) => wire.status(status, "").await?,
        Some(PostFault::Late) => {
            sleep(PAUSE).await;
            wire.status(202, "").await?;
        }
        Some(PostFault::SlowReply) => {
            wire.write_slowly(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", PAUSE).await?;
        }
        Some(PostFault::Closing) => {
            wire.status(202, "connection: close\r\n").await?;
            return Ok(Then::Closed);
        }
        Some(PostFault::Vanish) => {
            wire.status(202, "").await?;
            return Ok(Then::Closed);
        }
        _ => wire.status(202, "").await?,
    }
    Ok(Then::Keep(wire))
}
