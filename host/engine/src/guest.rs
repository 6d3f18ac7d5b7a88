//! A loaded component, ready to answer requests.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::call::Call;
use crate::exchange::{Answer, Exchange, Run};
use crate::fault::Fault;
use crate::file_kind::{FileKind, Precompiled};
use crate::grants::Grants;
use crate::instance::Handler;
use crate::instances::Instances;
use crate::limits::Limits;
use crate::network::{Client, Network};
use crate::outlet::Outlet;
use crate::reply::Reply;
use crate::reuse::Reuse;
use crate::shared::Shared;
use crate::state::Common;
use crate::world::{HandlerVersion, Misfit, World};
use crate::{WASMTIME_VERSION, config, link, map, ticker};

/// A compiled component that is mapped and linked. Clones share it.
#[derive(Clone)]
pub struct Guest(Arc<Inner>);

struct Inner {
    world: World,
    instances: Arc<Instances>,
    /// Where requests share instances.
    shared: Option<Arc<Shared>>,
}

/// How a component is to be run. By default it is given nothing, and reaches no network.
#[derive(Clone, Default)]
pub struct Options {
    /// What each instance may use.
    pub limits: Limits,
    /// What the guest may reach.
    pub network: Network,
    /// What the guest is given.
    pub grants: Grants,
    /// How many requests an instance serves.
    pub reuse: Reuse,
}

impl From<Limits> for Options {
    fn from(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }
}

impl Guest {
    /// Maps and links the compiled component at `path`.
    ///
    /// The file is machine code: it must come from [`crate::compile`]. wasmtime checks only its header.
    ///
    /// # Errors
    /// The file is missing, is something else, was compiled for another host, or does not handle `wasi:http`.
    pub fn load(path: &Path, options: impl Into<Options>) -> Result<Self, LoadError> {
        let Options { limits, network, grants, reuse } = options.into();
        let wrong = |reason| LoadError { path: path.to_owned(), reason };
        let (engine, component) = map(path, &limits).map_err(wrong)?;
        let world = world(&component, &engine);
        let version = world.handler().map_err(|misfit| wrong(Reason::Misfit(misfit)))?;
        check(&reuse, version).map_err(wrong)?;
        let handler = link(&component, &engine, &world, version).map_err(|error| wrong(Reason::Link(error)))?;
        ticker::start(engine.weak()).map_err(|error| wrong(Reason::Read(error)))?;
        let common = Common { config: grants.config(), client: Arc::new(Client::new(&network)), grants, limits };
        // One request at a time is served in turn, which tells more of them apart.
        let shares = reuse.concurrent > 1 && common.limits.concurrency > 1;
        let instances = Arc::new(Instances::new(handler, engine, Arc::new(common), reuse));
        let shared = shares.then(|| Arc::new(Shared::new(instances.clone())));
        Ok(Self(Arc::new(Inner { world, instances, shared })))
    }

    /// What the component imports and exports.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// Forgets what does not outlive a snapshot of the process: connections of outgoing requests, and instances, of which
    /// two copies of one snapshot would deal the same random numbers.
    pub fn restored(&self) {
        self.0.instances.common.client.forget_connections();
        self.0.instances.forget();
        if let Some(shared) = &self.0.shared {
            shared.forget();
        }
    }

    /// Answers one request, with a fresh instance unless [`Reuse`] says otherwise. The URI of the request must have scheme
    /// and authority.
    ///
    /// Total: whatever the guest does, there is one answer, at the deadline at the latest.
    pub async fn handle(&self, request: http::Request<Bytes>, call: Call) -> Answer {
        let instances = self.0.instances.clone();
        let deadline = call.deadline;
        let Some(permit) = instances.permit(deadline).await else {
            return Answer::failed(Fault::Deadline);
        };
        let head = request.method() == http::Method::HEAD;
        if let Some(shared) = &self.0.shared {
            let answer = shared.answer(request, call, head).await;
            drop(permit);
            return answer;
        }
        let (sender, outcome) = oneshot::channel();
        let reply = Reply::new(outcome, head, instances.common.limits.response_body);
        let run: Run = match instances.take() {
            Some(mut instance) => {
                instance.arm(call, head, permit);
                Box::pin(instance.answer(request, sender))
            }
            None => {
                let mut store = match instances.store(Outlet::default(), deadline) {
                    Ok(store) => store,
                    Err(error) => return Answer::failed(Fault::Instantiate(error.to_string())),
                };
                store.data_mut().arm(call, head, permit);
                let instances = instances.clone();
                Box::pin(async move { instances.handler.instantiate(store).await?.answer(request, sender).await })
            }
        };
        Exchange { instances, deadline }.run(run, reply).await
    }
}

/// From the pool, unless the component needs more than an instance has there.
fn map(path: &Path, limits: &Limits) -> Result<(Engine, Component), Reason> {
    let engine = config::pooling_engine(limits).map_err(Reason::Engine)?;
    if let Ok(component) = map::component(&engine, path)
        && config::fits_pool(component.resources_required())
    {
        return Ok((engine, component));
    }
    let engine = config::on_demand_engine().map_err(Reason::Engine)?;
    let component = map::component(&engine, path).map_err(|error| refused(path, error))?;
    match config::initial_memory(component.resources_required()) {
        Some(needs) if needs > limits.memory as u64 => Err(Reason::Memory { needs, limit: limits.memory }),
        _ => Ok((engine, component)),
    }
}

/// Whether instances can be used so.
fn check(reuse: &Reuse, version: HandlerVersion) -> Result<(), Reason> {
    let Reuse { concurrent, requests, .. } = *reuse;
    match version {
        _ if concurrent <= 1 => Ok(()),
        HandlerVersion::P2 => Err(Reason::OneAtATime { concurrent }),
        HandlerVersion::P3 if requests < concurrent => Err(Reason::TooFew { concurrent, requests }),
        HandlerVersion::P3 => Ok(()),
    }
}

fn world(component: &Component, engine: &Engine) -> World {
    let ty = component.component_type();
    World {
        imports: ty.imports(engine).map(|(name, _)| name.to_owned()).collect(),
        exports: ty.exports(engine).map(|(name, _)| name.to_owned()).collect(),
    }
}

fn link(component: &Component, engine: &Engine, world: &World, version: HandlerVersion) -> wasmtime::Result<Handler> {
    let pre = link::linker(engine, component, world)?.instantiate_pre(component)?;
    match version {
        HandlerVersion::P2 => Ok(Handler::P2(ProxyPre::new(pre)?)),
        HandlerVersion::P3 => Ok(Handler::P3(ServicePre::new(pre)?)),
    }
}

/// Why a file cannot be used as a compiled component.
#[derive(Debug)]
pub struct LoadError {
    path: PathBuf,
    reason: Reason,
}

#[derive(Debug)]
enum Reason {
    Read(io::Error),
    Kind(FileKind),
    Unfit { found: Precompiled, error: String },
    Misfit(Misfit),
    Link(wasmtime::Error),
    Engine(wasmtime::Error),
    Memory { needs: u64, limit: usize },
    OneAtATime { concurrent: usize },
    TooFew { concurrent: usize, requests: usize },
}

/// Looks at a file that wasmtime has refused, for the reason in words that help.
fn refused(path: &Path, error: wasmtime::Error) -> Reason {
    let mut bytes = Vec::new();
    match File::open(path).and_then(|mut file| file.read_to_end(&mut bytes)) {
        Err(error) => Reason::Read(error),
        Ok(_) => match FileKind::of(&bytes) {
            FileKind::Precompiled(found) => Reason::Unfit { found, error: format!("{error:#}") },
            kind => Reason::Kind(kind),
        },
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.reason {
            Reason::Read(error) => write!(f, "cannot read the component {path}: {error}"),
            Reason::Kind(kind) => {
                write!(f, "{path} is {}; expected a component compiled by `funcserver build`", kind.describe())?;
                match kind {
                    FileKind::Component => write!(f, ": run `funcserver build {path}`"),
                    _ => Ok(()),
                }
            }
            Reason::Unfit { found, error } => {
                let version = found.version.as_deref().unwrap_or("of an unknown version");
                write!(
                    f,
                    "{path} was compiled by wasmtime {version} for {}, but this host has wasmtime {WASMTIME_VERSION} \
                     on {} ({error}): compile it again with the `funcserver build` of this version{}",
                    found.arch,
                    std::env::consts::ARCH,
                    arch_option(found.arch),
                )
            }
            Reason::Misfit(misfit) => write!(f, "{path} cannot run here: {misfit}"),
            Reason::Link(error) => write!(f, "{path} cannot be linked: {error:#}"),
            Reason::Memory { needs, limit } => write!(
                f,
                "{path} starts with {needs} bytes of memory, but its limit is {limit}: set limits.memory \
                 (FUNCSERVER_LIMITS_MEMORY), or give the function more memory"
            ),
            Reason::OneAtATime { concurrent } => write!(
                f,
                "{path} speaks wasi:http 0.2, of which an instance serves one request at a time, but guest.concurrent is \
                 {concurrent}: set it to 1 (FUNCSERVER_GUEST_CONCURRENT), or build the component for wasi:http 0.3"
            ),
            Reason::TooFew { concurrent, requests } => write!(
                f,
                "an instance is to serve {concurrent} requests at once (guest.concurrent), but {requests} in all \
                 (guest.reuse): set guest.reuse (FUNCSERVER_GUEST_REUSE) to {concurrent} or more"
            ),
            Reason::Engine(error) => write!(f, "wasmtime cannot start: {error:#}"),
        }
    }
}

/// The option that would have compiled for this machine, where the architecture is what differs.
fn arch_option(found: &str) -> &'static str {
    match (found, std::env::consts::ARCH) {
        (found, host) if found == host => "",
        (_, "x86_64") => " and `--arch x86_64`",
        (_, "aarch64") => " and `--arch arm64`",
        _ => "",
    }
}

impl std::error::Error for LoadError {}
