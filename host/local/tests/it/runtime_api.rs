//! Tests of the Runtime API through its socket.

use std::sync::Arc;
use std::time::Duration;

use funcserver_local::runtime_api::{MAX_REPLY, RuntimeApi};
use funcserver_local::{InvocationError, InvocationErrorKind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::common::{Reply, read, send};

const NEXT: &str = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n";
const TIMEOUT: Duration = Duration::from_secs(20);

type Call = JoinHandle<Result<bytes::Bytes, InvocationError>>;

async fn api() -> Arc<RuntimeApi> {
    Arc::new(RuntimeApi::start().await.unwrap())
}

fn invoke(api: &Arc<RuntimeApi>, event: &'static str) -> Call {
    let api = api.clone();
    tokio::spawn(async move { api.invoke(event, TIMEOUT).await })
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn json(reply: &Reply) -> serde_json::Value {
    serde_json::from_slice(&reply.body).unwrap()
}

async fn next(api: &RuntimeApi) -> (String, Reply) {
    let reply = send(api.address(), NEXT).await;
    let id = reply.header("lambda-runtime-aws-request-id").unwrap().to_owned();
    (format!("/2018-06-01/runtime/invocation/{id}"), reply)
}

#[tokio::test]
async fn an_event_is_delivered_and_its_reply_returned() {
    let api = api().await;
    let call = invoke(&api, r#"{"n":1}"#);
    let (at, event) = next(&api).await;
    assert_eq!((event.status, event.text()), (200, r#"{"n":1}"#));
    assert_eq!(
        event.header("lambda-runtime-invoked-function-arn"),
        Some("arn:aws:lambda:us-east-1:123456789012:function:function")
    );
    let trace = event.header("lambda-runtime-trace-id").unwrap();
    assert!(trace.starts_with("Root=1-") && trace.contains(";Parent=") && trace.contains(";Sampled="), "{trace}");
    let deadline: u128 = event.header("lambda-runtime-deadline-ms").unwrap().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert!((now..=now + TIMEOUT.as_millis()).contains(&deadline), "{now} {deadline}");

    let taken = send(api.address(), post(&format!("{at}/response"), "", "pong")).await;
    assert_eq!((taken.status, taken.text()), (202, r#"{"status":"OK"}"#));
    assert_eq!(call.await.unwrap().unwrap(), "pong");

    let again = send(api.address(), post(&format!("{at}/response"), "", "pong")).await;
    assert_eq!(again.status, 400);
    assert_eq!(
        json(&again),
        serde_json::json!({ "errorType": "InvalidRequestID", "errorMessage": "Invalid request ID" })
    );
}

#[tokio::test]
async fn several_runtimes_poll_at_once() {
    let api = api().await;
    let mut pollers = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(api.address()).await.unwrap();
        stream.write_all(NEXT.as_bytes()).await.unwrap();
        pollers.push(stream);
    }
    api.polled().await;
    // A poller that has disconnected loses no event.
    pollers.pop();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let calls: Vec<Call> = ["a", "b", "c", "d"].map(|event| invoke(&api, event)).into();
    for stream in &mut pollers {
        let event = read(stream).await;
        let id = event.header("lambda-runtime-aws-request-id").unwrap();
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        stream.write_all(post(&path, "", event.text()).as_bytes()).await.unwrap();
        assert_eq!(read(stream).await.status, 202);
    }
    for (call, event) in calls.into_iter().zip(["a", "b", "c", "d"]) {
        assert_eq!(call.await.unwrap().unwrap(), event);
    }
}

#[tokio::test]
async fn replies_may_be_streamed_with_trailers() {
    let api = api().await;
    for (trailers, expected) in [
        ("", Ok("hello there".into())),
        (
            "Lambda-Runtime-Function-Error-Type: Runtime.StreamError\r\nLambda-Runtime-Function-Error-Body: b3V0IG9mIGNoZWVzZQ==\r\n",
            Err(InvocationError::function("Runtime.StreamError", "out of cheese")),
        ),
    ] {
        let call = invoke(&api, "{}");
        let (at, _) = next(&api).await;
        let request = format!(
            "POST {at}/response HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\
             lambda-runtime-function-response-mode: streaming\r\n\
             trailer: lambda-runtime-function-error-type, lambda-runtime-function-error-body\r\n\r\n\
             6\r\nhello \r\n5\r\nthere\r\n0\r\n{trailers}\r\n"
        );
        assert_eq!(send(api.address(), request).await.status, 202);
        assert_eq!(call.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn errors_are_read_from_body_and_header() {
    let api = api().await;
    for (headers, body, expected) in [
        ("", r#"{"errorType":"A","errorMessage":"b","stackTrace":[]}"#, InvocationError::function("A", "b")),
        ("lambda-runtime-function-error-type: A\r\n", r#"{"errorMessage":"b"}"#, InvocationError::function("A", "b")),
        ("lambda-runtime-function-error-type: A\r\n", "plain", InvocationError::function("A", "plain")),
        ("", "", InvocationError::function("Unhandled", "")),
    ] {
        let call = invoke(&api, "{}");
        let (at, _) = next(&api).await;
        assert_eq!(send(api.address(), post(&format!("{at}/error"), headers, body)).await.status, 202);
        assert_eq!(call.await.unwrap().unwrap_err(), expected);
    }
}

#[tokio::test]
async fn a_failed_start_is_reported() {
    let api = api().await;
    let body = r#"{"errorType":"Runtime.Unknown","errorMessage":"no component"}"#;
    let path = "/2018-06-01/runtime/init/error";
    assert_eq!(send(api.address(), post(path, "", body)).await.status, 202);
    let error = api.init_error().await;
    assert_eq!(
        (error.kind, error.message.as_str()),
        (InvocationErrorKind::Init("Runtime.Unknown".into()), "no component")
    );

    let _call = invoke(&api, "{}");
    next(&api).await;
    let late = send(api.address(), post(path, "", body)).await;
    assert_eq!((late.status, json(&late)["errorType"].as_str()), (403, Some("InvalidStateTransition")));
}

#[tokio::test]
async fn a_restore_is_answered_at_once_and_may_fail() {
    let api = api().await;
    let restored = send(api.address(), "GET /2018-06-01/runtime/restore/next HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(restored.status, 200);
    let body = r#"{"errorType":"Runtime.Restore","errorMessage":"no entropy"}"#;
    assert_eq!(send(api.address(), post("/2018-06-01/runtime/restore/error", "", body)).await.status, 202);
    assert_eq!(api.init_error().await.error_type(), "Runtime.Restore");
}

#[tokio::test]
async fn invocations_time_out() {
    let api = api().await;
    let error = api.invoke("{}", Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error.kind, InvocationErrorKind::TimedOut);
    assert!(error.message.ends_with("Error: Task timed out after 0.05 seconds"), "{}", error.message);

    let hasty = api.clone();
    let call = tokio::spawn(async move { hasty.invoke("{}", Duration::from_secs(2)).await });
    let (at, _) = next(&api).await;
    assert_eq!(call.await.unwrap().unwrap_err().kind, InvocationErrorKind::TimedOut);
    assert_eq!(send(api.address(), post(&format!("{at}/response"), "", "late")).await.status, 400);
}

#[tokio::test]
async fn a_reply_that_is_too_large_fails_the_invocation() {
    let api = api().await;
    let call = invoke(&api, "{}");
    let (at, _) = next(&api).await;
    let body = "x".repeat(MAX_REPLY + 1);
    let refused = send(api.address(), post(&format!("{at}/response"), "", &body)).await;
    assert_eq!((refused.status, json(&refused)["errorType"].as_str()), (413, Some("RequestEntityTooLarge")));
    assert_eq!(call.await.unwrap().unwrap_err().error_type(), "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn extensions_register_and_wait_for_the_shutdown() {
    let api = api().await;
    let anonymous = send(api.address(), post("/2020-01-01/extension/register", "", "{}")).await;
    assert_eq!(anonymous.status, 403);
    assert!(!api.has_extension());
    let known = send(api.address(), post("/2020-01-01/extension/register", "lambda-extension-name: e\r\n", "{}")).await;
    assert_eq!((known.status, json(&known)["functionName"].as_str()), (200, Some("function")));
    assert!(api.has_extension());

    let get = |id: &str| {
        format!("GET /2020-01-01/extension/event/next HTTP/1.1\r\nhost: x\r\nlambda-extension-identifier: {id}\r\n\r\n")
    };
    assert_eq!(send(api.address(), get("nobody")).await.status, 403);
    let mut stream = TcpStream::connect(api.address()).await.unwrap();
    stream.write_all(get(known.header("lambda-extension-identifier").unwrap()).as_bytes()).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), read(&mut stream)).await.is_err());
    api.announce_shutdown(Duration::from_secs(2));
    assert_eq!(json(&read(&mut stream).await)["eventType"], "SHUTDOWN");
}

#[tokio::test]
async fn other_paths_are_not_found() {
    let api = api().await;
    for line in
        ["GET /", "GET /2018-06-01/runtime/invocation/next/", "POST /2018-06-01/runtime/invocation/next", "GET //"]
    {
        let reply = send(api.address(), format!("{line} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!((reply.status, json(&reply)["errorType"].as_str()), (404, Some("NotFound")), "{line}");
    }
    let unknown = send(api.address(), post("/2018-06-01/runtime/invocation/8f5e/response", "", "")).await;
    assert_eq!(unknown.status, 400);
}
