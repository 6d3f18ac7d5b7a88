//! One request and its answer: the guest runs while its response is read, and the deadline limits both.

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

/// A guest that handles one request. It owns its instance: dropping it drops the instance.
pub(crate) type Run = Pin<Box<dyn Future<Output = Result<Instance, Failed>> + Send>>;

/// A request, the guest that handles it, and the response so far.
pub(crate) struct Exchange {
    call: Arc<dyn Call>,
    deadline: Instant,
    home: Home,
    work: Work,
    incoming: IncomingResponse,
    /// Whether the guest has returned without ending its body.
    left_open: bool,
}

/// The instance that handles the request.
pub(crate) enum Home {
    /// An instance that serves no other request at the same time.
    Own {
        instances: Arc<Instances>,
        /// The sink for its output, if the instance has served other requests before.
        used: Option<OutputSink>,
    },
    /// An instance that serves others at the same time.
    Shared(SharedLease),
}

/// The progress of the guest.
pub(crate) enum Work {
    Runs(Run),
    /// A shared instance reports only its failure, or that it has finished.
    RunsWithOthers(oneshot::Receiver<Fault>),
    Returned(Option<Instance>),
    Failed(Fault, Option<Store<State>>),
}

impl Exchange {
    pub(crate) fn new(call: Arc<dyn Call>, home: Home, work: Work, incoming: IncomingResponse) -> Self {
        let deadline = call.deadline();
        Self { call, deadline, home, work, incoming, left_open: false }
    }

    /// Runs the guest until it sets its response or ends, or the deadline passes.
    pub(crate) async fn begin(mut self) -> Answer {
        match self.head().await {
            Ok(head) => Answer::begun(head, self),
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

    /// The next piece of the body, or `None` at its end.
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

    /// The guest has ended without ending its body. A body that the guest writes is complete then, unless the guest has
    /// failed. A stream that the host writes is not.
    fn left_open(&mut self) -> Result<Option<Bytes>, Fault> {
        match self.work.fault() {
            // A program that exits with code 0 has answered.
            None | Some(Fault::Exit(0)) if self.incoming.writer() != Some(Writer::Host) => {
                self.left_open = true;
                Ok(None)
            }
            None => Err(Fault::BodyBroken(self.incoming.written())),
            Some(fault) => Err(fault.clone()),
        }
    }

    /// Reads the whole body.
    pub(crate) async fn whole(mut self, head: response::Parts, limit: usize) -> WholeAnswer {
        let (body, ended) = self.read(limit).await;
        let after = self.after(ended.as_ref().copied());
        WholeAnswer { result: ended.map(|()| Response::from_parts(head, body)), after }
    }

    /// Reads the body to its end, or to its fault.
    pub(crate) async fn read(&mut self, limit: usize) -> (Bytes, Result<(), Fault>) {
        let mut body = BytesMut::new();
        loop {
            if body.len() > limit {
                return (body.freeze(), Err(Fault::BodyTooLarge { limit }));
            }
            match self.next().await {
                // The first piece is not copied.
                Ok(Some(piece)) if body.is_empty() => body = piece.into(),
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => return (body.freeze(), Ok(())),
                Err(fault) => return (body.freeze(), Err(fault)),
            }
        }
    }

    /// Whether the guest still runs. Otherwise all that it has written can be read at once.
    pub(crate) fn is_running(&self) -> bool {
        self.work.is_running()
    }

    /// The number of bytes of the body so far.
    pub(crate) fn written(&self) -> u64 {
        self.incoming.written()
    }

    /// Waits for a part of the response while the guest runs. Once the guest has ended, everything that it has written
    /// can be read; `None` means that the part will not arrive.
    async fn beside<T>(
        &mut self,
        part: impl AsyncFn(&mut IncomingResponse) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        if self.work.is_running() {
            // Outside of tokio's budget, which a guest can use up at each turn.
            let deadline = unconstrained(sleep_until(self.deadline.into()));
            tokio::select! {
                biased;
                ended = self.work.run() => self.work = ended,
                part = part(&mut self.incoming) => return part.map(Some),
                () = deadline => return Err(Fault::Deadline),
            }
        }
        // This runs outside of tokio's budget, because channels appear to be empty once it is exhausted.
        let part = pin!(unconstrained(part(&mut self.incoming))).now_or_never();
        match (part.transpose(), self.work.fault()) {
            // A length that contradicts the body is the reason for the guest's failure, so it takes precedence.
            (Err(other), Some(fault)) if !matches!(other, Fault::Length { .. }) => Err(fault.clone()),
            (part, _) => part,
        }
    }

    /// The work that remains after a request with this result.
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

    /// The fault of a guest that has failed.
    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Failed(fault, _) => Some(fault),
            Self::Runs(_) | Self::RunsWithOthers(_) | Self::Returned(_) => None,
        }
    }

    /// Runs the guest until it ends.
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

/// The work after the response, for an instance that served only this request.
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
            // Creating another instance would fail too.
            Work::Failed(Fault::Instantiate(_), left) => After::dropping(left),
            left => After::of(self.discard(left)),
        }
    }

    /// The response is complete, and the guest still runs.
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

    /// The guest has failed after its response. An exit with code 0 is not a fault.
    async fn fail_late<T>(self, fault: Fault, left: T) -> Option<Fault> {
        self.discard(left).await;
        late(fault)
    }

    async fn make_ready(self) -> Option<Fault> {
        self.instances.make_ready(self.deadline).await;
        None
    }
}

/// The work after the response, for a shared instance: the instance learns when the response is sent, and is retired
/// unless the request ended cleanly.
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

/// A fault after a complete answer. An exit with code 0 is not one.
fn late(fault: Fault) -> Option<Fault> {
    Some(fault).filter(|fault| *fault != Fault::Exit(0))
}
