//! The loop of the custom runtime: it fetches an event, answers it with [`Host`], sends the answer, and repeats.

use std::future::pending;
use std::time::{Duration, Instant};

use funcserver_engine::stealable;
use http::Uri;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::runtime_api::RuntimeApiClient;
use crate::watchdog::{Watchdog, lost};
use funcserver_function::config::LambdaEnv;
use funcserver_function::log::{Log, Value};
use funcserver_function::{Context, Host, Outcome, Step};

/// How often in a row fetching an event may fail, and the pause after the first failure. The pause doubles each time.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// The time after the signal to end at which every open event is answered at the latest: Lambda kills a function with
/// an internal extension after 300 ms.
const LAST_CALL: Duration = Duration::from_millis(200);
/// The time for sending these answers. Lambda gives a function at most two seconds in total.
const LAST_ANSWERS: Duration = Duration::from_millis(1800);

/// Answers events until the Runtime API fails or `told_to_end` completes: one after another, or as many at once as
/// Lambda's environment says. Every event that was fetched is answered before this returns.
///
/// # Errors
/// Fetching an event failed several times in a row.
pub(crate) async fn run(
    host: Host,
    lambda: &LambdaEnv,
    log: Log,
    told_to_end: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let (stop, stopped) = watch::channel(false);
    let watchdog = Watchdog::new(host.clone(), &lambda.runtime_api, log.clone(), stop.clone(), lambda.concurrency > 1);
    let mut workers = JoinSet::new();
    for _ in 0..lambda.concurrency {
        let worker = Worker {
            host: host.clone(),
            api: RuntimeApiClient::new(&lambda.runtime_api),
            watchdog: watchdog.clone(),
            log: log.clone(),
            failures: 0,
        };
        workers.spawn(stealable(worker.run(stopped.clone())));
    }
    let ended = tokio::select! {
        biased;
        ended = all_ended(&mut workers, &stop) => ended,
        () = told_to_end => {
            let _ = stop.send(true);
            watchdog.last_call(Instant::now() + LAST_CALL);
            // After that, the watchdog has answered every open event, and work after an answer is not waited for.
            let _ = timeout(LAST_CALL, async { while workers.join_next().await.is_some() {} }).await;
            Ok(())
        }
    };
    let _ = timeout(LAST_ANSWERS, watchdog.settled()).await;
    ended
}

async fn all_ended(workers: &mut JoinSet<anyhow::Result<()>>, stop: &watch::Sender<bool>) -> anyhow::Result<()> {
    let mut result = Ok(());
    while let Some(ended) = workers.join_next().await {
        // If one worker has stopped, all stop: Lambda would send events for as many workers as its environment
        // announced.
        let _ = stop.send(true);
        result = result.and(ended.map_err(anyhow::Error::from).flatten());
    }
    match result {
        // The watchdog has stopped the workers, and ends the process.
        Ok(()) => pending().await,
        error => error,
    }
}

/// Why a snapshot failed.
pub(crate) enum SnapshotError {
    /// The Runtime API rejects it: the start failed.
    NotTaken(anyhow::Error),
    /// The restored copy cannot serve.
    NotRestored(String),
}

/// Lets Lambda take a snapshot of the process, and returns in a restored copy of it. The copy drops its connections and
/// idle instances, which must not be used after a snapshot, and fetches its secrets.
pub(crate) async fn snapshot(host: &Host, runtime_api: &Uri) -> Result<(), SnapshotError> {
    RuntimeApiClient::new(runtime_api).restored().await.map_err(SnapshotError::NotTaken)?;
    host.restored().await.map_err(SnapshotError::NotRestored)
}

/// Answers one event at a time.
struct Worker {
    host: Host,
    api: RuntimeApiClient,
    watchdog: Watchdog,
    log: Log,
    /// How many attempts in a row to fetch an event have failed.
    failures: u32,
}

impl Worker {
    /// Runs until fetching events fails, here or in another worker, or until the process is told to end.
    async fn run(mut self, mut stopped: watch::Receiver<bool>) -> anyhow::Result<()> {
        loop {
            // If the head of an event has arrived, the event is answered even if the process is told to end meanwhile.
            let context = tokio::select! {
                biased;
                context = self.next() => context?,
                _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
            };
            self.answer(context).await?;
            if *stopped.borrow() {
                return Ok(());
            }
        }
    }

    async fn next(&mut self) -> anyhow::Result<Context> {
        loop {
            match self.api.next().await {
                Ok(context) => return Ok(context),
                Err(error) => self.failed(error).await?,
            }
        }
    }

    /// Logs the error and pauses before the next attempt, or returns the error if there is none left.
    async fn failed(&mut self, error: anyhow::Error) -> anyhow::Result<()> {
        self.failures += 1;
        if self.failures >= TRIES {
            return Err(error);
        }
        self.log.host().warn("no event", &[("error", Value::Shown(&format_args!("{error:#}")))]);
        sleep(PAUSE * 2_u32.pow(self.failures - 1)).await;
        Ok(())
    }

    /// Reads the event and answers it, unless the watchdog has answered it.
    ///
    /// # Errors
    /// The event cannot be read, nor could several before it.
    async fn answer(&mut self, context: Context) -> anyhow::Result<()> {
        let invocation = self.host.invocation(context);
        let watched = self.watchdog.watch(&invocation);
        let (failure, (outcome, after)) = match self.api.event(invocation.due()).await {
            Ok(event) => (None, self.host.invoke(event, &invocation).await),
            Err(error) => {
                let answer = self.host.not_read(format!("the event cannot be read: {error:#}"), &invocation);
                (Some(error), answer)
            }
        };
        let Some(claim) = invocation.claim() else {
            drop(watched);
            // A reply that would be streamed ends its handler.
            drop(outcome);
            after.without_report().finish().await;
            return Ok(());
        };
        if matches!(outcome, Outcome::Stream(_)) {
            watched.streams();
        }
        let sent = self.api.answer(claim, &invocation, outcome).await;
        drop(watched);
        match sent {
            Ok(()) => invocation.tell(&Step::Sent),
            Err(error) => lost(&self.log, &invocation, &error),
        }
        after.finish().await;
        self.host.refresh_secrets(&invocation).await;
        match failure {
            None => self.failures = 0,
            Some(error) => self.failed(error).await?,
        }
        Ok(())
    }
}
