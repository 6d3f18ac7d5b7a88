//! Keys of an AWS identity, and where they come from.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as Keys;

use crate::container::Container;

/// The keys with which requests are signed. Their memory is overwritten when the last clone is dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Keys);

impl Credentials {
    /// Credentials of these keys, which are valid until `expires`, if that is known.
    #[must_use]
    pub fn new(
        access_key_id: String,
        secret_access_key: String,
        session_token: Option<String>,
        expires: Option<SystemTime>,
    ) -> Self {
        Self(Keys::new(access_key_id, secret_access_key, session_token, expires, "funcserver"))
    }

    /// When they expire, if that is known.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.0.expiry()
    }

    /// Whether they are valid for at least this time after `now`.
    #[must_use]
    pub fn last(&self, now: SystemTime, time: Duration) -> bool {
        self.expires().is_none_or(|expires| expires.duration_since(now).is_ok_and(|left| left > time))
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0
    }
}

/// Only the time is shown.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("expires", &self.expires()).finish_non_exhaustive()
    }
}

/// Where the function's credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialsSource {
    /// The function's variables.
    Static(Arc<Credentials>),
    /// An endpoint on the same machine, from which credentials can be had again before they expire. Lambda gives one to
    /// functions with snapshots.
    Container(Container),
    /// There are none.
    Missing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_shown() {
        let credentials = Credentials::new("AKID".to_owned(), "secret".to_owned(), Some("token".to_owned()), None);
        let shown = format!("{credentials:?} {:?}", CredentialsSource::Static(Arc::new(credentials.clone())));
        assert!(!["AKID", "secret", "token"].iter().any(|key| shown.contains(key)), "{shown}");
    }

    #[test]
    fn credentials_without_a_time_do_not_expire() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let until = |expires| Credentials::new("a".to_owned(), "b".to_owned(), None, expires);
        assert!(until(None).last(now, Duration::MAX));
        assert!(until(Some(now + Duration::from_secs(2))).last(now, Duration::from_secs(1)));
        assert!(!until(Some(now + Duration::from_secs(1))).last(now, Duration::from_secs(1)));
        assert!(!until(Some(now)).last(now, Duration::ZERO));
        assert!(!until(Some(now - Duration::from_secs(1))).last(now, Duration::ZERO));
    }
}
