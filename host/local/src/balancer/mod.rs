//! A local front end, by default an Application Load Balancer: an HTTP/1.1 server that converts requests to events, and
//! replies to responses.
//!
//! It behaves like a load balancer with a target group of type `lambda`, rejects the same requests, and is as strict
//! about replies. An event loses some information of a request: see
//! [`normal_form`](funcserver_events::alb::normal_form()).
//!
//! | request or reply | status | `error_reason` |
//! | --- | --- | --- |
//! | a request that is malformed, lacks its `Host`, or has no path as its target | 400 | |
//! | an upgrade to another protocol | 400 | |
//! | request line or a header line above 16 KiB, all of them above 64 KiB | 400 | |
//! | a header value that is not UTF-8 | 400 | `LambdaBadRequest` |
//! | `TRACE` | 405 | |
//! | no part of the body arrives for 60 seconds | 408 | |
//! | a body above 1 MiB | 413 | `LambdaRequestTooLarge` |
//! | a `Host` that [`BalancerOptions::hosts`] does not allow (a load balancer does not check it) | 421 | |
//! | no response: the drain time was over, or the client disconnected | 460 | |
//! | more than 30 addresses in `X-Forwarded-For` | 463 | |
//! | a `Transfer-Encoding` other than `chunked` | 501 | |
//! | a malformed reply | 502 | `LambdaInvalidResponse` |
//! | a reply above 1 MiB, or with headers above 32 KiB | 502 | `LambdaResponseTooLarge` |
//! | too many concurrent requests | 502 | `LambdaThrottling` |
//! | any other invocation error, including a time-out | 502 | `LambdaUnhandled` |
//!
//! Other front ends ([`BalancerOptions::front`]) send their own events, and read replies in their own form. They accept
//! bodies of 6 MiB, and the checks of requests are those of a load balancer. A path outside the stage of an API is 403.
//!
//! With [`BalancerOptions::stream`] a function URL or a REST API passes a streamed reply on as it comes, up to 200 MiB.
//! It answers 502 (`LambdaInvalidResponse`) to a prelude that the real one rejects. A reply that breaks off closes the
//! connection. A whole reply where a stream is expected, or a stream where it is not, is 502 as well: the real front ends
//! send the client something of no use.
//!
//! **Targets.** The target is copied to the event byte by byte: `/a/../b`, `//x`, `%2F`, `[`, `|`, `{`, `^`, `\`, a
//! stray `%`, and raw UTF-8. The HTTP parser rejects these with an empty 400: bytes that are not UTF-8; control bytes,
//! space and DEL; in a path `` ` ``, `<` and `>`; in a query `"`, `<` and `>`. It truncates a target at `#`. It answers
//! 414 to a target of more than 65,534 bytes, and 431 to a head above 1 MiB or with more than 16,384 lines, where a
//! load balancer answers 400. The HTTP server removes the `content-length` of a 304.
//!
//! Sources: AWS, *Elastic Load Balancing user guide for Application Load Balancers*, "Lambda functions as targets", "HTTP
//! headers", "Request tracing", "Troubleshoot", "Access logs".

mod body;
mod check;
mod connection;
mod error_page;
mod event;
mod exchange;
mod forward;
mod handler;
mod hosts;
mod record;
mod streamed;

pub use error_page::Refusal;
pub use event::{event, health_check};
pub use handler::Handler;
pub use hosts::Hosts;
pub use record::{AccessLog, Record};

use std::io;
use std::sync::Arc;
use std::time::Duration;

use funcserver_events::FrontKind;
use funcserver_events::alb::HeaderMode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::connection::ServerContext;
use crate::accept::accept;

/// The settings of a load balancer.
#[derive(Clone)]
pub struct BalancerOptions {
    /// The front end whose events it sends, and whose replies it reads.
    pub front: FrontKind,
    /// Whether it streams replies. Only function URLs and REST APIs can, and then they need a function that streams.
    pub stream: bool,
    /// The stage of the API, or `$default`. Any other is the first segment of the paths that clients ask for.
    pub stage: String,
    /// The `targetGroupArn` of the events.
    pub target_group_arn: String,
    /// The values of `Host` that it accepts.
    pub hosts: Hosts,
    /// The time that requests in flight have to end after the shutdown.
    pub drain: Duration,
    /// Receives a record of each request.
    pub log: AccessLog,
}

impl Default for BalancerOptions {
    /// Single-value headers, an example target group, any host, 10 seconds to drain, no log.
    fn default() -> Self {
        Self {
            front: FrontKind::Alb(HeaderMode::default()),
            stream: false,
            stage: DEFAULT_STAGE.into(),
            target_group_arn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/local/0123456789abcdef"
                .into(),
            hosts: Hosts::Any,
            drain: Duration::from_secs(10),
            log: Arc::new(|_: &Record| {}),
        }
    }
}

/// The stage that is in no path.
const DEFAULT_STAGE: &str = "$default";
/// The largest body that a load balancer accepts.
const MAX_BODY: usize = 1024 * 1024;
/// The largest event that Lambda accepts, which limits the bodies of the other front ends (AWS, "Lambda quotas").
const MAX_EVENT: usize = 6 * 1024 * 1024;

impl BalancerOptions {
    /// With this stage, if there is one.
    #[must_use]
    pub fn at_stage(self, stage: Option<String>) -> Self {
        Self { stage: stage.unwrap_or_else(|| DEFAULT_STAGE.into()), ..self }
    }

    /// The largest body, in bytes.
    fn max_body(&self) -> usize {
        if matches!(self.front, FrontKind::Alb(_)) { MAX_BODY } else { MAX_EVENT }
    }
}

/// Serves on `listener` until `shutdown` completes, then accepts no more requests and waits for those in flight.
///
/// Returns the number of connections that were closed because they took longer than [`BalancerOptions::drain`].
///
/// # Errors
/// The listener's own address is unknown. An error of `accept` is not returned; the call is repeated.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    options: BalancerOptions,
    handler: H,
    shutdown: impl Future<Output = ()>,
) -> io::Result<usize> {
    let port = listener.local_addr()?.port();
    let drain = options.drain;
    let context = Arc::new(ServerContext { options, handler, port });
    let (closing, _) = watch::channel(false);
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            (stream, client) = accept(&listener) => {
                connections.spawn(connection::serve(context.clone(), stream, client, closing.subscribe()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(drain, drained).await;
    let aborted = connections.len();
    connections.shutdown().await;
    Ok(aborted)
}
