//! The credentials that are valid now.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Mutex, MutexGuard};

use crate::container::{Container, ContainerError};
use crate::credentials::{Credentials, CredentialsSource};

/// How long before their end credentials are replaced, as AWS's own SDKs do.
const REFRESH: Duration = Duration::from_secs(5 * 60);
/// How long credentials that are still valid are used before the endpoint is asked again, if it failed.
const PAUSE: Duration = Duration::from_secs(10);

/// Has the function's credentials, and fetches new ones before they expire. There is one fetch at a time.
#[derive(Debug)]
pub struct Provider {
    source: CredentialsSource,
    fetched: RwLock<Option<Arc<Credentials>>>,
    last: Mutex<Option<Failed>>,
}

/// The last fetch, if it failed.
#[derive(Debug)]
struct Failed {
    at: Instant,
    error: ContainerError,
}

/// The reason why there are no valid credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    /// No variable names any.
    #[error(
        "there are no AWS credentials: neither AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor \
         AWS_CONTAINER_CREDENTIALS_FULL_URI is set; on your machine, run \
         `eval \"$(aws configure export-credentials --format env)\"` first"
    )]
    Missing,
    /// Those of the variables have expired.
    #[error(
        "the AWS credentials of the environment have expired (AWS_CREDENTIAL_EXPIRATION): set new ones and start again; \
         on your machine, run `eval \"$(aws configure export-credentials --format env)\"`"
    )]
    Expired,
    /// The endpoint gave credentials that have expired.
    #[error(
        "AWS_CONTAINER_CREDENTIALS_FULL_URI gave AWS credentials that have expired: check the clock of this machine"
    )]
    Stale,
    /// The endpoint gave none.
    #[error("there are no AWS credentials: {0}")]
    Container(ContainerError),
}

impl Provider {
    /// Credentials from this source. Nothing is fetched yet.
    #[must_use]
    pub fn new(source: CredentialsSource) -> Self {
        Self { source, fetched: RwLock::default(), last: Mutex::default() }
    }

    /// The credentials that are valid now.
    ///
    /// # Errors
    /// There are none. The next call tries again.
    pub async fn current(&self) -> Result<Arc<Credentials>, CredentialsError> {
        match &self.source {
            CredentialsSource::Missing => Err(CredentialsError::Missing),
            CredentialsSource::Static(credentials) if credentials.last(SystemTime::now(), Duration::ZERO) => {
                Ok(credentials.clone())
            }
            CredentialsSource::Static(_) => Err(CredentialsError::Expired),
            CredentialsSource::Container(container) => self.of(container).await,
        }
    }

    /// Drops fetched credentials, for a snapshot of the process. Later calls fetch new ones.
    pub fn forget(&self) {
        *self.fetched.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn of(&self, container: &Container) -> Result<Arc<Credentials>, CredentialsError> {
        if let Some(credentials) = self.lasting(REFRESH) {
            return Ok(credentials);
        }
        if let Some(credentials) = self.lasting(Duration::ZERO) {
            let Ok(last) = self.last.try_lock() else { return Ok(credentials) };
            if last.as_ref().is_some_and(|failed| failed.at.elapsed() < PAUSE) {
                return Ok(credentials);
            }
            return Ok(self.fetch(container, last).await.unwrap_or(credentials));
        }
        let begin = Instant::now();
        let last = self.last.lock().await;
        // Another call may have fetched them, or failed to, while this one waited.
        if let Some(credentials) = self.lasting(Duration::ZERO) {
            return Ok(credentials);
        }
        if let Some(failed) = last.as_ref().filter(|failed| failed.at >= begin) {
            return Err(CredentialsError::Container(failed.error.clone()));
        }
        self.fetch(container, last).await
    }

    async fn fetch(
        &self,
        container: &Container,
        mut last: MutexGuard<'_, Option<Failed>>,
    ) -> Result<Arc<Credentials>, CredentialsError> {
        match container.fetch().await {
            Ok(credentials) => {
                *last = None;
                if !credentials.last(SystemTime::now(), Duration::ZERO) {
                    return Err(CredentialsError::Stale);
                }
                let credentials = Arc::new(credentials);
                *self.fetched.write().unwrap_or_else(PoisonError::into_inner) = Some(credentials.clone());
                Ok(credentials)
            }
            Err(error) => {
                *last = Some(Failed { at: Instant::now(), error: error.clone() });
                Err(CredentialsError::Container(error))
            }
        }
    }

    /// The fetched credentials, if they last for at least this time.
    fn lasting(&self, time: Duration) -> Option<Arc<Credentials>> {
        let fetched = self.fetched.read().unwrap_or_else(PoisonError::into_inner);
        fetched.clone().filter(|credentials| credentials.last(SystemTime::now(), time))
    }
}
