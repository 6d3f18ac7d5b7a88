//! A guest that performs the act that a test asks for, and the lines that it prints.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_engine::{Call, Facts, Guest, Limits, WholeAnswer};
pub use funcserver_test_guest::call_with;
use funcserver_test_guest::{Options, Written, compiled};
use http::{Request, Response};

static GUEST: LazyLock<PathBuf> = LazyLock::new(|| compiled(funcserver_test_guest::WASM));
static GUEST_P3: LazyLock<PathBuf> = LazyLock::new(|| compiled(funcserver_test_guest::WASM_P3));
static HOST_IMPORTS: LazyLock<PathBuf> = LazyLock::new(|| compiled(funcserver_test_guest::WASM_HOST_IMPORTS));

/// Limits for several instances at once. Tests in one process share nothing else.
pub fn limits() -> Limits {
    Limits { memory: 64 << 20, concurrency: 8, ..Limits::default() }
}

/// The compiled file of the test guest.
pub fn guest_file() -> &'static Path {
    &GUEST
}

/// The compiled file of the test guest of `wasi:http` 0.3.
pub fn guest_p3_file() -> &'static Path {
    &GUEST_P3
}

pub fn guest(options: impl Into<Options>) -> Guest {
    funcserver_test_guest::load(&GUEST, options).unwrap()
}

/// The test guest of `wasi:http` 0.3.
pub fn guest_p3(options: impl Into<Options>) -> Guest {
    funcserver_test_guest::load(&GUEST_P3, options).unwrap()
}

pub fn guest_with_host_imports() -> Guest {
    guest_with(limits())
}

/// A test guest that also imports `wasi:config/store` and `funcserver:lambda/context`.
pub fn guest_with(options: impl Into<Options>) -> Guest {
    funcserver_test_guest::load(&HOST_IMPORTS, options).unwrap()
}

pub fn call(time: Duration) -> (Arc<dyn Call>, Arc<Written>) {
    call_with(time, Facts::default())
}

/// The longest body that the tests accept.
pub const MAX_BODY: usize = 1 << 20;

/// The complete answer to a request.
pub async fn handle(guest: &Guest, request: Request<Bytes>, call: Arc<dyn Call>) -> WholeAnswer {
    guest.handle(request, call).await.whole(MAX_BODY).await
}

pub fn request(act: &str) -> Request<Bytes> {
    Request::get("https://shop.example/some/path?a=1&a=2").header("x-act", act).body(Bytes::new()).unwrap()
}

/// The answer to `act` with a deadline of ten seconds, and the lines that the guest printed.
pub async fn act(guest: &Guest, act: &str) -> (WholeAnswer, Arc<Written>) {
    let (call, lines) = call(Duration::from_secs(10));
    (handle(guest, request(act), call).await, lines)
}

/// The response to `act`. Work after it is finished too.
pub async fn response(guest: &Guest, act_name: &str) -> Response<Bytes> {
    let (answer, _) = act(guest, act_name).await;
    let response = answer.result.unwrap_or_else(|fault| panic!("{act_name}: {fault}"));
    assert_eq!(answer.after.finish().await, None);
    response
}

pub fn json(response: &Response<Bytes>) -> serde_json::Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// Waits until the folder is empty, because temporary folders are removed after the answer.
pub async fn emptied(folder: &Path) {
    let begin = Instant::now();
    while std::fs::read_dir(folder).unwrap().count() > 0 {
        assert!(begin.elapsed() < Duration::from_secs(60), "something is left behind");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
