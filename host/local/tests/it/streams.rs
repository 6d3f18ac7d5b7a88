//! Streamed replies: as front ends pass them on, and as the Runtime API takes them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_events::FrontKind;
use funcserver_local::balancer::{BalancerOptions, Handler, Record, serve};
use funcserver_local::runtime_api::RuntimeApi;
use funcserver_local::{FunctionReply, InvocationError, ReplyStream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PRELUDE: &str = "application/vnd.awslambda.http-integration-response";
const PATIENCE: Duration = Duration::from_secs(20);

/// What a function answers.
#[derive(Clone)]
enum Answers {
    Whole(&'static str),
    /// Pieces with a pause between them, and perhaps an error at the end.
    Pieces(&'static str, Vec<Bytes>, Duration, Option<InvocationError>),
}

impl Handler for Answers {
    async fn call(&self, _: &str, _: Bytes) -> Result<FunctionReply, InvocationError> {
        match self.clone() {
            Self::Whole(reply) => Ok(FunctionReply::Whole(reply.into())),
            Self::Pieces(content_type, pieces, pause, error) => {
                let (writer, reply) = ReplyStream::new(content_type);
                tokio::spawn(async move {
                    for piece in pieces {
                        writer.write(piece).await;
                        tokio::time::sleep(pause).await;
                    }
                    match error {
                        None => writer.end().await,
                        Some(error) => writer.fail(error).await,
                    }
                });
                Ok(FunctionReply::Stream(reply))
            }
        }
    }
}

fn pieces(pieces: &[&'static str]) -> Answers {
    Answers::Pieces(PRELUDE, pieces.iter().map(|piece| Bytes::from(*piece)).collect(), Duration::ZERO, None)
}

/// The response to one request, with the times of its parts, and the access record.
async fn get(front: FrontKind, stream: bool, answers: Answers) -> (String, Vec<Instant>, Record) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let records: Arc<Mutex<Vec<Record>>> = Arc::default();
    let kept = records.clone();
    let log = Arc::new(move |record: &Record| kept.lock().unwrap().push(record.clone()));
    let options = BalancerOptions { front, stream, log, ..BalancerOptions::default() };
    let served = tokio::spawn(serve(listener, options, answers, std::future::pending()));
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let (mut response, mut times) = (Vec::new(), Vec::new());
    let mut buffer = [0; 4096];
    loop {
        let read = tokio::time::timeout(PATIENCE, connection.read(&mut buffer)).await.expect("no end");
        match read {
            Ok(0) | Err(_) => break,
            Ok(count) => response.extend_from_slice(&buffer[..count]),
        }
        times.push(Instant::now());
    }
    let late = Instant::now() + PATIENCE;
    while records.lock().unwrap().is_empty() {
        assert!(Instant::now() < late, "no record");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    served.abort();
    let record = records.lock().unwrap()[0].clone();
    (String::from_utf8_lossy(&response).into_owned(), times, record)
}

#[tokio::test]
async fn pieces_reach_the_client_as_they_come() {
    let list = [r#"{"statusCode":201,"headers":{"x-a":"b"},"cookies":["c=1"]}"#, "\0\0\0\0", "\0\0\0\0one", "two"];
    let list: Vec<_> = list.iter().map(|piece| Bytes::from(*piece)).collect();
    for front in [FrontKind::Url, FrontKind::Rest] {
        let answers = Answers::Pieces(PRELUDE, list.clone(), Duration::from_millis(300), None);
        let (response, times, record) = get(front, true, answers).await;
        assert!(response.starts_with("HTTP/1.1 201"), "{response}");
        for expected in ["x-a: b\r\n", "set-cookie: c=1\r\n", "3\r\none\r\n", "3\r\ntwo\r\n0\r\n\r\n"] {
            assert!(response.contains(expected), "{expected} in {response}");
        }
        assert!(times[times.len() - 1] - times[0] > Duration::from_millis(200));
        assert_eq!((record.status, record.reason, record.detail), (201, None, None));
        assert!(record.duration > Duration::from_millis(600));
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_breaks_the_response_off() {
    let list = vec![Bytes::from("{\"statusCode\":200}\0\0\0\0\0\0\0\0part")];
    let error = InvocationError::function("Funcserver.Fault.trap", "crashed");
    let answers = Answers::Pieces(PRELUDE, list, Duration::ZERO, Some(error));
    let (response, _, record) = get(FrontKind::Url, true, answers).await;
    assert!(response.contains("part") && !response.contains("0\r\n\r\n"), "{response}");
    let detail = record.detail.unwrap();
    assert_eq!(detail, "the reply broke off after 4 bytes: Funcserver.Fault.trap: crashed");
}

/// Each mismatch is refused with what to do about it.
#[tokio::test]
async fn function_and_front_end_must_agree() {
    let whole = || Answers::Whole(r#"{"statusCode":200,"body":"x"}"#);
    let stream = || pieces(&["{\"statusCode\":200}\0\0\0\0\0\0\0\0x"]);
    for (front, streams, answers, detail) in [
        (FrontKind::Url, true, whole(), "the reply is whole: set response.stream = true"),
        (FrontKind::Rest, true, whole(), "the reply is whole: set response.stream = true"),
        (FrontKind::Url, false, stream(), "the reply is a stream: serve with --stream"),
        (FrontKind::HttpApi2, false, stream(), "the HTTP API cannot stream"),
        (FrontKind::Lattice2, false, stream(), "VPC Lattice cannot stream"),
    ] {
        let (response, _, record) = get(front, streams, answers).await;
        assert!(response.starts_with("HTTP/1.1 502"), "{front}: {response}");
        assert_eq!(record.reason, Some("LambdaInvalidResponse"));
        assert!(record.detail.as_deref().unwrap().contains(detail), "{front}: {:?}", record.detail);
    }
}

#[tokio::test]
async fn a_prelude_must_be_one() {
    for (front, list, detail) in [
        (FrontKind::Url, &["{\"statusCode\":200}"][..], "the stream ends after 18 bytes, in its prelude"),
        (FrontKind::Url, &["{}x\0\0\0\0\0\0\0\0"], "invalid JSON"),
        (FrontKind::Url, &["{\"statusCode\":200,\"body\":\"x\"}\0\0\0\0\0\0\0\0"], "body: a stream begins with"),
        (FrontKind::Rest, &[BLANKS; 17], "no prelude of status and headers ends in the first 16384 bytes"),
    ] {
        let (response, _, record) = get(front, true, pieces(list)).await;
        assert!(response.starts_with("HTTP/1.1 502"), "{response}");
        assert!(record.detail.as_deref().unwrap().contains(detail), "{:?}", record.detail);
    }
    // A function URL takes any stream of another type as the body.
    let raw = |front| get(front, true, Answers::Pieces("text/plain", vec!["raw".into()], Duration::ZERO, None));
    let (response, ..) = raw(FrontKind::Url).await;
    assert!(response.starts_with("HTTP/1.1 200") && response.contains("content-type: text/plain\r\n"), "{response}");
    assert!(raw(FrontKind::Rest).await.0.starts_with("HTTP/1.1 502"));
}

const BLANKS: &str = match std::str::from_utf8(&[b' '; 1024]) {
    Ok(blanks) => blanks,
    Err(_) => panic!(),
};

/// A runtime that streams the reply to one event: two chunks, and then `end`. If that is empty, it hangs up.
async fn runtime(api: &RuntimeApi, end: &str) -> String {
    let mut connection = TcpStream::connect(api.address()).await.unwrap();
    connection.write_all(b"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut buffer = vec![0; 4096];
    let read = connection.read(&mut buffer).await.unwrap();
    let head = String::from_utf8_lossy(&buffer[..read]).to_ascii_lowercase();
    let id = head.lines().find_map(|line| line.strip_prefix("lambda-runtime-aws-request-id: ")).unwrap();
    let post = format!(
        "POST /2018-06-01/runtime/invocation/{id}/response HTTP/1.1\r\nhost: x\r\ncontent-type: {PRELUDE}\r\n\
         lambda-runtime-function-response-mode: streaming\r\ntransfer-encoding: chunked\r\n\
         trailer: lambda-runtime-function-error-type, lambda-runtime-function-error-body\r\n\r\n\
         5\r\n{{\"a\":\r\n4\r\nbody\r\n{end}"
    );
    connection.write_all(post.as_bytes()).await.unwrap();
    if end.is_empty() {
        return String::new();
    }
    let read = connection.read(&mut buffer).await.unwrap();
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

#[tokio::test]
async fn the_runtime_api_takes_streams_with_their_errors() {
    let api = RuntimeApi::start().await.unwrap();
    let (reply, answer) = tokio::join!(api.invoke("{}", PATIENCE), runtime(&api, "0\r\n\r\n"));
    assert_eq!(reply.unwrap(), "{\"a\":body");
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let trailers = "0\r\nlambda-runtime-function-error-type: Some.Error\r\n\
                    lambda-runtime-function-error-body: eyJlcnJvck1lc3NhZ2UiOiJubyJ9\r\n\r\n";
    let (reply, _) = tokio::join!(api.invoke("{}", PATIENCE), runtime(&api, trailers));
    assert_eq!(reply.unwrap_err(), InvocationError::function("Some.Error", "no"));
    let (reply, _) = tokio::join!(api.invoke("{}", PATIENCE), runtime(&api, ""));
    assert!(reply.unwrap_err().message.contains("ended in the middle"));
}
