//! A local Application Load Balancer: an HTTP/1.1 server that turns requests into events, and replies into responses.
//!
//! It does to requests what a load balancer with a target group of type `lambda` does, refuses what that one refuses, and
//! is as strict about replies. What it loses of a request is what an event loses:
//! [`normal_form`](funcserver_events::alb::normal_form()).
//!
//! | what | status | code in the log |
//! | --- | --- | --- |
//! | a request that is malformed, lacks its `Host`, or has no path as its target | 400 | |
//! | an upgrade to another protocol | 400 | |
//! | request line or a header line above 16 KiB, all of them above 64 KiB | 400 | |
//! | a header value that is no UTF-8 | 400 | `LambdaBadRequest` |
//! | `TRACE` | 405 | |
//! | nothing more of the body for 60 seconds | 408 | |
//! | a body above 1 MiB | 413 | `LambdaRequestTooLarge` |
//! | a `Host` that is none of [`BalancerOptions::hosts`], which no load balancer looks at | 421 | |
//! | none: the time to drain was over, or the client gone | 460 | |
//! | more than 30 addresses in `X-Forwarded-For` | 463 | |
//! | a `Transfer-Encoding` other than `chunked` | 501 | |
//! | a reply that is malformed | 502 | `LambdaInvalidResponse` |
//! | a reply above 1 MiB, or with headers above 32 KiB | 502 | `LambdaResponseTooLarge` |
//! | too many requests at once | 502 | `LambdaThrottling` |
//! | any other invocation error, a time-out among them | 502 | `LambdaUnhandled` |
//!
//! **Targets.** A target reaches the event byte by byte: `/a/../b`, `//x`, `%2F`, `[`, `|`, `{`, `^`, `\`, a stray `%`, and raw
//! UTF-8. The parser below refuses, with an empty 400: bytes that are no UTF-8; control bytes, space and DEL; in a path
//! `` ` ``, `<` and `>`; in a query `"`, `<` and `>`. It cuts a target at `#`. A target of more than 65,534 bytes gets 414 from it, and a
//! head above 1 MiB or of more than 16,384 lines 431, where a load balancer says 400.
//! Of a 304 the server below drops `content-length`.
//!
//! Sources: AWS, *Elastic Load Balancing user guide for Application Load Balancers*, "Lambda functions as targets", "HTTP
//! headers", "Request tracing", "Troubleshoot", "Access logs".

mod body;
mod check;
mod connection;
mod event;
mod exchange;
mod forward;
mod handler;
mod hosts;
mod page;
mod record;

pub use event::{event, health_check};
pub use handler::{FunctionReply, Handler};
pub use hosts::Hosts;
pub use page::Refusal;
pub use record::{AccessLog, Record};

use connection::Front;
use funcserver_events::alb::HeaderMode;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The settings of a load balancer.
#[derive(Clone)]
pub struct BalancerOptions {
    /// The target group's attribute `lambda.multi_value_headers.enabled`.
    pub header_mode: HeaderMode,
    /// What the events have as `targetGroupArn`.
    pub target_group_arn: String,
    /// Which names of itself it answers.
    pub hosts: Hosts,
    /// How long requests on their way may take to end after the shutdown.
    pub drain: Duration,
    /// Takes a record of each request.
    pub log: AccessLog,
}

impl Default for BalancerOptions {
    /// Single-value headers, an example's target group, any host, 10 seconds to drain, no log.
    fn default() -> Self {
        Self {
            header_mode: HeaderMode::default(),
            target_group_arn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/local/0123456789abcdef"
                .into(),
            hosts: Hosts::Any,
            drain: Duration::from_secs(10),
            log: Arc::new(|_: &Record| {}),
        }
    }
}

/// Serves on `listener` until `shutdown` is ready, then takes no more requests and waits for those on their way.
///
/// Returns how many connections were broken off because they took longer than [`BalancerOptions::drain`].
///
/// # Errors
/// Only if the listener does not know its own address. Connections that cannot be accepted are tried again.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    options: BalancerOptions,
    handler: H,
    shutdown: impl Future<Output = ()>,
) -> io::Result<usize> {
    let port = listener.local_addr()?.port();
    let drain = options.drain;
    let front = Arc::new(Front { options, handler, port });
    let (closing, _) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    connections.spawn(connection::serve(Arc::clone(&front), stream, client, closing.subscribe()));
                }
                // Mostly too many open files: a pause lets some of them close.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(drain, drained).await;
    let broken_off = connections.len();
    connections.shutdown().await;
    Ok(broken_off)
}
