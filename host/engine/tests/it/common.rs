//! A guest that does what a test asks, and the lines that it writes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_engine::{Call, Facts, Guest, GuestStep, Limits, Notice, Stream, WholeAnswer};
use funcserver_test_guest::{Options, compiled};
use http::{Request, Response};

static GUEST: LazyLock<PathBuf> = LazyLock::new(|| compiled(funcserver_test_guest::WASM));
static GUEST_P3: LazyLock<PathBuf> = LazyLock::new(|| compiled(funcserver_test_guest::WASM_P3));
static HOST_IMPORTS: LazyLock<PathBuf> = LazyLock::new(|| compiled(funcserver_test_guest::WASM_HOST_IMPORTS));

/// Limits that hold several instances at once: tests of one process share nothing else.
pub fn limits() -> Limits {
    Limits { memory: 64 << 20, concurrency: 8, ..Limits::default() }
}

pub fn guest(options: impl Into<Options>) -> Guest {
    funcserver_test_guest::load(&GUEST, options).unwrap()
}

/// The one of `wasi:http` 0.3.
pub fn guest_p3(options: impl Into<Options>) -> Guest {
    funcserver_test_guest::load(&GUEST_P3, options).unwrap()
}

pub fn guest_with_host_imports() -> Guest {
    guest_with(limits())
}

/// A guest that imports `wasi:config/store` and `funcserver:lambda/context` besides.
pub fn guest_with(options: impl Into<Options>) -> Guest {
    funcserver_test_guest::load(&HOST_IMPORTS, options).unwrap()
}

/// Keeps lines and notices in the order in which they come.
#[derive(Default)]
pub struct Lines(Mutex<Vec<(Stream, String)>>, Mutex<Vec<Notice>>);

impl Lines {
    pub fn all(&self) -> Vec<(Stream, String)> {
        self.0.lock().unwrap().clone()
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.1.lock().unwrap().clone()
    }
}

/// A call that knows no facts but those that a test gives it.
struct TestCall {
    deadline: Instant,
    facts: Facts<'static>,
    lines: Arc<Lines>,
}

impl Call for TestCall {
    fn deadline(&self) -> Instant {
        self.deadline
    }

    fn facts(&self) -> Facts<'_> {
        self.facts
    }

    fn on(&self, step: GuestStep<'_>) {
        match step {
            GuestStep::Lines(lines) => {
                let written = lines.iter().map(|line| (lines.stream, line.to_owned()));
                self.lines.0.lock().unwrap().extend(written);
            }
            GuestStep::Outgoing(notice) => self.lines.1.lock().unwrap().push(notice.clone()),
            _ => {}
        }
    }
}

pub fn call(time: Duration) -> (Arc<dyn Call>, Arc<Lines>) {
    call_with(time, Facts::default())
}

pub fn call_with(time: Duration, facts: Facts<'static>) -> (Arc<dyn Call>, Arc<Lines>) {
    let lines = Arc::new(Lines::default());
    (Arc::new(TestCall { deadline: Instant::now() + time, facts, lines: lines.clone() }), lines)
}

/// The longest body that tests take.
pub const MOST_BODY: usize = 1 << 20;

/// The whole answer to a request.
pub async fn handle(guest: &Guest, request: Request<Bytes>, call: Arc<dyn Call>) -> WholeAnswer {
    guest.handle(request, call).await.whole(MOST_BODY).await
}

pub fn request(act: &str) -> Request<Bytes> {
    Request::get("https://shop.example/some/path?a=1&a=2").header("x-act", act).body(Bytes::new()).unwrap()
}

/// What `act` comes to within ten seconds, and what the guest wrote.
pub async fn act(guest: &Guest, act: &str) -> (WholeAnswer, Arc<Lines>) {
    let (call, lines) = call(Duration::from_secs(10));
    (handle(guest, request(act), call).await, lines)
}

/// The response to `act`; work after it is done too.
pub async fn response(guest: &Guest, act_name: &str) -> Response<Bytes> {
    let (answer, _) = act(guest, act_name).await;
    let response = answer.result.unwrap_or_else(|fault| panic!("{act_name}: {fault}"));
    assert_eq!(answer.after.finish().await, None);
    response
}

pub fn json(response: &Response<Bytes>) -> serde_json::Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Waits until nothing is left in the folder: temporary folders are removed after the answer.
pub async fn emptied(folder: &Path) {
    let begin = Instant::now();
    while std::fs::read_dir(folder).unwrap().count() > 0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "something is left behind");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
