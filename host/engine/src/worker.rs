//! A worker runs an instance that answers several requests at once.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout_at};
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::bindings::Service;

use crate::call::{Facts, Output, Stream};
use crate::fault::Fault;
use crate::instance::Failed;
use crate::outlet::Outlet;
use crate::p3;
use crate::reply::Outcome;
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
    pub(crate) outcome: oneshot::Sender<Outcome>,
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

    /// Runs the instance until nobody brings requests any more, or it fails.
    pub(crate) async fn run(
        self,
        shared: Arc<Shared>,
        mut jobs: mpsc::UnboundedReceiver<Job>,
        gone: oneshot::Receiver<()>,
    ) {
        let ended = tokio::select! {
            ended = self.live(&shared, &mut jobs) => ended,
            // Nobody brings more, and all that came have had their answer. What is still done is done for nobody.
            () = outlived(gone, &self.latest) => Ok(()),
        };
        let Err(fault) = ended else { return };
        shared.retire(self.number);
        jobs.close();
        let mut told = false;
        while let Ok(job) = jobs.try_recv() {
            // What was printed before it began is shown.
            self.outlet.join(job.output);
            told |= job.fault.send(fault.clone()).is_ok();
        }
        for request in self.faults.into_inner().unwrap_or_else(PoisonError::into_inner) {
            told |= request.send(fault.clone()).is_ok();
        }
        if !told {
            self.outlet.line(Stream::Stderr, &format!("the handler failed after its answers: {fault}"));
        }
    }

    async fn live(&self, shared: &Shared, jobs: &mut mpsc::UnboundedReceiver<Job>) -> Result<(), Fault> {
        let instances = &shared.instances;
        let deadline = read(&self.latest);
        let made = timeout_at(deadline.into(), async {
            let permit = shared.stores.clone().acquire_owned().await;
            let store = instances.store(self.outlet.clone(), deadline);
            let store = store.map_err(|error| Fault::Instantiate(error.to_string()))?;
            let instance = instances.handler.instantiate(store).await.map_err(|Failed { fault, .. }| fault)?;
            Ok((permit, instance))
        });
        let (_permit, mut instance) = made.await.map_err(|_| Fault::Deadline).flatten()?;
        instance.share(async |accessor, service| self.serve(accessor, service, shared, jobs).await).await
    }

    /// Takes requests as they come, until nobody brings more, and the guest has nothing left to do.
    async fn serve(
        &self,
        accessor: &Accessor<State>,
        service: &Service,
        shared: &Shared,
        jobs: &mut mpsc::UnboundedReceiver<Job>,
    ) -> wasmtime::Result<()> {
        let mut running = FuturesUnordered::new();
        let (mut open, mut busy) = (true, false);
        while open || busy {
            tokio::select! {
                biased;
                Some(ended) = running.next() => ended?,
                job = jobs.recv(), if open => match job {
                    Some(Job { request, facts, deadline, output, outcome, fault }) => {
                        busy = true;
                        self.begin(output, fault);
                        running.push(p3::respond(accessor, service, request, outcome, move |state, task| {
                            state.begin(task, facts, deadline);
                        }));
                    }
                    None => open = false,
                },
                () = poll_fn(|context| accessor.poll_no_interesting_tasks(context)), if busy && running.is_empty() => {
                    busy = false;
                    self.faults().clear();
                    if accessor.with(|mut access| access.get().rest()).is_err() {
                        shared.retire(self.number);
                    }
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
