//! The loop of the custom runtime: fetch an event, let [`Host`] answer it, send the answer, again.

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
use funcserver_function::{Context, Host, Step};

/// How often in a row a request for an event may fail, and the pause after the first failure; it doubles.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(50);

/// When an event that is at work as the process is told to end is answered at the latest: Lambda kills a function with an
/// internal extension after 300 ms.
const LAST_CALL: Duration = Duration::from_millis(200);
/// How long the answers may then take on their way. Lambda gives no function more than two seconds in all.
const LAST_ANSWERS: Duration = Duration::from_millis(1800);

/// Answers events until the Runtime API fails, or `told_to_end` comes: one after the other, or as many at once as Lambda says.
/// All events that were taken are answered before the return.
///
/// # Errors
/// There are no events to be had, several times in a row.
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
            // Later, all that is open has its answer from the watchdog, and what goes on after an answer does not count.
            let _ = timeout(LAST_CALL, async { while workers.join_next().await.is_some() {} }).await;
            Ok(())
        }
    };
    let _ = timeout(LAST_ANSWERS, watchdog.at_rest()).await;
    ended
}

async fn all_ended(workers: &mut JoinSet<anyhow::Result<()>>, stop: &watch::Sender<bool>) -> anyhow::Result<()> {
    let mut result = Ok(());
    while let Some(ended) = workers.join_next().await {
        // Lambda would send events for as many workers as it has told us to have.
        let _ = stop.send(true);
        result = result.and(ended.map_err(anyhow::Error::from).flatten());
    }
    match result {
        // The watchdog has stopped them, and ends the process.
        Ok(()) => pending().await,
        error => error,
    }
}

/// Lets a snapshot of the process be taken, and returns in a copy of it, in which nothing of before is used that must not
/// be: connections, and what was made ahead.
///
/// # Errors
/// The Runtime API refuses.
pub(crate) async fn snapshot(host: &Host, runtime_api: &Uri) -> anyhow::Result<()> {
    RuntimeApiClient::new(runtime_api).restored().await?;
    host.restored();
    Ok(())
}

/// One that answers events, one at a time.
struct Worker {
    host: Host,
    api: RuntimeApiClient,
    watchdog: Watchdog,
    log: Log,
    /// How often in a row it has got no event.
    failures: u32,
}

impl Worker {
    /// Until no event is to be had, here or by another worker, or the process is told to end.
    async fn run(mut self, mut stopped: watch::Receiver<bool>) -> anyhow::Result<()> {
        loop {
            // An event whose head has come is taken, though the process is told to end meanwhile.
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

    /// Says so, and waits a little before the next try, if there is to be one.
    async fn failed(&mut self, error: anyhow::Error) -> anyhow::Result<()> {
        self.failures += 1;
        if self.failures >= TRIES {
            return Err(error);
        }
        self.log.host().warn("no event", &[("error", Value::Shown(&format_args!("{error:#}")))]);
        sleep(PAUSE * 2_u32.pow(self.failures - 1)).await;
        Ok(())
    }

    /// Reads the event, and answers it, unless the watchdog does.
    ///
    /// # Errors
    /// It cannot be read, and so could not be several before it.
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
            after.without_report().finish().await;
            return Ok(());
        };
        let sent = self.api.answer(claim, &invocation, outcome).await;
        drop(watched);
        match sent {
            Ok(()) => invocation.tell(&Step::Sent),
            Err(error) => lost(&self.log, &invocation, &error),
        }
        after.finish().await;
        match failure {
            None => self.failures = 0,
            Some(error) => self.failed(error).await?,
        }
        Ok(())
    }
}
