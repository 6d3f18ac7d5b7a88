//! A load balancer in front of a handler, with its events and log records.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_events::FrontKind;
use funcserver_events::alb::HeaderMode;
use funcserver_local::InvocationError;
use funcserver_local::balancer::{BalancerOptions, Handler, Record, serve};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Local {
    pub(crate) address: SocketAddr,
    pub(crate) events: Arc<Mutex<Vec<Bytes>>>,
    records: Arc<Mutex<Vec<Record>>>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<std::io::Result<usize>>,
}

impl Local {
    /// Starts a load balancer whose handler answers every event with `reply`, and keeps the events.
    pub(crate) async fn replying(mode: HeaderMode, reply: Result<&'static str, InvocationError>) -> Self {
        let events: Arc<Mutex<Vec<Bytes>>> = Arc::default();
        let kept = events.clone();
        let handler = move |event: Bytes| {
            kept.lock().unwrap().push(event);
            let reply = reply.clone();
            async move { reply.map(Bytes::from) }
        };
        Self { events, ..Self::with(mode, Duration::from_secs(10), handler).await }
    }

    pub(crate) async fn with(header_mode: HeaderMode, drain: Duration, handler: impl Handler) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let records: Arc<Mutex<Vec<Record>>> = Arc::default();
        let kept = records.clone();
        let options = BalancerOptions {
            front: FrontKind::Alb(header_mode),
            drain,
            log: Arc::new(move |record: &Record| kept.lock().unwrap().push(record.clone())),
            ..BalancerOptions::default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, options, handler, async move {
            let _ = stopped.await;
        }));
        Self { address, events: Arc::default(), records, stop, served }
    }

    pub(crate) fn last_event(&self) -> Bytes {
        self.events.lock().unwrap().last().cloned().expect("no event was made")
    }

    /// The log records, once there are at least `count`.
    pub(crate) async fn records(&self, count: usize) -> Vec<Record> {
        let give_up = Instant::now() + Duration::from_secs(10);
        loop {
            let records = self.records.lock().unwrap().clone();
            if records.len() >= count {
                return records;
            }
            assert!(Instant::now() < give_up, "{count} records expected: {records:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Shuts it down, and returns the number of aborted connections and all records.
    pub(crate) async fn stop(self) -> (usize, Vec<Record>) {
        self.stop.send(()).unwrap();
        let served = tokio::time::timeout(Duration::from_secs(30), self.served).await.expect("no end within 30 s");
        (served.unwrap().unwrap(), self.records.lock().unwrap().clone())
    }
}
