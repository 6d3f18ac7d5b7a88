//! Instances that answer several requests at once, which only `wasi:http` 0.3 can.
//!
//! A worker owns such an instance and runs it by itself; requests are brought to it. Whatever ends the instance ends all
//! requests in it, so one that failed takes no more, and is dropped when those that it has are answered.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep_until, timeout_at};
use wasmtime::component::Accessor;
use wasmtime_wasi_http::p3::bindings::Service;

use crate::call::{Call, Facts, Output, Stream};
use crate::exchange::{After, Answer};
use crate::fault::Fault;
use crate::instance::Failed;
use crate::instances::Instances;
use crate::outlet::Outlet;
use crate::p3;
use crate::reply::{Outcome, Reply};
use crate::state::State;

/// The instances of one component that are at work on several requests each, or may be.
pub(crate) struct Shared {
    instances: Arc<Instances>,
    /// One permit for each instance that is alive.
    stores: Arc<Semaphore>,
    workers: Mutex<Vec<Worker>>,
}

/// An instance as those who bring requests to it see it. Dropped, it takes no more.
struct Worker {
    number: u64,
    jobs: mpsc::UnboundedSender<Job>,
    outlet: Outlet,
    /// Requests in it, and all that it has been given.
    taken: usize,
    served: usize,
    /// When the last of its requests has ended.
    rested: SystemTime,
    latest: Latest,
    _here: oneshot::Sender<()>,
}

/// The latest deadline of all requests that an instance has been given.
type Latest = Arc<Mutex<Instant>>;

/// What a request hands over to its worker.
struct Job {
    request: http::Request<Bytes>,
    facts: Facts,
    deadline: Instant,
    outcome: oneshot::Sender<Outcome>,
    fault: oneshot::Sender<Fault>,
}

/// A request's place in an instance. Dropped before it is left, it has the instance take no more requests.
struct Seat<'a> {
    shared: &'a Shared,
    number: u64,
    clean: bool,
}

impl Shared {
    pub(crate) fn new(instances: Arc<Instances>) -> Self {
        let stores = Arc::new(Semaphore::new(instances.common.limits.concurrency));
        Self { instances, stores, workers: Mutex::default() }
    }

    /// Answers one request, in whichever instance has a place for it.
    pub(crate) async fn answer(self: &Arc<Self>, request: http::Request<Bytes>, call: Call, head: bool) -> Answer {
        let Call { facts, deadline, output } = call;
        let (outcome, response) = oneshot::channel();
        let (fault, mut failed) = oneshot::channel();
        let seat = self.seat(Job { request, facts, deadline, outcome, fault }, output);
        let mut reply = Reply::new(response, head, self.instances.common.limits.response_body);
        let result = tokio::select! {
            biased;
            fault = &mut failed => match fault {
                Ok(fault) => Err(fault),
                // The instance came to rest: whatever this request has been given, there will be no more of it.
                Err(_) => reply.settle().map(|(response, _)| response),
            },
            result = reply.collect() => result,
            () = sleep_until(deadline.into()) => Err(Fault::Deadline),
        };
        if result.is_ok() {
            seat.leave();
        }
        Answer { result, after: After::default() }
    }

    /// Takes no instance that lives now any more.
    pub(crate) fn forget(&self) {
        self.workers().clear();
    }

    /// Hands the request to an instance that has room, or to a new one.
    fn seat(self: &Arc<Self>, job: Job, output: Arc<dyn Output>) -> Seat<'_> {
        let reuse = &self.instances.reuse;
        let mut workers = self.workers();
        workers.retain(|worker| !worker.jobs.is_closed() && !(worker.taken == 0 && reuse.is_stale(worker.rested)));
        let at = match workers.iter().position(|worker| worker.taken < reuse.concurrent) {
            Some(at) => at,
            None => {
                workers.push(self.start(job.deadline));
                workers.len() - 1
            }
        };
        let worker = &mut workers[at];
        worker.taken += 1;
        worker.served += 1;
        extend(&worker.latest, job.deadline);
        worker.outlet.join(output);
        // One that has just ended drops the request, which is told so.
        let _ = worker.jobs.send(job);
        let seat = Seat { shared: self, number: worker.number, clean: false };
        if worker.served >= reuse.requests {
            workers.remove(at);
        }
        seat
    }

    fn start(self: &Arc<Self>, deadline: Instant) -> Worker {
        let (jobs, incoming) = mpsc::unbounded_channel();
        let (here, gone) = oneshot::channel();
        let latest = Arc::new(Mutex::new(deadline));
        let outlet = Outlet::default();
        let work =
            Work { number: rand::random(), outlet: outlet.clone(), latest: latest.clone(), faults: Mutex::default() };
        let number = work.number;
        tokio::spawn(work.run(self.clone(), incoming, gone));
        Worker { number, jobs, outlet, taken: 0, served: 0, rested: SystemTime::now(), latest, _here: here }
    }

    /// The worker of that number takes no more requests.
    fn retire(&self, number: u64) {
        self.workers().retain(|worker| worker.number != number);
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat<'_> {
    /// The request has ended cleanly.
    fn leave(mut self) {
        self.clean = true;
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        if !self.clean {
            return self.shared.retire(self.number);
        }
        if let Some(worker) = self.shared.workers().iter_mut().find(|worker| worker.number == self.number) {
            worker.taken -= 1;
            worker.rested = SystemTime::now();
        }
    }
}

/// A worker's own side.
struct Work {
    number: u64,
    outlet: Outlet,
    latest: Latest,
    /// How the requests that it has begun are told of its end.
    faults: Mutex<Vec<oneshot::Sender<Fault>>>,
}

impl Work {
    async fn run(self, shared: Arc<Shared>, mut jobs: mpsc::UnboundedReceiver<Job>, gone: oneshot::Receiver<()>) {
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
                Some(ended) = running.next() => ended?,
                job = jobs.recv(), if open => match job {
                    Some(Job { request, facts, deadline, outcome, fault }) => {
                        busy = true;
                        self.begin(fault);
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

    fn begin(&self, fault: oneshot::Sender<Fault>) {
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

fn extend(latest: &Latest, deadline: Instant) {
    let mut latest = latest.lock().unwrap_or_else(PoisonError::into_inner);
    *latest = deadline.max(*latest);
}
