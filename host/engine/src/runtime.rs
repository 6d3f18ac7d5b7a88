//! The state that all guests of a process share.

use std::sync::Arc;

use crate::engines::Engines;
use crate::gauge::Gauge;
use crate::limits::Limits;
use crate::network::{Client, Network};
use crate::pool::InstancePool;

/// The state that all guests of a process share: wasmtime's engines, the permits for concurrent requests, idle
/// instances, and the client for outgoing requests. Clones share it. `load` creates a guest in it.
///
/// [`Limits::concurrency`] and [`Limits::resident`] apply to all guests together, the other limits to each instance.
#[derive(Clone)]
pub struct Runtime(Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) limits: Limits,
    pub(crate) client: Arc<Client>,
    pub(crate) gauge: Option<Arc<Gauge>>,
    pub(crate) pool: Arc<InstancePool>,
    pub(crate) engines: Arc<Engines>,
}

impl Runtime {
    /// A runtime without guests. It reserves no memory yet.
    #[must_use]
    pub fn new(limits: Limits, network: &Network) -> Self {
        // If the system does not report the process's memory, it is not watched.
        let gauge = limits.resident.and_then(|most| Gauge::new(most).ok()).map(Arc::new);
        let pool = Arc::new(InstancePool::new(limits.requests_at_once()));
        let engines = Arc::new(Engines::new(limits.clone(), gauge.clone(), Arc::downgrade(&pool)));
        Self(Arc::new(Parts { limits, client: Arc::new(Client::new(network)), gauge, pool, engines }))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }
}
