//! External extensions: programs that start and register before the function's own program starts.

use std::path::Path;
use std::time::Duration;

use super::process::Process;
use super::{LineSink, Program};
use crate::runtime_api::RuntimeApi;
use crate::{Function, InvocationError, id};

/// The extensions of one environment. Dropping this kills them.
pub(super) struct Extensions(Vec<Process>);

impl Extensions {
    /// Starts the extensions of `program` concurrently, and waits until all of them have registered.
    pub(super) async fn start(
        function: &Function,
        program: &Program,
        api: &RuntimeApi,
        output: &LineSink,
        number: u64,
    ) -> Result<Self, InvocationError> {
        let mut extensions = Self(Vec::new());
        for path in &program.extensions {
            let command = program.extension(path, function, api.address());
            let process = command.and_then(|command| Process::start(command, output, number));
            extensions.0.push(process.map_err(|error| failed(path, "LaunchError", &error))?);
        }
        let limit = function.init_timeout;
        tokio::select! {
            biased;
            () = api.registered(program.extensions.len()) => Ok(extensions),
            index = extensions.any_ended() => {
                Err(failed(&program.extensions[index], "Crash", &"it ended before it registered"))
            }
            () = tokio::time::sleep(limit) => Err(InvocationError::timed_out(&id::request_id(), limit)),
        }
    }

    pub(super) fn process_ids(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(Process::id)
    }

    pub(super) fn kill(&self) {
        self.0.iter().for_each(Process::kill);
    }

    /// Waits until all extensions have ended, for `limit` at most, and kills the others.
    pub(super) async fn end(&self, limit: Duration) {
        let all = async {
            for process in &self.0 {
                process.ended().await;
            }
        };
        let _ = tokio::time::timeout(limit, all).await;
        self.kill();
        for process in &self.0 {
            process.ended().await;
        }
    }

    /// Waits until any extension has ended, and returns its index.
    async fn any_ended(&self) -> usize {
        let mut watchers = tokio::task::JoinSet::new();
        for (index, process) in self.0.iter().enumerate() {
            let ended = process.end_watcher();
            watchers.spawn(async move {
                ended.await;
                index
            });
        }
        match watchers.join_next().await {
            Some(Ok(index)) => index,
            // There are no extensions, or the watcher was cancelled.
            _ => std::future::pending().await,
        }
    }
}

fn failed(path: &Path, kind: &str, reason: &dyn std::fmt::Display) -> InvocationError {
    InvocationError::init(format!("Extension.{kind}"), format!("extension {}: {reason}", path.display()))
}
