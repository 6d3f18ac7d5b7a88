//! A loaded component, ready to answer requests.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::call::Call;
use crate::config::{self, Calls};
use crate::exchange::{Answer, Exchange, Run};
use crate::fault::Fault;
use crate::grants::Grants;
use crate::instance::Handler;
use crate::instances::Instances;
use crate::limits::Limits;
use crate::load_error::{LoadError, Reason};
use crate::network::{Client, Network};
use crate::outlet::Outlet;
use crate::reply::Reply;
use crate::reuse::Reuse;
use crate::shared::Shared;
use crate::state::Common;
use crate::world::{HandlerVersion, World};
use crate::{link, map, ticker};

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
        let wrong = |reason| LoadError::new(path, reason);
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
    if let Ok((engine, component)) = map_with(path, |calls| config::pooling_engine(limits, calls))?
        && config::fits_pool(component.resources_required())
    {
        return Ok((engine, component));
    }
    let mapped = map_with(path, config::on_demand_engine)?;
    let (engine, component) = mapped.map_err(|error| Reason::of_refused(path, error))?;
    match config::initial_memory(component.resources_required()) {
        Some(needs) if needs > limits.memory as u64 => Err(Reason::Memory { needs, limit: limits.memory }),
        _ => Ok((engine, component)),
    }
}

/// How a component calls was decided when it was compiled, and only an engine of the same kind takes it.
fn map_with(
    path: &Path,
    engine: impl Fn(Calls) -> wasmtime::Result<Engine>,
) -> Result<wasmtime::Result<(Engine, Component)>, Reason> {
    let nested = engine(Calls::Nested).map_err(Reason::Engine)?;
    if let Ok(component) = map::component(&nested, path) {
        return Ok(Ok((nested, component)));
    }
    let concurrent = engine(Calls::Concurrent).map_err(Reason::Engine)?;
    Ok(map::component(&concurrent, path).map(|component| (concurrent, component)))
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

#[cfg(all(test, feature = "compile"))]
mod tests {
    use funcserver_test_guest::{WASM, WASM_P3};

    use super::*;

    #[test]
    fn whatever_calls_it_was_compiled_for_an_engine_takes_it() {
        let folder = tempfile::tempdir().unwrap();
        // One of 0.2 that was compiled as all were once, for several calls at once, is none of today's, but fits.
        for (wasm, calls) in [(WASM, Calls::Nested), (WASM, Calls::Concurrent), (WASM_P3, Calls::Concurrent)] {
            let path = folder.path().join("guest.cwasm");
            let engine = Engine::new(&config::config(calls)).unwrap();
            std::fs::write(&path, engine.precompile_component(wasm).unwrap()).unwrap();
            assert!(map(&path, &Limits::default()).is_ok(), "{calls:?}");
            assert!(map_with(&path, config::on_demand_engine).unwrap().is_ok(), "{calls:?}");
        }
    }
}
