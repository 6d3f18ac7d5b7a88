//! Name lookups: a limited number at a time, and one shared by all requests for the same name.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::Shared;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::resolve::Resolve;
use crate::stealable::stealable;

/// The most concurrent lookups. Each may occupy a thread while its name server does not answer, for which the C library
/// waits ten seconds.
const MAX_LOOKUPS: usize = 32;

/// The result of a lookup, which all requests for the name share.
pub(crate) type Found = Result<Arc<[IpAddr]>, Arc<io::Error>>;

type Lookup = Shared<Pin<Box<dyn Future<Output = Found> + Send>>>;

#[derive(Clone)]
pub(crate) struct Lookups {
    resolver: Arc<dyn Resolve>,
    permits: Arc<Semaphore>,
    running: Arc<Mutex<HashMap<String, Lookup>>>,
}

impl Lookups {
    pub(crate) fn new(resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, permits: Arc::new(Semaphore::new(MAX_LOOKUPS)), running: Arc::default() }
    }

    /// The addresses of `name`. Waits while the limit of concurrent lookups is reached.
    ///
    /// A lookup continues after all its callers have gone, and counts until it is done, because its thread cannot be
    /// stopped.
    pub(crate) async fn addresses(&self, name: &str) -> Found {
        if let Some(lookup) = self.running(name) {
            return lookup.await;
        }
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.map_err(|closed| Arc::new(io::Error::other(closed)))?;
        self.start(name, permit).await
    }

    /// Whether a lookup of another name would have to wait.
    pub(crate) fn are_exhausted(&self) -> bool {
        self.permits.available_permits() == 0
    }

    fn running(&self, name: &str) -> Option<Lookup> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Starts a lookup, or joins one that another request has started in the meantime.
    fn start(&self, name: &str, permit: OwnedSemaphorePermit) -> Lookup {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let lookup = running.entry(name.to_owned()).or_insert_with(|| self.spawn(name.to_owned(), permit));
        lookup.clone()
    }

    fn spawn(&self, name: String, permit: OwnedSemaphorePermit) -> Lookup {
        let resolving = self.resolver.resolve(&name);
        let done = Done { lookups: self.clone(), name, _permit: permit };
        let task = tokio::spawn(stealable(async move {
            let _done = done;
            resolving.await.map(Into::into).map_err(Arc::new)
        }));
        let found = async { task.await.unwrap_or_else(|failed| Err(Arc::new(io::Error::other(failed)))) };
        found.boxed().shared()
    }
}

/// Makes room for the next lookup, even if this one panics.
struct Done {
    lookups: Lookups,
    name: String,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Done {
    fn drop(&mut self) {
        self.lookups.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::sync::Notify;
    use tokio::time::timeout;

    use super::super::resolve::Resolving;
    use super::*;

    /// A name server that does not answer until the test tells it to.
    #[derive(Default)]
    struct Mute {
        asked: AtomicUsize,
        speak: Arc<Notify>,
    }

    impl Resolve for Mute {
        fn resolve(&self, _: &str) -> Resolving {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let speak = self.speak.clone();
            Box::pin(async move {
                speak.notified().await;
                Ok(vec![[10, 0, 0, 1].into()])
            })
        }
    }

    async fn give_up(lookups: &Lookups, name: &str) {
        let asked = timeout(Duration::from_millis(10), lookups.addresses(name)).await;
        assert!(asked.is_err(), "{name}: {asked:?}");
    }

    #[tokio::test]
    async fn requests_for_the_same_name_share_one_lookup() {
        let mute = Arc::new(Mute::default());
        let lookups = Lookups::new(mute.clone());
        let asking: Vec<_> = (0..100)
            .map(|_| {
                let lookups = lookups.clone();
                tokio::spawn(async move { lookups.addresses("shop.example").await })
            })
            .collect();
        give_up(&lookups, "shop.example").await;
        mute.speak.notify_waiters();
        for asked in asking {
            assert_eq!(asked.await.unwrap().unwrap()[..], [IpAddr::from([10, 0, 0, 1])]);
        }
        assert_eq!(mute.asked.load(Ordering::SeqCst), 1);
        give_up(&lookups, "shop.example").await;
        assert_eq!(mute.asked.load(Ordering::SeqCst), 2, "an answer is not kept");
    }

    #[tokio::test]
    async fn abandoned_lookups_count_until_they_are_done() {
        let mute = Arc::new(Mute::default());
        let lookups = Lookups::new(mute.clone());
        for number in 0..MAX_LOOKUPS * 3 {
            give_up(&lookups, &format!("shop-{number}.example")).await;
        }
        assert_eq!(mute.asked.load(Ordering::SeqCst), MAX_LOOKUPS);
        assert!(lookups.are_exhausted());
        mute.speak.notify_waiters();
        give_up(&lookups, "last.example").await;
        assert_eq!(
            mute.asked.load(Ordering::SeqCst),
            MAX_LOOKUPS + 1,
            "abandoned names that have not started are not looked up"
        );
        assert!(!lookups.are_exhausted());
    }
}
