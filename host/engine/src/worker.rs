//! A worker runs an instance that answers several requests at once.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::{sleep_until, timeout_at};
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::bindings::Service;

use crate::call::{Facts, Output, Stream};
use crate::fault::Fault;
use crate::instance::{Failed, Instance};
use crate::open_body::OpenBody;
use crate::outlet::Outlet;
use crate::p3;
use crate::reply::ResponseResult;
use crate::shared::Shared;
use crate::state::State;

/// The latest deadline of all requests that an instance has been given.
pub(crate) type Latest = Arc<Mutex<Instant>>;

/// What a request hands over to its worker.
pub(crate) struct Job {
    pub(crate) request: http::Request<Bytes>,
    pub(crate) facts: Facts,
    pub(crate) deadline: Instant,
    pub(crate) output: Arc<dyn Output>,
    pub(crate) outcome: oneshot::Sender<ResponseResult>,
    pub(crate) fault: oneshot::Sender<Fault>,
}

/// A worker and its instance.
pub(crate) struct Work {
    number: u64,
    outlet: Outlet,
    latest: Latest,
    /// How the requests that it has begun are told of its end.
    faults: Mutex<Vec<oneshot::Sender<Fault>>>,
}

impl Work {
    pub(crate) fn new(number: u64, latest: Latest) -> Self {
        Self { number, outlet: Outlet::default(), latest, faults: Mutex::default() }
    }

    /// Runs the instance until nobody brings requests any more, or it fails. It goes when all have had their replies, which
    /// is when nobody can send on `replies` any more: its end may take a while.
    pub(crate) async fn run(
        self,
        shared: Arc<Shared>,
        mut jobs: mpsc::UnboundedReceiver<Job>,
        gone: oneshot::Receiver<()>,
        mut replies: mpsc::Receiver<Infallible>,
    ) {
        let mut living = None;
        let ended = tokio::select! {
            ended = self.live(&shared, &mut jobs, &mut living) => ended,
            // Nobody brings more, and all that came have had their answer. What is still done is done for nobody.
            () = outlived(gone, &self.latest) => Ok(()),
        };
        if let Err(fault) = ended {
            shared.retire(self.number);
            self.tell(&fault, &mut jobs);
        }
        drop((self, jobs));
        replies.recv().await;
        drop(living);
    }

    /// Tells the requests that it was given of its end.
    fn tell(&self, fault: &Fault, jobs: &mut mpsc::UnboundedReceiver<Job>) {
        jobs.close();
        let mut told = false;
        while let Ok(job) = jobs.try_recv() {
            // What was printed before it began is shown.
            self.outlet.join(job.output);
            told |= job.fault.send(fault.clone()).is_ok();
        }
        for request in self.faults().drain(..) {
            told |= request.send(fault.clone()).is_ok();
        }
        if !told {
            self.outlet.line(Stream::Stderr, &format!("the handler failed after its answers: {fault}"));
        }
    }

    async fn live(
        &self,
        shared: &Shared,
        jobs: &mut mpsc::UnboundedReceiver<Job>,
        living: &mut Option<(Option<OwnedSemaphorePermit>, Instance)>,
    ) -> Result<(), Fault> {
        let instances = &shared.instances;
        let deadline = read(&self.latest);
        let made = timeout_at(deadline.into(), async {
            let permit = shared.stores.clone().acquire_owned().await.ok();
            let store = instances.store(self.outlet.clone(), deadline);
            let store = store.map_err(|error| Fault::Instantiate(error.to_string().into()))?;
            let instance = instances.handler.instantiate(store).await.map_err(|Failed { fault, .. }| fault)?;
            Ok((permit, instance))
        });
        let (_, instance) = living.insert(made.await.map_err(|_| Fault::Deadline).flatten()?);
        instance.share(async |accessor, service| self.serve(accessor, service, shared, jobs).await).await
    }

    /// Takes requests as they come, until nobody brings more, the guest has nothing left to do, and no response grows.
    async fn serve(
        &self,
        accessor: &Accessor<State>,
        service: &Service,
        shared: &Shared,
        jobs: &mut mpsc::UnboundedReceiver<Job>,
    ) -> wasmtime::Result<()> {
        let mut running = FuturesUnordered::new();
        let mut bodies: Vec<OpenBody> = Vec::new();
        let (mut open, mut busy, mut retired) = (true, false, false);
        while open || busy {
            tokio::select! {
                biased;
                Some(ended) = running.next() => {
                    bodies.retain(|body| !body.has_ended());
                    bodies.extend(ended?);
                }
                job = jobs.recv(), if open => match job {
                    Some(Job { request, facts, deadline, output, outcome, fault }) => {
                        busy = true;
                        self.begin(output, fault);
                        let begun = move |state: &mut State, task| state.begin(task, facts, deadline);
                        running.push(p3::respond_at_length(accessor, service, request, outcome, begun));
                    }
                    None => open = false,
                },
                () = rest(accessor, &bodies), if busy && running.is_empty() => {
                    busy = false;
                    bodies.clear();
                    self.faults().clear();
                    if accessor.with(|mut access| access.get().rest()).is_err() {
                        shared.retire(self.number);
                    }
                }
                // Its writer pauses, or has left it open. Only an instance at rest tells which, and one that is given request
                // after request never rests.
                () = stalled(&bodies), if !retired => {
                    retired = true;
                    shared.retire(self.number);
                }
            }
        }
        Ok(())
    }

    fn begin(&self, output: Arc<dyn Output>, fault: oneshot::Sender<Fault>) {
        self.outlet.join(output);
        let mut faults = self.faults();
        faults.retain(|fault| !fault.is_closed());
        faults.push(fault);
    }

    fn faults(&self) -> MutexGuard<'_, Vec<oneshot::Sender<Fault>>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The guest has nothing left to do, and what it has written has been taken.
async fn rest(accessor: &Accessor<State>, bodies: &[OpenBody]) {
    poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
    for body in bodies {
        body.over().await;
    }
}

/// One of the bodies has stalled.
async fn stalled(bodies: &[OpenBody]) {
    while let Some(first) = bodies.iter().filter_map(OpenBody::stalls).min() {
        if first <= Instant::now() {
            return;
        }
        sleep_until(first.into()).await;
    }
    pending().await
}

async fn outlived(gone: oneshot::Receiver<()>, latest: &Latest) {
    let _ = gone.await;
    sleep_until(read(latest).into()).await;
}

fn read(latest: &Latest) -> Instant {
    *latest.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn extend(latest: &Latest, deadline: Instant) {
    let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
    *latest = deadline.max(*latest);
}
