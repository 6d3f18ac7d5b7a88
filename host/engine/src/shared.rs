//! Instances that answer several requests at once, which only `wasi:http` 0.3 supports.
//!
//! A [`Worker`] owns such an instance and runs it in a task of its own. Requests are sent to it through its
//! [`WorkerHandle`]. If an instance fails, all requests in it fail. An instance that has ended a request uncleanly is
//! retired: it receives no more requests, and is dropped when its current ones are answered.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::task::unconstrained;
use tokio::time::{sleep_until, timeout_at};
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::bindings::Service;

use crate::answer::Answer;
use crate::call::{Call, GuestStep, InstanceAge, Stream};
use crate::exchange::{Exchange, Home, Work};
use crate::fault::Fault;
use crate::incoming::{IncomingResponse, ResponseResult};
use crate::instance::{Failed, Instance};
use crate::instances::Instances;
use crate::open_body::OpenBody;
use crate::output::OutputSink;
use crate::p3;
use crate::reuse::Reuse;
use crate::state::State;
use crate::stealable::{at_work, stealable};

/// The instances of one component that answer several requests each.
pub(crate) struct Shared {
    instances: Arc<Instances>,
    /// One permit for each live instance.
    stores: Arc<Semaphore>,
    workers: Mutex<Vec<WorkerHandle>>,
    /// The number of workers started so far, which is the number of the next one.
    started: AtomicU64,
}

/// The sending side of a worker. When it is dropped, the worker receives no more requests.
struct WorkerHandle {
    number: u64,
    jobs: mpsc::UnboundedSender<Job>,
    /// The requests in progress, and the total number of requests that the worker has received.
    taken: usize,
    served: usize,
    /// When the last of its requests ended.
    idle_since: SystemTime,
    latest: Latest,
    /// Each request holds a clone until its response is sent.
    sent: SentSignal,
    _here: oneshot::Sender<()>,
}

/// A worker waits until all clones are dropped.
pub(crate) type SentSignal = mpsc::Sender<Infallible>;

/// A request's lease on an instance. If it is dropped before the request has left the instance, the instance is
/// retired.
pub(crate) struct SharedLease {
    shared: Arc<Shared>,
    worker: u64,
    sent: SentSignal,
    clean: bool,
}

/// A request for a worker.
struct Job {
    request: http::Request<Bytes>,
    call: Arc<dyn Call>,
    outcome: oneshot::Sender<ResponseResult>,
    fault: oneshot::Sender<Fault>,
}

/// The latest deadline of all requests that an instance has received.
type Latest = Arc<Mutex<Instant>>;

/// Owns and runs an instance.
struct Worker {
    number: u64,
    sink: OutputSink,
    latest: Latest,
    /// The senders that report the instance's failure to its requests.
    faults: Mutex<Vec<oneshot::Sender<Fault>>>,
}

impl Shared {
    pub(crate) fn new(instances: Arc<Instances>) -> Self {
        let stores = Arc::new(Semaphore::new(instances.common.limits.concurrency));
        Self { instances, stores, workers: Mutex::default(), started: AtomicU64::new(0) }
    }

    /// Answers one request in an instance that has room for it.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        request: http::Request<Bytes>,
        call: Arc<dyn Call>,
        head: bool,
    ) -> Answer {
        let (outcome, response) = oneshot::channel();
        let (fault, failed) = oneshot::channel();
        let place = self.place(Job { request, call: call.clone(), outcome, fault });
        let incoming = IncomingResponse::new(response, head);
        Exchange::new(call, Home::Shared(place), Work::RunsWithOthers(failed), incoming).begin().await
    }

    /// Retires all current instances.
    pub(crate) fn forget(&self) {
        self.workers().clear();
    }

    /// Sends the request to an instance that has room, or to a new one.
    fn place(self: &Arc<Self>, job: Job) -> SharedLease {
        let reuse = &self.instances.reuse;
        let mut workers = self.workers();
        workers.retain(|worker| !worker.has_ended(reuse));
        let deadline = job.call.deadline();
        let at = match workers.iter().position(|worker| worker.taken < reuse.concurrent) {
            Some(at) => at,
            None => {
                workers.push(self.start(deadline));
                workers.len() - 1
            }
        };
        let worker = &mut workers[at];
        worker.taken += 1;
        worker.served += 1;
        extend(&worker.latest, deadline);
        // If the worker has just ended, sending drops the request, which then fails.
        let _ = worker.jobs.send(job);
        let place =
            SharedLease { shared: self.clone(), worker: worker.number, sent: worker.sent.clone(), clean: false };
        if worker.served >= reuse.requests {
            workers.remove(at);
        }
        place
    }

    fn start(self: &Arc<Self>, deadline: Instant) -> WorkerHandle {
        let (jobs, incoming) = mpsc::unbounded_channel();
        let (here, gone) = oneshot::channel();
        let (sent, all_sent) = mpsc::channel(1);
        let latest = Arc::new(Mutex::new(deadline));
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let worker = Worker { number, sink: OutputSink::default(), latest: latest.clone(), faults: Mutex::default() };
        tokio::spawn(stealable(at_work(worker.run(self.clone(), incoming, gone, all_sent))));
        let idle_since = SystemTime::now();
        WorkerHandle { number, jobs, taken: 0, served: 0, idle_since, latest, sent, _here: here }
    }

    /// Stops sending requests to the worker with this number.
    fn retire(&self, number: u64) {
        self.workers().retain(|worker| worker.number != number);
    }

    fn workers(&self) -> MutexGuard<'_, Vec<WorkerHandle>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorkerHandle {
    /// Whether the instance has ended, or has been idle for too long.
    fn has_ended(&self, reuse: &Reuse) -> bool {
        self.jobs.is_closed() || (self.taken == 0 && reuse.is_stale(self.idle_since))
    }
}

impl SharedLease {
    /// The request has ended cleanly. Drop the result once the response is sent.
    pub(crate) fn leave(mut self) -> SentSignal {
        self.clean = true;
        self.sent.clone()
    }

    /// The request has not ended cleanly: the instance is retired. See [`SharedLease::leave`].
    pub(crate) fn retire(self) -> SentSignal {
        self.sent.clone()
    }
}

impl Drop for SharedLease {
    fn drop(&mut self) {
        if !self.clean {
            return self.shared.retire(self.worker);
        }
        if let Some(worker) = self.shared.workers().iter_mut().find(|worker| worker.number == self.worker) {
            worker.taken -= 1;
            worker.idle_since = SystemTime::now();
        }
    }
}

impl Worker {
    /// Runs the instance until it can receive no more requests, or it fails. The instance is dropped when all responses
    /// are sent, because dropping it may take a while. That is when no sender of `all_sent` is left.
    async fn run(
        self,
        shared: Arc<Shared>,
        mut jobs: mpsc::UnboundedReceiver<Job>,
        gone: oneshot::Receiver<()>,
        mut all_sent: mpsc::Receiver<Infallible>,
    ) {
        let mut living = None;
        let ended = tokio::select! {
            ended = self.live(&shared, &mut jobs, &mut living) => ended,
            // No more requests arrive, and all deadlines have passed. This is outside of tokio's budget, which a guest can use
            // up at each turn.
            () = unconstrained(outlived(gone, &self.latest)) => Ok(()),
        };
        if let Err(fault) = ended {
            shared.retire(self.number);
            self.tell(&fault, &mut jobs);
        }
        drop((self, jobs));
        all_sent.recv().await;
        drop(living);
    }

    /// Reports the failure to the requests of the instance.
    fn tell(&self, fault: &Fault, jobs: &mut mpsc::UnboundedReceiver<Job>) {
        jobs.close();
        let mut told = false;
        while let Ok(job) = jobs.try_recv() {
            // Joining the call passes on the output from before the request began.
            self.sink.join(job.call);
            told |= job.fault.send(fault.clone()).is_ok();
        }
        for request in self.faults().drain(..) {
            told |= request.send(fault.clone()).is_ok();
        }
        if !told {
            self.sink.line(Stream::Stderr, &format!("the handler failed after its answers: {fault}"));
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
            let store = instances.store(self.sink.clone(), deadline);
            let store = store.map_err(|error| Fault::Instantiate(error.to_string().into()))?;
            let instance = instances.handler.instantiate(store).await.map_err(|Failed { fault, .. }| fault)?;
            Ok((permit, instance))
        });
        let (_, instance) = living.insert(made.await.map_err(|_| Fault::Deadline).flatten()?);
        instance.share(async |accessor, service| self.serve(accessor, service, shared, jobs).await).await
    }

    /// Handles requests as they arrive, until no more can arrive, the guest has finished its work, and no response
    /// grows.
    async fn serve(
        &self,
        accessor: &Accessor<State>,
        service: &Service,
        shared: &Shared,
        jobs: &mut mpsc::UnboundedReceiver<Job>,
    ) -> wasmtime::Result<()> {
        let mut running = FuturesUnordered::new();
        let mut bodies: Vec<OpenBody> = Vec::new();
        let mut age = InstanceAge::Fresh;
        let (mut open, mut busy, mut retired) = (true, false, false);
        while open || busy {
            tokio::select! {
                biased;
                Some(ended) = running.next() => {
                    bodies.retain(|body| !body.has_ended());
                    bodies.extend(ended?);
                }
                job = jobs.recv(), if open => match job {
                    Some(Job { request, call, outcome, fault }) => {
                        busy = true;
                        self.begin(call.clone(), fault);
                        call.on(GuestStep::Instance(age));
                        age = InstanceAge::Reused;
                        let begun = move |state: &mut State, task| state.begin(task, call);
                        running.push(p3::respond_concurrently(accessor, service, request, outcome, begun));
                    }
                    None => open = false,
                },
                () = idle(accessor, &bodies), if busy && running.is_empty() => {
                    busy = false;
                    bodies.clear();
                    self.faults().clear();
                    if accessor.with(|mut access| access.get().end_calls()).is_err() {
                        shared.retire(self.number);
                    }
                }
                // The writer of a stalled body pauses or has abandoned it. Only an idle instance shows which, and an
                // instance that keeps receiving requests is never idle, so it is retired.
                () = unconstrained(stalled(&bodies)), if !retired => {
                    retired = true;
                    shared.retire(self.number);
                }
            }
        }
        Ok(())
    }

    fn begin(&self, call: Arc<dyn Call>, fault: oneshot::Sender<Fault>) {
        self.sink.join(call);
        let mut faults = self.faults();
        faults.retain(|fault| !fault.is_closed());
        faults.push(fault);
    }

    fn faults(&self) -> MutexGuard<'_, Vec<oneshot::Sender<Fault>>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until the guest has finished its work, and its bodies have been read.
async fn idle(accessor: &Accessor<State>, bodies: &[OpenBody]) {
    poll_fn(|context| accessor.poll_no_interesting_tasks(context)).await;
    for body in bodies {
        body.over().await;
    }
}

/// Waits until one of the bodies has stalled.
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

fn extend(latest: &Latest, deadline: Instant) {
    let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
    *latest = deadline.max(*latest);
}
