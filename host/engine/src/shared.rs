//! Instances that answer several requests at once, which only `wasi:http` 0.3 can.
//!
//! A worker owns such an instance and runs it by itself; requests are brought to it. Whatever ends the instance ends all
//! requests in it, so one that failed takes no more, and is dropped when those that it has are answered.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::sleep_until;

use crate::call::Call;
use crate::exchange::{After, Answer};
use crate::fault::Fault;
use crate::instances::Instances;
use crate::reply::ReplyBuffer;
use crate::reuse::Reuse;
use crate::stealable::{at_work, stealable};
use crate::worker::{Job, Latest, Work, extend};

/// The instances of one component that are at work on several requests each, or may be.
pub(crate) struct Shared {
    pub(crate) instances: Arc<Instances>,
    /// One permit for each instance that is alive.
    pub(crate) stores: Arc<Semaphore>,
    workers: Mutex<Vec<Worker>>,
}

/// An instance as those who bring requests to it see it. Dropped, it takes no more.
struct Worker {
    number: u64,
    jobs: mpsc::UnboundedSender<Job>,
    /// Requests in it, and all that it has been given.
    taken: usize,
    served: usize,
    /// When the last of its requests has ended.
    rested: SystemTime,
    latest: Latest,
    /// Lives on in every request until its reply is sent.
    reply: mpsc::Sender<Infallible>,
    _here: oneshot::Sender<()>,
}

/// A request's place in an instance. Dropped before it is left, it has the instance take no more requests.
struct Seat<'a> {
    shared: &'a Shared,
    number: u64,
    reply: mpsc::Sender<Infallible>,
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
        let seat = self.seat(Job { request, facts, deadline, output, outcome, fault });
        let mut reply = ReplyBuffer::new(response, head, self.instances.common.limits.response_body);
        let (result, late) = tokio::select! {
            biased;
            fault = &mut failed => match fault {
                Ok(fault) => match reply.settle_failed(&fault) {
                    Ok(response) => (Ok(response), Some(fault)),
                    Err(fault) => (Err(fault), None),
                },
                // The instance came to rest: whatever this request has been given, there will be no more of it.
                Err(_) => (reply.settle().map(|(response, _)| response), None),
            },
            result = reply.collect() => (result, None),
            () = sleep_until(deadline.into()) => (Err(Fault::Deadline), None),
        };
        let sent = seat.reply.clone();
        if result.is_ok() && late.is_none() {
            seat.leave();
        }
        let after = After::of(async move {
            drop(sent);
            late.filter(|fault| *fault != Fault::Exit(0))
        });
        Answer { result, after }
    }

    /// Takes no instance that lives now any more.
    pub(crate) fn forget(&self) {
        self.workers().clear();
    }

    /// Hands the request to an instance that has room, or to a new one.
    fn seat(self: &Arc<Self>, job: Job) -> Seat<'_> {
        let reuse = &self.instances.reuse;
        let mut workers = self.workers();
        workers.retain(|worker| !worker.has_ended(reuse));
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
        // One that has just ended drops the request, which is told so.
        let _ = worker.jobs.send(job);
        let seat = Seat { shared: self, number: worker.number, reply: worker.reply.clone(), clean: false };
        if worker.served >= reuse.requests {
            workers.remove(at);
        }
        seat
    }

    fn start(self: &Arc<Self>, deadline: Instant) -> Worker {
        let (jobs, incoming) = mpsc::unbounded_channel();
        let (here, gone) = oneshot::channel();
        let (reply, replies) = mpsc::channel(1);
        let latest = Arc::new(Mutex::new(deadline));
        let number = rand::random();
        let work = Work::new(number, latest.clone()).run(self.clone(), incoming, gone, replies);
        tokio::spawn(stealable(at_work(work)));
        Worker { number, jobs, taken: 0, served: 0, rested: SystemTime::now(), latest, reply, _here: here }
    }

    /// The worker of that number takes no more requests.
    pub(crate) fn retire(&self, number: u64) {
        self.workers().retain(|worker| worker.number != number);
    }

    fn workers(&self) -> MutexGuard<'_, Vec<Worker>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Whether its instance is no more, or has waited for too long.
    fn has_ended(&self, reuse: &Reuse) -> bool {
        self.jobs.is_closed() || (self.taken == 0 && reuse.is_stale(self.rested))
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
