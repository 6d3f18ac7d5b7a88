//! The test guest, ready to answer.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bytes::Bytes;
use funcserver_engine::{Facts, Fault, Guest, Limits, WholeAnswer};
use funcserver_test_guest::{Options, Written, call_with};
use http::{Method, Request, Response};
use tempfile::TempDir;

/// The longest body, in bytes: longer than a load balancer lets through.
const MAX_BODY: usize = 64 << 20;

/// No answer takes longer here.
const PATIENCE: Duration = Duration::from_secs(60);

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| compile("test-guest", "").0);

/// Has the tool make a component of a core module, and machine code of that, with these settings. Says what it said.
pub(crate) fn compile(guest: &str, settings: &str) -> (TempDir, String) {
    let (folder, succeeded, said) = try_compile(guest, settings);
    assert!(succeeded, "{said}");
    (folder, said)
}

/// The same, and whether it succeeded.
pub(crate) fn try_compile(guest: &str, settings: &str) -> (TempDir, bool, String) {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("guest-sdk/go/target/{guest}.wasm"));
    assert!(core.is_file(), "{} is missing: run guest-sdk/go/test", core.display());
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("funcserver.toml"), settings).unwrap();
    let built = Command::new(env!("CARGO_BIN_EXE_funcserver"))
        .arg("build")
        .arg(core)
        .current_dir(&folder)
        .env_clear()
        .env("XDG_CACHE_HOME", folder.path())
        .output()
        .unwrap();
    (folder, built.status.success(), String::from_utf8(built.stderr).unwrap())
}

pub(crate) fn limits() -> Limits {
    Limits { memory: 256 << 20, concurrency: 8, ..Limits::default() }
}

pub(crate) fn load(options: impl Into<Options>) -> Guest {
    funcserver_test_guest::load(&FOLDER.path().join("handler.cwasm"), options).unwrap()
}

pub(crate) fn guest() -> Guest {
    load(limits())
}

pub(crate) fn request(method: Method, target: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    let uri = format!("https://shop.example{target}");
    Request::builder().method(method).uri(uri).header("host", "shop.example").body(body.into()).unwrap()
}

pub(crate) fn get(target: &str) -> Request<Bytes> {
    request(Method::GET, target, "")
}

/// What comes of a request, and what the guest wrote.
pub(crate) async fn answer(guest: &Guest, request: Request<Bytes>) -> (WholeAnswer, Arc<Written>) {
    answer_with(guest, request, Facts::default()).await
}

pub(crate) async fn answer_with(
    guest: &Guest,
    request: Request<Bytes>,
    facts: Facts<'static>,
) -> (WholeAnswer, Arc<Written>) {
    call(guest, request, facts, PATIENCE).await
}

pub(crate) async fn answer_within(
    guest: &Guest,
    request: Request<Bytes>,
    time: Duration,
) -> (WholeAnswer, Arc<Written>) {
    call(guest, request, Facts::default(), time).await
}

async fn call(
    guest: &Guest,
    request: Request<Bytes>,
    facts: Facts<'static>,
    time: Duration,
) -> (WholeAnswer, Arc<Written>) {
    let (call, lines) = call_with(time, facts);
    (guest.handle(request, call).await.whole(MAX_BODY).await, lines)
}

/// The response to a request, after which nothing went wrong.
pub(crate) async fn response(guest: &Guest, request: Request<Bytes>) -> Response<Bytes> {
    let what = format!("{} {}", request.method(), request.uri());
    let (answer, lines) = answer(guest, request).await;
    let response = answer.result.unwrap_or_else(|fault| panic!("{what}: {fault}\n{}", lines.text()));
    assert_eq!(answer.after.finish().await, None, "{what}\n{}", lines.text());
    response
}

pub(crate) async fn text(guest: &Guest, request: Request<Bytes>) -> String {
    String::from_utf8(response(guest, request).await.into_body().to_vec()).unwrap()
}

/// Why there is no response, and what the guest wrote.
pub(crate) async fn fault(guest: &Guest, target: &str) -> (Fault, String) {
    let (answer, lines) = answer(guest, get(target)).await;
    (answer.result.unwrap_err(), lines.text())
}
