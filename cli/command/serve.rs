//! `funcserver serve`: runs a component, or any custom runtime, behind a local load balancer.

mod access_log;
mod backend;
mod custom_runtime;
mod health;
mod loader;
mod unpack;
mod watch;

use std::convert::Infallible;
use std::future;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_events::{Form, FrontKind};
use funcserver_function::config::Variables;
use funcserver_local::balancer::{self, BalancerOptions, Record};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::args;
use crate::project::Project;
use crate::recording::{Recorded, Recorder};
use crate::{output, progress};
use access_log::AccessLogWriter;
use backend::{Backend, Slot};
use custom_runtime::CustomRuntime;
use loader::{Loader, blocking};
use watch::Watch;

/// How long running requests may take to finish after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(3);

pub(crate) fn run(args: &args::Serve, env: &Variables) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    let result = runtime.block_on(serve(args, env));
    // Remaining work, such as that of a component after its reply, must not keep the process alive.
    runtime.shutdown_background();
    result
}

async fn serve(args: &args::Serve, env: &Variables) -> Result<ExitCode> {
    let (front, stage) = args.front.chosen().map_err(anyhow::Error::msg)?;
    if args.health.path.is_some() && !matches!(front, FrontKind::Alb(_)) {
        bail!("only a load balancer checks health: omit --health-check, or use --front alb");
    }
    if args.stream && Form::of(front).streamed().is_none() {
        bail!("--stream is for front ends that stream: add --front url or --front rest");
    }
    // Listen first: compiling can take long, and an address in use should be reported at once.
    let listener = listen(args.listen).await?;
    let check = health::settings(&args.health)?;
    let recorder = args.record.as_deref().map(|folder| recorder(folder, env)).transpose()?;
    let lines = AccessLogWriter::default();
    let shutdown = terminated().context("cannot wait for signals")?;
    tokio::pin!(shutdown);
    let start = tokio::select! {
        start = Start::of(args, front, env, lines.clone()) => start?,
        () = &mut shutdown => return Ok(ExitCode::SUCCESS),
    };

    let address = listener.local_addr().context("cannot tell the address")?;
    output::line(format_args!("http://{address}"))?;
    output::note(format_args!("serving {} on http://{address}; stop with Ctrl-C", start.name));
    progress::be_plain();
    let options = BalancerOptions {
        front,
        stream: args.stream,
        drain: DRAIN,
        hosts: args.hosts(),
        log: Arc::new(move |record: &Record| lines.tell(record)),
        ..BalancerOptions::default()
    }
    .at_stage(stage);
    let backend = start.backend;
    let serving = balancer::serve(listener, options.clone(), Recorded::new(backend.clone(), recorder), shutdown);
    let broken_off = tokio::select! {
        broken_off = serving => broken_off.context("the load balancer failed")?,
        never = health::run(check, backend.clone(), &options) => match never {},
        never = watch(start.watch) => match never {},
    };
    if broken_off > 0 {
        output::warn(format_args!("{broken_off} connections were closed before their requests finished"));
    }
    backend.end().await;
    Ok(ExitCode::SUCCESS)
}

/// The backend to serve.
struct Start {
    backend: Backend,
    name: String,
    watch: Option<(Watch, Slot)>,
}

impl Start {
    async fn of(args: &args::Serve, front: FrontKind, env: &Variables, lines: AccessLogWriter) -> Result<Start> {
        if let Some(runtime) = CustomRuntime::of(args, env)? {
            let name = runtime.name.clone();
            return Ok(Start { backend: Backend::Runtime(Arc::new(runtime)), name, watch: None });
        }
        check_stream(args, front, &Project::read(env)?)?;
        let loader = Loader::new(args, env, Arc::new(lines));
        let (function, origin, watch) = if args.watch {
            let (watch, function, origin) = Watch::start(loader).await?;
            (function, origin, Some(watch))
        } else {
            let project = loader.project()?;
            let (function, origin) = blocking(move || loader.load_built(&project)).await?;
            (function, origin, None)
        };
        let slot = Slot::new(function);
        let watch = watch.map(|watch| (watch, slot.clone()));
        Ok(Start { backend: Backend::Component(slot), name: origin.to_string(), watch })
    }
}

/// Reports at the start that function and front end differ in whether they stream. In the cloud nothing reports it, and
/// clients get an answer of no use. The settings of a custom runtime are not known here: its replies are judged.
fn check_stream(args: &args::Serve, front: FrontKind, project: &Project) -> Result<()> {
    if Form::of(front).streamed().is_none() {
        return Ok(());
    }
    let front = front.words();
    match (project.config.response.stream, args.stream) {
        (true, false) => {
            bail!(
                "response.stream = true, and {front} must be configured for it, too: add --stream, or set it to false"
            )
        }
        (false, true) => {
            bail!(
                "--stream needs a function that streams: set response.stream = true in funcserver.toml, or omit --stream"
            )
        }
        _ => Ok(()),
    }
}

/// Recordings may contain cookies and tokens, so they must not become part of the function.
fn recorder(folder: &Path, env: &Variables) -> Result<Recorder> {
    let recorder = Recorder::open(folder)?;
    let assets = Project::read(env).ok().map_or(Ok(None), |project| project.assets())?;
    if let Some(assets) = assets.filter(|assets| folder.canonicalize().is_ok_and(|folder| folder.starts_with(assets))) {
        bail!(
            "--record {} is in {}, the folder of guest.assets: the recordings would be visible to the component and part of \
             the zip; name a folder outside of it",
            folder.display(),
            assets.display()
        );
    }
    Ok(recorder)
}

async fn watch(watch: Option<(Watch, Slot)>) -> Infallible {
    match watch {
        Some((watch, slot)) => watch.run(slot).await,
        None => future::pending().await,
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            anyhow!(
                "{address} is in use by another program; stop that one, or listen on another port: --listen {}:0",
                host(address)
            )
        }
        _ => anyhow!("cannot listen on {address}: {error}; use another address: --listen 127.0.0.1:0"),
    })
}

/// The address without its port, in the form for a URL.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) => format!("[{}]", address.ip()),
    }
}

/// Completes at SIGINT or SIGTERM.
fn terminated() -> io::Result<impl Future<Output = ()>> {
    let (mut term, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address_has_its_brackets() {
        assert_eq!(host("127.0.0.1:80".parse().unwrap()), "127.0.0.1");
        assert_eq!(host("[::1]:80".parse().unwrap()), "[::1]");
    }
}
