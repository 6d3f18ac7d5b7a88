//! Instances that answer several requests at once, which only `wasi:http` 0.3 can.
//!
//! A [`Worker`] owns such an instance and runs it in a task of its own. Requests are brought to it through its
//! [`WorkerHandle`]. The end of an instance is the end of all requests in it: one that has failed takes no more requests,
//! and is dropped when those that it has are answered.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
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
    /// One permit for each instance that is alive.
    stores: Arc<Semaphore>,
    workers: Mutex<Vec<WorkerHandle>>,
    /// How many workers were started: the next one's number.
    started: AtomicU64,
}

/// A worker as those who bring requests to it see it. Dropped, the worker gets no more of them.
struct WorkerHandle {
    number: u64,
    jobs: mpsc::UnboundedSender<Job>,
    /// Requests that it works on, and all that it has been given.
    taken: usize,
    served: usize,
    /// When the last of its requests ended.
    idle_since: SystemTime,
    latest: Latest,
    /// A clone lives in every request until its response is sent.
    sent: SentSignal,
    _here: oneshot::Sender<()>,
}

/// A worker waits until all of these are dropped.
pub(crate) type SentSignal = mpsc::Sender<Infallible>;

/// A request's place in an instance. Dropped before the request has left it, it retires the instance.
pub(crate) struct SharedLease {
    shared: Arc<Shared>,
    worker: u64,
    sent: SentSignal,
    clean: bool,
}

/// A request on its way to a worker.
struct Job {
    request: http::Request<Bytes>,
    call: Arc<dyn Call>,
    outcome: oneshot::Sender<ResponseResult>,
    fault: oneshot::Sender<Fault>,
}

/// The latest deadline of all requests that an instance has been given.
type Latest = Arc<Mutex<Instant>>;

/// Runs an instance.
struct Worker {
    number: u64,
    sink: OutputSink,
    latest: Latest,
    /// How the requests that it works on are told of its end.
    faults: Mutex<Vec<oneshot::Sender<Fault>>>,
}

impl Shared {
    pub(crate) fn new(instances: Arc<Instances>) -> Self {
        let stores = Arc::new(Semaphore::new(instances.common.limits.concurrency));
        Self { instances, stores, workers: Mutex::default(), started: AtomicU64::new(0) }
    }

    /// Answers one request, in any instance that has room for it.
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

    /// Gives no more requests to the instances that live now.
    pub(crate) fn forget(&self) {
        self.workers().clear();
    }

    /// Hands the request to an instance that has room, or to a new one.
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
        // A worker that has just ended drops the request, which is told so.
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

    /// The worker of that number gets no more requests.
    fn retire(&self, number: u64) {
        self.workers().retain(|worker| worker.number != number);
    }

    fn workers(&self) -> MutexGuard<'_, Vec<WorkerHandle>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WorkerHandle {
    /// Whether its instance is gone, or has been idle for too long.
    fn has_ended(&self, reuse: &Reuse) -> bool {
        self.jobs.is_closed() || (self.taken == 0 && reuse.is_stale(self.idle_since))
    }
}

impl SharedLease {
    /// The request has ended cleanly. What is returned is to be dropped once its response is sent.
    pub(crate) fn leave(mut self) -> SentSignal {
        self.clean = true;
        self.sent.clone()
    }

    /// The request has not ended cleanly: the instance gets no more of them. See [`SharedLease::leave`].
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
    /// Runs the instance until no more requests can come, or it fails. The instance is dropped when all responses are sent,
    /// which is when no sender of `all_sent` is left: dropping it may take a while.
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
            // No more requests come, and all that came have had their answer.
            () = outlived(gone, &self.latest) => Ok(()),
        };
        if let Err(fault) = ended {
            shared.retire(self.number);
            self.tell(&fault, &mut jobs);
        }
        drop((self, jobs));
        all_sent.recv().await;
        drop(living);
    }

    /// Tells the requests that it was given of its end.
    fn tell(&self, fault: &Fault, jobs: &mut mpsc::UnboundedReceiver<Job>) {
        jobs.close();
        let mut told = false;
        while let Ok(job) = jobs.try_recv() {
            // What was printed before the request began is shown.
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

    /// Takes requests as they come, until no more can come, the guest has nothing left to do, and no response grows.
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
                        running.push(p3::respond_at_length(accessor, service, request, outcome, begun));
                    }
                    None => open = false,
                },
                () = idle(accessor, &bodies), if busy && running.is_empty() => {
                    busy = false;
                    bodies.clear();
                    self.faults().clear();
                    if accessor.with(|mut access| access.get().rest()).is_err() {
                        shared.retire(self.number);
                    }
                }
                // Its writer pauses, or has left it open. Only an idle instance tells which, and one that is given request
                // after request is never idle.
                () = stalled(&bodies), if !retired => {
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

/// Waits until the guest has nothing left to do, and what it has written has been taken.
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
