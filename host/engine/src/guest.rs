//! A loaded component, ready to answer requests.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::oneshot;
use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::answer::{After, Answer};
use crate::call::{Call, GuestStep, InstanceAge};
use crate::config::Calls;
use crate::engines::Mapped;
use crate::exchange::{Exchange, Home, Run, Work};
use crate::fault::Fault;
use crate::grants::Grants;
use crate::guest_variables::GuestVariables;
use crate::incoming::IncomingResponse;
use crate::instance::Handler;
use crate::instances::Instances;
use crate::link;
use crate::load_error::Reason;
use crate::map::Code;
use crate::output::OutputSink;
use crate::reuse::Reuse;
use crate::runtime::{Parts, Runtime};
use crate::scratch::Scratch;
use crate::shared::Shared;
use crate::state::Common;
use crate::world::{HandlerVersion, MissingImports, World};

/// A compiled component that is mapped and linked. Clones share its state.
#[derive(Clone)]
pub struct Guest(Arc<Inner>);

struct Inner {
    world: World,
    /// The reason why no instance can be created, if that is already known.
    refusal: Option<String>,
    instances: Arc<Instances>,
    /// Present if requests share instances.
    shared: Option<Arc<Shared>>,
}

/// The options for running one component. By default it has no grants, and each request has a fresh instance.
#[derive(Clone, Default)]
pub struct GuestOptions {
    /// The resources that the guest may use.
    pub grants: Grants,
    /// The number of requests that an instance serves.
    pub reuse: Reuse,
    /// How the component was compiled ([`crate::compile::calls`]), if that is known. The compiled file does not contain
    /// it.
    pub calls: Option<Calls>,
    /// What happens if it imports something that this host does not have.
    pub missing: MissingImports,
}

impl Guest {
    /// Maps and links a compiled component.
    pub(crate) fn of(code: &Code<'_>, runtime: &Runtime, options: GuestOptions) -> Result<Self, Reason> {
        let GuestOptions { mut grants, reuse, calls, missing } = options;
        let Parts { limits, client, gauge, engines, .. } = runtime.parts();
        let Mapped { engine, component, refusal } = engines.map(code, calls)?;
        let world = world(&component, &engine);
        let version = world.handler_with(missing).map_err(Reason::Misfit)?;
        check(&reuse, version)?;
        let handler = link(&component, &engine, version, client.has_tcp(), missing).map_err(Reason::Link)?;
        let common = Common {
            variables: GuestVariables::new(std::mem::take(&mut grants.env)),
            client: client.clone(),
            scratch: grants.scratch.as_deref().map(Scratch::new),
            gauge: gauge.clone(),
            grants,
            limits: limits.clone(),
        };
        // If requests arrive one at a time, instances are not shared, because a request's end is then known more
        // precisely.
        let shares = reuse.concurrent > 1 && limits.requests_at_once() > 1;
        let instances = Arc::new(Instances::new(handler, engine, Arc::new(common), reuse, runtime.clone()));
        let shared = shares.then(|| Arc::new(Shared::new(instances.clone())));
        Ok(Self(Arc::new(Inner { world, refusal, instances, shared })))
    }

    /// What the component imports and exports.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.0.world
    }

    /// The reason why every request is answered with [`Fault::Instantiate`], if that is already known: an instance
    /// would need more host memory than [`Limits::held`](crate::Limits::held) bytes besides its memories and tables.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        self.0.refusal.as_deref()
    }

    /// The number of requests that may run at once. Others wait.
    #[must_use]
    pub fn concurrency(&self) -> usize {
        self.0.instances.common.limits.requests_at_once()
    }

    /// Drops everything that must not be used after a snapshot of the process: connections of outgoing requests,
    /// credentials, and instances, because two copies of a snapshot would produce the same random numbers.
    pub fn restored(&self) {
        self.0.instances.common.client.forget();
        self.forget_instances();
    }

    fn forget_instances(&self) {
        self.0.instances.forget();
        if let Some(shared) = &self.0.shared {
            shared.forget();
        }
    }

    /// Sets the secrets: environment variables of the instances that begin from now on, besides those of
    /// [`Grants::env`], whose place they take if the names are equal. A request that is running keeps those of its
    /// instance, which then serves no other.
    pub fn set_secrets(&self, secrets: Vec<(String, String)>) {
        self.0.instances.common.variables.set_secrets(secrets);
        self.forget_instances();
    }

    /// Checks what each instance needs of the system: its files, and random bytes.
    ///
    /// # Errors
    /// The granted files cannot be opened, or the operating system provides no random bytes.
    pub fn check(&self) -> io::Result<()> {
        self.0.instances.store(OutputSink::default(), Instant::now()).map(drop)
    }

    /// Answers one request, with a fresh instance unless [`Reuse`] allows another. The URI of the request must have a
    /// scheme and an authority.
    ///
    /// This always returns one answer, at the deadline at the latest, even if the guest misbehaves.
    pub async fn handle(&self, request: http::Request<Bytes>, call: Arc<dyn Call>) -> Answer {
        if let Some(refusal) = self.refusal() {
            return failed(Fault::Instantiate(refusal.to_owned().into()));
        }
        let instances = self.0.instances.clone();
        let deadline = call.deadline();
        let Some(permit) = instances.permit(deadline).await else {
            return failed(Fault::Deadline);
        };
        call.on(GuestStep::Permit);
        let head = request.method() == http::Method::HEAD;
        if let Some(shared) = &self.0.shared {
            let answer = Box::pin(shared.answer(request, call, head)).await;
            drop(permit);
            return answer;
        }
        let (sender, outcome) = oneshot::channel();
        let incoming = IncomingResponse::new(outcome, head);
        let mut used = None;
        let run: Run = match instances.take() {
            Some(mut instance) => {
                used = (instance.requests() > 0).then(|| instance.sink());
                let age = if used.is_some() { InstanceAge::Reused } else { InstanceAge::Ready };
                call.on(GuestStep::Instance(age));
                instance.arm(call.clone(), head, permit);
                Box::pin(instance.answer(request, sender))
            }
            None => {
                let mut store = match instances.store(OutputSink::default(), deadline) {
                    Ok(store) => store,
                    Err(error) => return failed(Fault::Instantiate(error.to_string().into())),
                };
                store.data_mut().arm(call.clone(), head, permit);
                let (instances, call) = (instances.clone(), call.clone());
                Box::pin(async move {
                    let instance = instances.handler.instantiate(store).await?;
                    call.on(GuestStep::Instance(InstanceAge::Fresh));
                    instance.answer(request, sender).await
                })
            }
        };
        Exchange::new(call, Home::Own { instances, used }, Work::Runs(run), incoming).begin().await
    }
}

/// The answer to a request that no instance has handled.
fn failed(fault: Fault) -> Answer {
    Answer::failed(fault, After::default())
}

/// Checks that instances can be used in this way.
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

fn link(
    component: &Component,
    engine: &Engine,
    version: HandlerVersion,
    tcp: bool,
    missing: MissingImports,
) -> wasmtime::Result<Handler> {
    let pre = link::linker(engine, component, tcp, missing)?.instantiate_pre(component)?;
    match version {
        HandlerVersion::P2 => Ok(Handler::P2(ProxyPre::new(pre)?)),
        HandlerVersion::P3 => Ok(Handler::P3(ServicePre::new(pre)?)),
    }
}
