//! The loop of the custom runtime: fetch an event, let [`Host`] answer it, send the answer, again.

use std::time::Duration;

use http::Uri;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::LambdaEnv;
use crate::host::{Host, Outcome};
use crate::log::{Log, Value};
use crate::runtime_api::{Invocation, RuntimeApi};

/// How often in a row a request for an event may fail, and the pause after the first failure; it doubles.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// Answers events until the Runtime API fails: one after the other, or as many at once as Lambda says. All events that
/// were taken are answered before the return.
///
/// # Errors
/// There are no events to be had, several times in a row.
pub(crate) async fn run(host: Host, lambda: &LambdaEnv, log: Log) -> anyhow::Result<()> {
    let (failed, others) = watch::channel(false);
    let mut workers = JoinSet::new();
    for _ in 0..lambda.concurrency {
        let worker = Worker { host: host.clone(), api: RuntimeApi::new(&lambda.runtime_api), log: log.clone() };
        workers.spawn(worker.run(others.clone()));
    }
    let mut result = Ok(());
    while let Some(ended) = workers.join_next().await {
        // Lambda would send events for as many workers as it has told us to have.
        let _ = failed.send(true);
        result = result.and(ended.map_err(anyhow::Error::from).flatten());
    }
    result
}

/// Lets a snapshot of the process be taken, and returns in a copy of it, in which nothing of before is used that must not
/// be: connections, and what was made ahead.
///
/// # Errors
/// The Runtime API refuses.
pub(crate) async fn snapshot(host: &Host, runtime_api: &Uri) -> anyhow::Result<()> {
    RuntimeApi::new(runtime_api).restored().await?;
    host.restored();
    Ok(())
}

/// One that answers events, one at a time.
struct Worker {
    host: Host,
    api: RuntimeApi,
    log: Log,
}

impl Worker {
    /// Until no event is to be had, here or by another worker.
    async fn run(mut self, mut failed: watch::Receiver<bool>) -> anyhow::Result<()> {
        loop {
            let invocation = tokio::select! {
                biased;
                invocation = self.next() => invocation?,
                _ = failed.wait_for(|failed| *failed) => return Ok(()),
            };
            self.answer(invocation).await;
        }
    }

    async fn next(&mut self) -> anyhow::Result<Invocation> {
        let mut pause = PAUSE;
        for _ in 1..TRIES {
            match self.api.next().await {
                Ok(invocation) => return Ok(invocation),
                Err(error) => self.log.host().warn("no event", &[("error", Value::Shown(&format_args!("{error:#}")))]),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.api.next().await
    }

    /// One answer that cannot be sent must not end the process, and with it the next invocations.
    async fn answer(&mut self, invocation: Invocation) {
        let Invocation { context, event, receipt } = invocation;
        let log = self.log.clone();
        let id = context.request_id.clone();
        let (outcome, after) = self.host.invoke(event, context).await;
        let sent = match outcome {
            Outcome::Reply { json, .. } => self.api.response(&receipt, json).await,
            Outcome::Error { kind, message } => self.api.error(&receipt, &kind, &message).await,
        };
        if let Err(error) = sent {
            log.at(&id).error("the answer is lost", &[("error", Value::Shown(&format_args!("{error:#}")))]);
        }
        after.finish().await;
    }
}
