//! `funcserver serve`: a local load balancer in front of a component.

use std::fmt::{self, Display, Write as _};
use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use bytes::Bytes;
use funcserver_bootstrap::config::Env;
use funcserver_bootstrap::{Outcome, Times};
use funcserver_events::alb::HeaderMode;
use funcserver_local::InvocationError;
use funcserver_local::balancer::{self, Answer, Options, Record};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args;
use crate::local::LocalFunction;
use crate::output;

/// Events answered at once; more wait. Lambda would start as many environments.
const CONCURRENCY: usize = 128;

/// How long requests on their way may take to end after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(3);

pub(crate) fn run(args: &args::Serve, env: &dyn Env) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    let result = runtime.block_on(serve(args, env));
    // What is left, such as work of a component after its reply, must not keep the process.
    runtime.shutdown_background();
    result
}

async fn serve(args: &args::Serve, env: &dyn Env) -> Result<ExitCode> {
    // First, as compiling can take its time: an address in use should be told at once.
    let listener = listen(args.listen).await?;
    let timeout = args.timeout.duration();
    let (function, origin) = LocalFunction::load(args.component.path.as_deref(), timeout, CONCURRENCY, env)?;
    let shutdown = terminated().context("cannot wait for signals")?;

    let address = listener.local_addr().context("cannot tell the address")?;
    output::line(format_args!("http://{address}"))?;
    output::note(format_args!("serving {origin} on http://{address}; Ctrl-C ends it"));
    let header_mode = if args.multi_value_headers { HeaderMode::Multi } else { HeaderMode::Single };
    let options = Options { header_mode, drain: DRAIN, log: Arc::new(tell), ..Options::default() };
    let handler = move |event| answer(function.clone(), event);
    let broken_off = balancer::serve(listener, options, handler, shutdown).await.context("the load balancer failed")?;
    if broken_off > 0 {
        output::warn(format_args!("{broken_off} connections were broken off"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow!(
                "{address} is in use by another program; end that one, or listen elsewhere: --listen {}:0",
                host(address)
            )
        }
        _ => anyhow!("cannot listen on {address}: {error}; listen elsewhere: --listen 127.0.0.1:0"),
    })
}

/// The address without its port, as a URL has it.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

/// Ready when SIGINT or SIGTERM comes.
fn terminated() -> io::Result<impl Future<Output = ()>> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

async fn answer(function: LocalFunction, event: Bytes) -> Result<Answer, InvocationError> {
    let (outcome, after) = function.invoke(event).await;
    tokio::spawn(after.finish());
    match outcome {
        Outcome::Reply { json, times } => Ok(Answer { reply: json, note: Some(note(times)) }),
        Outcome::Error { kind, message } => Err(InvocationError::function(kind, message)),
    }
}

fn note(times: Times) -> String {
    format!("decode {} guest {} encode {}", Time(times.decode), Time(times.guest), Time(times.encode))
}

/// Writes the line of one request.
fn tell(record: &Record) {
    output::note(line(record));
}

fn line(record: &Record) -> String {
    let mut line = format!("{} {} {}", printable(&record.method), printable(&record.target), record.status);
    // Writing to a string does not fail.
    match &record.note {
        Some(note) => _ = write!(line, " {note}"),
        None => _ = write!(line, " in {}", Time(record.duration)),
    }
    let reason = record.reason.into_iter().map(str::to_owned);
    for text in reason.chain(record.detail.as_deref().map(printable)) {
        _ = write!(line, " {text}");
    }
    line
}

/// Text of others, without what would move a terminal's cursor.
fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// A time in milliseconds.
struct Time(Duration);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            client: ([127, 0, 0, 1], 40000).into(),
            method: "GET".into(),
            target: "/products?a=1".into(),
            status: 200,
            reason: None,
            detail: None,
            duration: Duration::from_micros(900),
            note: None,
        }
    }

    #[test]
    fn a_request_is_one_line_with_its_times() {
        let times = Times {
            decode: Duration::from_micros(50),
            guest: Duration::from_micros(612),
            encode: Duration::from_micros(21),
        };
        let record = Record { note: Some(note(times)), ..record() };
        assert_eq!(line(&record), "GET /products?a=1 200 decode 0.05 ms guest 0.61 ms encode 0.02 ms");
    }

    #[test]
    fn a_refused_request_has_its_reason() {
        let (reason, detail) = (Some("LambdaInvalidResponse"), Some("no\u{1b}[2J JSON".to_owned()));
        let record = Record { status: 502, reason, detail, ..record() };
        assert_eq!(line(&record), "GET /products?a=1 502 in 0.90 ms LambdaInvalidResponse no\u{fffd}[2J JSON");
    }

    #[test]
    fn the_host_of_an_address_has_its_brackets() {
        assert_eq!(host("127.0.0.1:80".parse().unwrap()), "127.0.0.1");
        assert_eq!(host("[::1]:80".parse().unwrap()), "[::1]");
    }
}
