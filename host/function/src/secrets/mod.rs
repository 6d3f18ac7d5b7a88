//! `guest.secrets`: variables of the handler whose values are in Secrets Manager or Parameter Store. They are fetched
//! all at once when the function starts, or after a snapshot was restored, and again when they are older than
//! `guest.secrets-max-age`.
//!
//! No value is in an error, in the log or in the `Debug` of a type.

mod endpoint;
mod parameter_store;
mod problem;
mod secrets_manager;
mod service;
mod value;

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use funcserver_engine::Guest;
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use tokio::sync::Mutex;
use tokio::time::timeout_at;

use crate::config::{Config, Env, SecretReference, SecretService};
use crate::log::{Log, Value};
use problem::SecretProblem;
use service::SecretServices;

pub use endpoint::EndpointError;
pub use problem::SecretsError;
pub use service::SecretServicesError;

/// The time for all secrets at the start. Lambda gives a whole start ten seconds, of which the warm-up may take five.
const START: Duration = Duration::from_secs(4);
/// The time after an answer.
const AFTER_ANSWER: Duration = Duration::from_secs(2);
/// The time before an event, whose answer waits for it, and the most of the event's own time that this may be.
const BEFORE_EVENT: Duration = Duration::from_secs(1);
const SHARE: u32 = 4;
/// The time after a failure until the secrets are fetched again, unless they may not even be that old.
const PAUSE: Duration = Duration::from_secs(10);

/// The secrets of a function.
pub struct Secrets {
    wanted: BTreeMap<String, SecretReference>,
    max_age: Option<Duration>,
    services: SecretServices,
    /// The last fetch. Its lock is held while secrets are fetched, so that there is one fetch at a time.
    fetched: Mutex<Fetched>,
}

/// The last fetch.
struct Fetched {
    values: Values,
    /// When it ended. This is wall-clock time, because other clocks may stop while the process is frozen.
    at: SystemTime,
    /// When it was tried, if it has failed.
    failed: Option<Moment>,
}

/// A moment between two events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// An event has arrived. It waits, and gets no secret that is too old.
    BeforeEvent,
    /// An answer was sent. Nobody waits, so that secrets are fetched that will soon be too old.
    AfterAnswer,
}

/// Values by the names of their variables.
type Values = BTreeMap<String, String>;
/// The values that could be had, and the reasons for those that could not.
type Results<'a> = Vec<(&'a String, &'a SecretReference, Result<String, SecretProblem>)>;
/// The texts of stored secrets, by their service and name there.
type Texts<'a> = BTreeMap<(SecretService, &'a str), Result<String, SecretProblem>>;

impl Secrets {
    /// The secrets of a function, if it has any. Nothing is fetched yet.
    ///
    /// # Errors
    /// The environment does not say where they are.
    pub fn of(config: &Config, env: &dyn Env) -> Result<Option<Self>, SecretServicesError> {
        if config.guest.secrets.is_empty() {
            return Ok(None);
        }
        Ok(Some(Self {
            wanted: config.guest.secrets.clone(),
            max_age: config.guest.secrets_max_age,
            services: SecretServices::new(config, env)?,
            fetched: Mutex::new(Fetched { values: Values::new(), at: SystemTime::UNIX_EPOCH, failed: None }),
        }))
    }

    /// Fetches all secrets, and gives them to the guest.
    ///
    /// # Errors
    /// All that have no value. The guest then gets none.
    pub(crate) async fn fetch(&self, guest: &Guest, log: &Log) -> Result<(), SecretsError> {
        let begin = Instant::now();
        let mut fetched = self.fetched.lock().await;
        let results = self.ask(begin + START).await;
        if let Some(error) = error(&results) {
            return Err(error);
        }
        fetched.values = values(results);
        guest.set_secrets(fetched.pairs());
        fetched.ended(None);
        let ms = begin.elapsed().as_millis().to_string();
        let count = self.wanted.len().to_string();
        log.host().debug("the secrets were fetched", &[("count", count.as_str().into()), ("ms", ms.as_str().into())]);
        Ok(())
    }

    /// Fetches secrets again if they are too old. A secret that cannot be fetched keeps its value, and a warning is
    /// logged.
    pub(crate) async fn refresh(&self, moment: Moment, due: Instant, guest: &Guest, log: &Log) {
        let Some(max_age) = self.max_age else { return };
        let now = Instant::now();
        let until = moment.until(now, due);
        if until == now {
            return;
        }
        // Another event may be fetching them.
        let Ok(mut fetched) = timeout_at(until.into(), self.fetched.lock()).await else { return };
        if !fetched.is_due(moment, max_age, SystemTime::now()) {
            return;
        }
        let results = self.ask(until).await;
        let error = error(&results);
        let changed = fetched.update(values(results));
        if !changed.is_empty() {
            guest.set_secrets(fetched.pairs());
            log.host().info("secrets have changed", &[("names", changed.join(", ").as_str().into())]);
        }
        fetched.ended(error.is_some().then_some(moment));
        if let Some(error) = error {
            let message = "secrets cannot be fetched again; the handler keeps the values that it has";
            log.host().warn(message, &[("error", Value::Shown(&error))]);
        }
    }

    /// Asks for all secrets at once, until `until`.
    async fn ask(&self, until: Instant) -> Results<'_> {
        let texts = self.texts(until).await;
        self.services.forget_connections();
        let read = |of: &SecretReference| {
            let text = texts.get(&(of.service, &*of.id)).cloned();
            let text = text.unwrap_or_else(|| Err(self.services.not_found(of.service)));
            text.and_then(|text| value::value(&text, of.field.as_deref()))
        };
        self.wanted.iter().map(|(name, of)| (name, of, read(of))).collect()
    }

    /// The texts of all stored secrets, each of which is read once.
    async fn texts(&self, until: Instant) -> Texts<'_> {
        let ids = |service: SecretService| {
            let mut ids: Vec<&str> =
                self.wanted.values().filter(|of| of.service == service).map(|of| &*of.id).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let mut calls: Vec<BoxFuture<'_, Texts<'_>>> = Vec::new();
        for id in ids(SecretService::SecretsManager) {
            let text = async move { vec![secrets_manager::text(&self.services, id).await] };
            calls.push(self.within(until, SecretService::SecretsManager, vec![id], text).boxed());
        }
        for batch in ids(SecretService::ParameterStore).chunks(parameter_store::BATCH) {
            let names = batch.to_vec();
            let texts = async move { parameter_store::texts(&self.services, &names).await };
            calls.push(self.within(until, SecretService::ParameterStore, batch.to_vec(), texts).boxed());
        }
        join_all(calls).await.into_iter().flatten().collect()
    }

    /// The texts of these secrets, or that they did not come in time.
    async fn within<'a>(
        &'a self,
        until: Instant,
        service: SecretService,
        ids: Vec<&'a str>,
        texts: impl Future<Output = Vec<Result<String, SecretProblem>>>,
    ) -> Texts<'a> {
        let begin = Instant::now();
        let late = || {
            let endpoint = self.services.endpoint(service).to_string();
            SecretProblem::TimedOut { endpoint, limit: until.duration_since(begin) }
        };
        let texts = timeout_at(until.into(), texts).await;
        let texts = texts.unwrap_or_else(|_| ids.iter().map(|_| Err(late())).collect());
        ids.into_iter().map(|id| (service, id)).zip(texts).collect()
    }
}

/// The reasons for those that could not be had, if there are any.
fn error(results: &Results<'_>) -> Option<SecretsError> {
    let problems = results.iter().filter_map(|(name, of, result)| Some((*name, *of, result.as_ref().err()?.clone())));
    SecretsError::of(problems)
}

/// The values that could be had.
fn values(results: Results<'_>) -> Values {
    results.into_iter().filter_map(|(name, _, result)| Some((name.clone(), result.ok()?))).collect()
}

impl Fetched {
    fn pairs(&self) -> Vec<(String, String)> {
        self.values.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// Takes new values, and returns the names of those that have changed.
    fn update(&mut self, values: Values) -> Vec<String> {
        let changed: Vec<(String, String)> =
            values.into_iter().filter(|(name, value)| self.values.get(name) != Some(value)).collect();
        let names = changed.iter().map(|(name, _)| name.clone()).collect();
        self.values.extend(changed);
        names
    }

    fn ended(&mut self, failed: Option<Moment>) {
        (self.at, self.failed) = (SystemTime::now(), failed);
    }

    /// Whether it is time for the next fetch. That is also so if the clock was put back.
    fn is_due(&self, moment: Moment, max_age: Duration, now: SystemTime) -> bool {
        let wait = match (moment, self.failed) {
            (Moment::BeforeEvent, None) => max_age,
            (Moment::AfterAnswer, None) => max_age - max_age / 4,
            // There is more time than before the event.
            (Moment::AfterAnswer, Some(Moment::BeforeEvent)) => Duration::ZERO,
            (_, Some(_)) => max_age.min(PAUSE),
        };
        !now.duration_since(self.at).is_ok_and(|age| age < wait)
    }
}

impl Moment {
    /// When a fetch ends at the latest, for an event whose answer or end is due then.
    fn until(self, now: Instant, due: Instant) -> Instant {
        let left = due.saturating_duration_since(now);
        now + match self {
            Self::BeforeEvent => BEFORE_EVENT.min(left / SHARE),
            Self::AfterAnswer => AFTER_ANSWER.min(left),
        }
    }
}

#[cfg(test)]
mod tests;
