//! Execution environments: the process of a custom runtime with its own Runtime API, and a fleet of them.
//!
//! A process starts as in Lambda: its working directory is the task root, and it gets Lambda's environment variables
//! and those of the function, but none of the caller's. It gets one event at a time. Not imitated are freezing between
//! events, the memory limit, the read-only file system, and credentials.
//!
//! A process leads its own process group, and the whole group is killed with it.

mod extensions;
mod fleet;
mod output;
mod process;
mod program;

pub use fleet::Fleet;
pub use output::{Line, LineSink, OutputStream};
pub use program::Program;

use std::pin::pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use self::extensions::Extensions;
use self::process::Process;
use crate::runtime_api::RuntimeApi;
use crate::{Function, FunctionReply, InvocationError, ReplyStream, id};

/// The time that Lambda gives the processes of a function with an extension to end by themselves.
const GRACE: Duration = Duration::from_secs(2);

/// The most time to read the last requests of a process that has ended.
const LAST_REQUESTS: Duration = Duration::from_secs(1);

/// One execution environment. Dropping it kills its processes.
pub struct Environment {
    function: Function,
    api: RuntimeApi,
    process: Process,
    extensions: Extensions,
    program: String,
}

impl Environment {
    /// Starts the program; `number` names the environment in its output lines.
    ///
    /// This waits for the extensions, but not for the program: the first invocation waits for that. A program that
    /// cannot be started is an error of the kind [`Entrypoint`](crate::InvocationErrorKind::Entrypoint).
    pub async fn start(
        function: &Function,
        program: &Program,
        output: &LineSink,
        number: u64,
    ) -> Result<Self, InvocationError> {
        let failed = |error: std::io::Error| InvocationError::entrypoint(&id::request_id(), &program.name(), error);
        let api = RuntimeApi::start_for(function.clone()).await.map_err(failed)?;
        let command = program.command(function, api.address()).map_err(failed)?;
        let extensions = Extensions::start(function, program, &api, output, number).await?;
        let process = Process::start(command, output, number).map_err(failed)?;
        Ok(Self { function: function.clone(), api, process, extensions, program: program.name() })
    }

    /// Sends `event` to the runtime and waits for its answer.
    ///
    /// The caller must invoke an environment with one event at a time. An error that ends a process in Lambda (a
    /// time-out, an exit, an init error) also ends the environment, see [`alive`](Self::alive).
    pub async fn invoke(&self, event: Bytes) -> Result<Bytes, InvocationError> {
        let id = id::request_id();
        let (sender, answer) = oneshot::channel();
        let whole = async {
            let reply: Result<FunctionReply, _> = answer.await.unwrap_or_else(|_| Err(self.exited(&id)));
            reply?.whole().await
        };
        tokio::join!(self.invoke_as(&id, event, || {}, sender), whole).1
    }

    /// The same, for an invocation that has a request id. Sends the answer to `answer`, a streamed one when it begins,
    /// and completes when it has ended. `ended` is called right before the answer, or the end of a streamed one, is
    /// delivered.
    pub async fn invoke_as(
        &self,
        id: &str,
        event: Bytes,
        ended: impl FnOnce(),
        answer: oneshot::Sender<Result<FunctionReply, InvocationError>>,
    ) {
        let reply = match self.started(id).await {
            Ok(()) => {
                let until = Instant::now() + self.function.timeout;
                match self.reply(id, event).await {
                    Ok(FunctionReply::Stream(stream)) => return self.pass_on(id, stream, until, ended, answer).await,
                    reply => reply,
                }
            }
            Err(error) => Err(error),
        };
        ended();
        // The receiver may have been dropped.
        let _ = answer.send(reply);
    }

    /// Passes a streamed reply on until it has ended, at the time limit of the invocation at the latest.
    async fn pass_on(
        &self,
        id: &str,
        mut from: ReplyStream,
        until: Instant,
        ended: impl FnOnce(),
        answer: oneshot::Sender<Result<FunctionReply, InvocationError>>,
    ) {
        let (writer, reply) = ReplyStream::new(from.content_type());
        let _ = answer.send(Ok(FunctionReply::Stream(reply)));
        let flowed = {
            let mut flow = pin!(async {
                while let Some(piece) = from.next().await {
                    writer.write(piece?).await;
                }
                Ok(())
            });
            tokio::select! {
                biased;
                flowed = &mut flow => flowed,
                () = self.process.ended() => {
                    self.process.kill();
                    // What was sent before the end counts.
                    flow.await.map_err(|_| self.exited(id))
                }
                () = tokio::time::sleep_until(until.into()) => {
                    Err(InvocationError::timed_out(id, self.function.timeout))
                }
            }
        };
        if flowed.as_ref().is_err_and(InvocationError::is_fatal) {
            self.process.kill();
            self.process.ended().await;
        }
        ended();
        match flowed {
            Ok(()) => writer.end().await,
            Err(error) => writer.fail(error).await,
        }
    }

    async fn reply(&self, id: &str, event: Bytes) -> Result<FunctionReply, InvocationError> {
        let answer = {
            let answer = self.api.invoke_as(id, event, self.function.timeout);
            tokio::pin!(answer);
            tokio::select! {
                biased;
                answer = &mut answer => answer,
                error = self.api.init_error() => Err(error),
                () = self.process.ended() => {
                    self.process.kill();
                    // A reply that was sent before the end counts.
                    self.api.settled(LAST_REQUESTS).await;
                    match tokio::time::timeout(Duration::ZERO, &mut answer).await {
                        Ok(answer) => answer,
                        Err(_) => Err(self.exited(id)),
                    }
                }
            }
        };
        if answer.as_ref().is_err_and(InvocationError::is_fatal) {
            self.process.kill();
            self.process.ended().await;
        }
        answer
    }

    /// Waits until the runtime is waiting for an event: it has started, or has finished its work after a reply.
    ///
    /// # Errors
    /// The runtime did not start, it ended, or it works longer than the time limit of an invocation.
    pub async fn ready(&self) -> Result<(), InvocationError> {
        let id = id::request_id();
        self.started(&id).await?;
        let limit = self.function.timeout;
        tokio::select! {
            biased;
            // The process comes first: its end may be noticed before that of its connection.
            () = self.process.ended() => Err(self.exited(&id)),
            () = self.api.idle() => Ok(()),
            () = tokio::time::sleep(limit) => Err(InvocationError::timed_out(&id, limit)),
        }
    }

    /// Whether the process still runs.
    pub fn alive(&self) -> bool {
        self.process.status().is_none()
    }

    /// The process id of the program.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The process ids of the program and its extensions. Each leads a process group.
    pub fn process_ids(&self) -> Vec<u32> {
        self.extensions.process_ids().chain([self.process.id()]).collect()
    }

    /// Whether an extension has registered. Lambda announces the shutdown only if one has.
    pub fn has_extension(&self) -> bool {
        self.api.has_extension()
    }

    /// Kills the processes without waiting until they have ended.
    pub fn kill(&self) {
        self.process.kill();
        self.extensions.kill();
    }

    /// Ends the processes as Lambda does, and waits until they have ended. If the function has an extension, the
    /// shutdown is announced, the program gets SIGTERM, and has 2 seconds to end. Otherwise it is killed at once.
    /// External extensions also have 2 seconds, but get no signal.
    pub async fn shut_down(&self) {
        if self.api.has_extension() {
            self.api.announce_shutdown(GRACE);
            self.process.terminate();
            let _ = tokio::time::timeout(GRACE, self.process.ended()).await;
        }
        self.process.kill();
        self.process.ended().await;
        self.extensions.end(GRACE).await;
    }

    /// Waits until the runtime has asked for its first event.
    async fn started(&self, id: &str) -> Result<(), InvocationError> {
        let limit = self.function.init_timeout;
        let error = tokio::select! {
            biased;
            () = self.api.polled() => return Ok(()),
            error = self.api.init_error() => error,
            () = self.process.ended() => {
                self.process.kill();
                self.api.settled(LAST_REQUESTS).await;
                match tokio::time::timeout(Duration::ZERO, self.api.init_error()).await {
                    Ok(error) => error,
                    Err(_) => self.exited(id),
                }
            }
            () = tokio::time::sleep(limit) => InvocationError::timed_out(id, limit),
        };
        self.process.kill();
        self.process.ended().await;
        Err(error)
    }

    fn exited(&self, id: &str) -> InvocationError {
        InvocationError::exited(id, self.process.status())
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("program", &self.program)
            .field("process_id", &self.process_id())
            .field("runtime_api", &self.api.address())
            .finish()
    }
}
