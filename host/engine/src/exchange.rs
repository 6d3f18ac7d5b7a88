//! One request and its answer: the guest runs, its response comes beside it, and the deadline bounds both.

use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::{Response, response};
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use tokio::time::{sleep_until, timeout_at};
use wasmtime::Store;

use crate::answer::{After, Answer, WholeAnswer};
use crate::call::{Call, GuestStep};
use crate::fault::Fault;
use crate::incoming::IncomingResponse;
use crate::instance::{Failed, Instance};
use crate::instances::Instances;
use crate::open_body::Writer;
use crate::output::OutputSink;
use crate::shared::SharedLease;
use crate::state::State;

/// A guest at work for one request. It owns its instance: dropping it drops the instance.
pub(crate) type Run = Pin<Box<dyn Future<Output = Result<Instance, Failed>> + Send>>;

/// A request, the guest that works on it, and the response so far.
pub(crate) struct Exchange {
    call: Arc<dyn Call>,
    deadline: Instant,
    home: Home,
    work: Work,
    incoming: IncomingResponse,
    /// The guest has returned, and has not ended its body.
    left_open: bool,
}

/// Which instance works on the request.
pub(crate) enum Home {
    /// One that serves no other request meanwhile.
    Own {
        instances: Arc<Instances>,
        /// Where its output goes, if it has served other requests before.
        used: Option<OutputSink>,
    },
    /// One that serves others too.
    Shared(SharedLease),
}

/// How far the guest has come.
pub(crate) enum Work {
    Runs(Run),
    /// An instance that serves others too tells only its failure, or that it has nothing left to do.
    RunsWithOthers(oneshot::Receiver<Fault>),
    Returned(Option<Instance>),
    Failed(Fault, Option<Store<State>>),
}

impl Exchange {
    pub(crate) fn new(call: Arc<dyn Call>, home: Home, work: Work, incoming: IncomingResponse) -> Self {
        let deadline = call.deadline();
        Self { call, deadline, home, work, incoming, left_open: false }
    }

    /// Lets the guest run until it has set its response, ends, or the deadline comes.
    pub(crate) async fn begin(mut self) -> Answer {
        match self.head().await {
            Ok(head) if self.work.is_running() => Answer::running(head, self),
            // The guest buffers little: there is no need of a limit.
            Ok(head) => Answer::ended(self.whole(head, usize::MAX).await),
            Err(fault) => {
                let after = self.after(Err(&fault));
                Answer::failed(fault, after)
            }
        }
    }

    async fn head(&mut self) -> Result<response::Parts, Fault> {
        let head = match self.beside(IncomingResponse::head).await? {
            Some(head) => head,
            None => return Err(self.work.fault().cloned().unwrap_or(Fault::NoAnswer)),
        };
        self.call.on(GuestStep::Head(&head));
        Ok(head)
    }

    /// The next piece of the body; none at its end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let piece = match self.beside(IncomingResponse::piece).await? {
            Some(piece) => piece,
            None => self.left_open()?,
        };
        if piece.is_none() {
            self.call.on(GuestStep::Body(self.incoming.written()));
        }
        Ok(piece)
    }

    /// The guest is at its end and has not ended its body. One that it writes is complete all the same, unless the guest has
    /// failed; a stream of the host's is not.
    fn left_open(&mut self) -> Result<Option<Bytes>, Fault> {
        match self.work.fault() {
            // A program that ends itself in good order has answered.
            None | Some(Fault::Exit(0)) if self.incoming.writer() != Some(Writer::Host) => {
                self.left_open = true;
                Ok(None)
            }
            None => Err(Fault::BodyBroken(self.incoming.written())),
            Some(fault) => Err(fault.clone()),
        }
    }

    /// Collects the body.
    pub(crate) async fn whole(mut self, head: response::Parts, limit: usize) -> WholeAnswer {
        let body = self.collect(limit).await;
        let after = self.after(body.as_ref().map(|_| ()));
        WholeAnswer { result: body.map(|body| Response::from_parts(head, body)), after }
    }

    async fn collect(&mut self, limit: usize) -> Result<Bytes, Fault> {
        let Some(first) = self.next().await? else { return Ok(Bytes::new()) };
        let mut body = BytesMut::from(first);
        loop {
            if body.len() > limit {
                return Err(Fault::BodyTooLarge { limit });
            }
            match self.next().await? {
                Some(piece) => body.extend_from_slice(&piece),
                None => return Ok(body.freeze()),
            }
        }
    }

    /// How many bytes of the body have come.
    pub(crate) fn written(&self) -> u64 {
        self.incoming.written()
    }

    /// Waits for a part of the response while the guest runs. When the guest is at its end, all that it has written is
    /// there: none means that the part never comes.
    async fn beside<T>(
        &mut self,
        part: impl AsyncFn(&mut IncomingResponse) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        if self.work.is_running() {
            tokio::select! {
                biased;
                ended = self.work.run() => self.work = ended,
                part = part(&mut self.incoming) => return part.map(Some),
                () = sleep_until(self.deadline.into()) => return Err(Fault::Deadline),
            }
        }
        // Not under tokio's budget: once it is used up, channels claim to be empty.
        let part = pin!(unconstrained(part(&mut self.incoming))).now_or_never();
        match (part.transpose(), self.work.fault()) {
            // A length that contradicts the body is why the guest has failed.
            (Err(other), Some(fault)) if !matches!(other, Fault::Length { .. }) => Err(fault.clone()),
            (part, _) => part,
        }
    }

    /// What is left to do, by what the request came to.
    pub(crate) fn after(self, result: Result<(), &Fault>) -> After {
        let Self { deadline, home, work, left_open, .. } = self;
        match home {
            Home::Own { instances, used } => {
                if let (Err(Fault::NoAnswer), Some(sink)) = (result, &used) {
                    instances.gave_no_answer(sink);
                }
                Own { instances, deadline }.after(work, result.is_ok(), left_open)
            }
            Home::Shared(place) => shared(place, work, result.is_ok()),
        }
    }
}

impl Work {
    fn is_running(&self) -> bool {
        matches!(self, Self::Runs(_) | Self::RunsWithOthers(_))
    }

    /// Why the guest has failed, if it has.
    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Failed(fault, _) => Some(fault),
            Self::Runs(_) | Self::RunsWithOthers(_) | Self::Returned(_) => None,
        }
    }

    /// Runs the guest to its end.
    async fn run(&mut self) -> Self {
        match self {
            Self::Runs(run) => match run.await {
                Ok(instance) => Self::Returned(Some(instance)),
                Err(Failed { fault, store }) => Self::Failed(fault, Some(store)),
            },
            Self::RunsWithOthers(failed) => match failed.await {
                Ok(fault) => Self::Failed(fault, None),
                Err(_) => Self::Returned(None),
            },
            Self::Returned(_) | Self::Failed(..) => pending().await,
        }
    }
}

/// The work after the response of an instance that served this request alone.
struct Own {
    instances: Arc<Instances>,
    deadline: Instant,
}

impl Own {
    fn after(self, work: Work, answered: bool, left_open: bool) -> After {
        match work {
            Work::Runs(run) if answered => After::of(self.go_on(run)),
            Work::Returned(Some(instance)) if answered && !left_open => After::of(self.give_back(instance)),
            Work::Failed(fault, left) if answered => After::of(self.fail_late(fault, left)),
            // Another instance would fail too.
            Work::Failed(Fault::Instantiate(_), left) => After::dropping(left),
            left => After::of(self.discard(left)),
        }
    }

    /// The response is complete, and the guest still at work.
    async fn go_on(self, run: Run) -> Option<Fault> {
        match timeout_at(self.deadline.into(), run).await {
            Ok(Ok(instance)) => self.give_back(instance).await,
            Ok(Err(Failed { fault, store })) => self.fail_late(fault, store).await,
            Err(_) => Some(Fault::Deadline),
        }
    }

    async fn give_back(self, instance: Instance) -> Option<Fault> {
        self.instances.give_back(instance);
        self.make_ready().await
    }

    async fn discard<T>(self, left: T) -> Option<Fault> {
        drop(left);
        self.make_ready().await
    }

    /// The guest has failed after its response, unless it ended itself in good order.
    async fn fail_late<T>(self, fault: Fault, left: T) -> Option<Fault> {
        self.discard(left).await;
        late(fault)
    }

    async fn make_ready(self) -> Option<Fault> {
        self.instances.make_ready(self.deadline).await;
        None
    }
}

/// The work after the response of an instance that serves others too: it is told when the response is sent, and retired
/// unless the request has ended cleanly.
fn shared(place: SharedLease, work: Work, answered: bool) -> After {
    let late_fault = match work {
        Work::Failed(fault, _) if answered => Some(fault),
        _ => None,
    };
    let sent = if answered && late_fault.is_none() { place.leave() } else { place.retire() };
    After::of(async move {
        drop(sent);
        late_fault.and_then(late)
    })
}

/// A fault that has cost no answer. A program that ends itself in good order has none.
fn late(fault: Fault) -> Option<Fault> {
    Some(fault).filter(|fault| *fault != Fault::Exit(0))
}
