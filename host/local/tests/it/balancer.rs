//! Tests of the load balancer through its socket.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::alb::AlbTargetGroupRequest;
use bytes::Bytes;
use funcserver_events::alb::HeaderMode::{self, Multi, Single};
use funcserver_local::balancer::Handler;
use funcserver_local::environment::{Fleet, Line, Program};
use funcserver_local::{Function, InvocationError, InvocationErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::common::balancer::Local;
use crate::common::{read, send};

const OK: &str = r#"{"statusCode":200,"headers":{"content-type":"text/plain"},"body":"fine","isBase64Encoded":false}"#;
const OK_MULTI: &str = r#"{"statusCode":200,"multiValueHeaders":{"set-cookie":["a=1","b=2"]},"body":"fine"}"#;

async fn local(mode: HeaderMode) -> Local {
    Local::replying(mode, Ok(if mode == Single { OK } else { OK_MULTI })).await
}

fn parsed(event: &[u8]) -> AlbTargetGroupRequest {
    serde_json::from_slice(event).unwrap()
}

fn json(event: &[u8]) -> serde_json::Value {
    serde_json::from_slice(event).unwrap()
}

#[tokio::test]
async fn a_request_becomes_an_event_that_the_types_of_aws_can_read() {
    let request = "POST /a%2Fb?x=1&x=2 HTTP/1.1\r\nHost: shop.example\r\nX-Two: a\r\nX-Two: b\r\nContent-Type: text/plain\r\n\
                   X-Forwarded-For: 10.0.0.1\r\nContent-Length: 5\r\n\r\nhello";
    for mode in [Single, Multi] {
        let local = local(mode).await;
        let reply = send(local.address, request).await;
        assert_eq!((reply.status, reply.text()), (200, "fine"));
        let event = local.last_event();
        let raw = json(&event);
        let (absent, present) = match mode {
            Single => ("multiValueHeaders", "headers"),
            Multi => ("headers", "multiValueHeaders"),
        };
        assert!(raw.get(absent).is_none() && raw.get(present).is_some(), "{raw}");
        let event = parsed(&event);
        assert!(event.request_context.elb.target_group_arn.unwrap().starts_with("arn:aws:elasticloadbalancing:"));
        assert_eq!((event.http_method.as_str(), event.path.as_deref()), ("POST", Some("/a%2Fb")));
        assert_eq!((event.body.as_deref(), event.is_base64_encoded), (Some("hello"), false));
        let headers = if mode == Single { event.headers } else { event.multi_value_headers };
        let values = |name: &str| headers.get_all(name).iter().map(|v| v.to_str().unwrap()).collect::<Vec<_>>();
        assert_eq!(values("x-two"), if mode == Single { vec!["b"] } else { vec!["a", "b"] });
        assert_eq!(values("x-forwarded-for"), ["10.0.0.1, 127.0.0.1"]);
        assert_eq!(values("x-forwarded-proto"), ["http"]);
        assert_eq!(values("x-forwarded-port"), [local.address.port().to_string()]);
        assert_eq!(values("host"), ["shop.example"]);
        assert!(values("x-amzn-trace-id")[0].starts_with("Root=1-"), "{headers:?}");
    }
}

#[tokio::test]
async fn each_mode_uses_its_own_map() {
    let reply = send(local(Multi).await.address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let cookies: Vec<&str> = reply.head.lines().filter(|line| line.starts_with("set-cookie")).collect();
    assert_eq!(cookies, ["set-cookie: a=1", "set-cookie: b=2"]);
    let wrong = Local::replying(Single, Ok(OK_MULTI)).await;
    assert_eq!(send(wrong.address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.status, 502);
    assert_eq!(wrong.records(1).await[0].reason, Some("LambdaInvalidResponse"));
}

#[tokio::test]
async fn requests_that_a_load_balancer_rejects_are_rejected() {
    let get = |headers: &str| format!("GET / HTTP/1.1\r\nhost: x\r\n{headers}\r\n").into_bytes();
    let addresses = |count| format!("x-forwarded-for: {}\r\n", ["10.0.0.1"].repeat(count).join(","));
    let line = |length: usize| format!("a: {}\r\n", "x".repeat(length - 3));
    let lines = |count: usize| (0..count).map(|n| format!("x-{n:05}: {}\r\n", "y".repeat(49))).collect::<String>();
    let cases: Vec<(Vec<u8>, u16, Option<&str>)> = vec![
        (get(""), 200, None),
        (get(&addresses(30)), 200, None),
        (get(&addresses(31)), 463, None),
        (get(&line(16_384)), 200, None),
        (get(&line(16_385)), 400, None),
        // Each line has 60 bytes: 1,000 lines are within 64 KiB, 1,100 are not.
        (get(&lines(1000)), 200, None),
        (get(&lines(1100)), 400, None),
        (get(&lines(17_000)), 431, None),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(16_000)).into(), 200, None),
        (format!("GET /?{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(16_384)).into(), 400, None),
        (format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(66_000)).into(), 414, None),
        (get(&"a:\r\n".repeat(13_000)), 200, None),
        (b"GET / HTTP/1.1\r\n\r\n".into(), 400, None),
        (b"GET / HTTP/1.0\r\n\r\n".into(), 200, None),
        (get("host: y\r\n"), 400, None),
        (b"TRACE / HTTP/1.1\r\nhost: x\r\n\r\n".into(), 405, None),
        (b"OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n".into(), 400, None),
        (b"CONNECT x:443 HTTP/1.1\r\nhost: x\r\n\r\n".into(), 400, None),
        (get("connection: Upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n"), 400, None),
        (b"GET / HTTP/1.1\r\nhost: x\r\nx-name: caf\xe9\r\n\r\n".into(), 400, Some("LambdaBadRequest")),
        ("GET / HTTP/1.1\r\nhost: x\r\nx-name: café\r\n\r\n".into(), 200, None),
        (b"GET / HTTP/9.9\r\nhost: x\r\n\r\n".into(), 400, None),
        (b"not http at all\r\n\r\n".into(), 400, None),
        (get("bad header\r\n"), 400, None),
        (get("content-length: x\r\n"), 400, None),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n".into(), 501, None),
        (b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n".into(), 400, None),
    ];
    for mode in [Single, Multi] {
        let local = local(mode).await;
        for (index, (request, status, reason)) in cases.iter().enumerate() {
            let shown = String::from_utf8_lossy(&request[..request.len().min(120)]);
            let reply = send(local.address, request).await;
            assert_eq!(reply.status, *status, "{shown}\n{}", String::from_utf8_lossy(&reply.body));
            let records = local.records(index + 1).await;
            assert_eq!(records.len(), index + 1, "{shown}");
            assert_eq!((records[index].status, records[index].reason), (*status, *reason), "{shown}");
            assert_eq!(records[index].detail.is_some(), *status != 200, "{shown}");
        }
    }
}

#[tokio::test]
async fn targets_are_copied_unchanged() {
    let local = local(Single).await;
    for (target, path, query) in [
        ("/", "/", "{}"),
        ("/a/../b/./c", "/a/../b/./c", "{}"),
        ("//x//y", "//x//y", "{}"),
        ("/%2F%2e%zz%", "/%2F%2e%zz%", "{}"),
        ("/?a=b+c&a2=%20&x[]=1&%zz=%", "/", r#"{"a":"b+c","a2":"%20","x[]":"1","%zz":"%"}"#),
        ("/[x]|{y}^\\'\"", "/[x]|{y}^\\'\"", "{}"),
        ("/?q=|{}^\\`'[]", "/", r#"{"q":"|{}^\\`'[]"}"#),
        ("/caf\u{e9}?caf\u{e9}=\u{1f600}", "/caf\u{e9}", "{\"caf\u{e9}\":\"\u{1f600}\"}"),
        ("/x#fragment", "/x", "{}"),
        ("http://other.example:81/a/../b?c=d", "/a/../b", r#"{"c":"d"}"#),
        ("http://other.example", "/", "{}"),
        ("http://other.example?c=d", "/", r#"{"c":"d"}"#),
    ] {
        let reply = send(local.address, format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert_eq!(reply.status, 200, "{target}");
        let event = json(&local.last_event());
        assert_eq!(event["path"], path, "{target}");
        assert_eq!(event["queryStringParameters"].to_string(), json(query.as_bytes()).to_string(), "{target}");
        let host = if target.starts_with("http://other.example:81") { "other.example:81" } else { "x" };
        if !target.starts_with("http://other.example") || host != "x" {
            assert_eq!(event["headers"]["host"], host, "{target}");
        }
    }
    for target in ["/`", "/<", "/>", "/?\"", "/?<", "/?>", "/\u{7f}", "/a b", "x", "?x", "/\t"] {
        let reply = send(local.address, format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n")).await;
        assert_eq!(reply.status, 400, "{target}");
    }
    assert_eq!(send(local.address, b"GET /\xff HTTP/1.1\r\nhost: x\r\n\r\n").await.status, 400);
}

#[tokio::test]
async fn bodies_of_up_to_one_mebibyte_are_accepted() {
    let local = local(Single).await;
    let post = |headers: &str, body: &str| format!("POST / HTTP/1.1\r\nhost: x\r\n{headers}\r\n{body}");
    let (full, over) = ("x".repeat(1_048_576), "x".repeat(1_048_577));
    let length = |body: &str| format!("content-type: text/plain\r\ncontent-length: {}\r\n", body.len());
    assert_eq!(send(local.address, post(&length(&full), &full)).await.status, 200);
    assert_eq!(json(&local.last_event())["body"].as_str().unwrap().len(), 1_048_576);
    assert_eq!(send(local.address, post(&length(&over), &over)).await.status, 413);
    let chunk = |body: &str| format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let chunked = "content-type: text/plain\r\ntransfer-encoding: chunked\r\n";
    assert_eq!(send(local.address, post(chunked, &chunk(&full))).await.status, 200);
    assert_eq!(send(local.address, post(chunked, &chunk(&over))).await.status, 413);
    // A client that sends `expect: 100-continue` is rejected before it sends the body.
    let asking = format!("expect: 100-continue\r\n{}", length(&over));
    assert_eq!(send(local.address, post(&asking, "")).await.status, 413);
    let refused: Vec<_> = local.records(5).await.iter().filter_map(|record| record.reason).collect();
    assert_eq!(refused, ["LambdaRequestTooLarge"; 3]);
}

#[tokio::test]
async fn a_client_that_expects_100_continue_gets_it() {
    let local = local(Single).await;
    let mut stream = TcpStream::connect(local.address).await.unwrap();
    let head =
        "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(read(&mut stream).await.status, 100);
    stream.write_all(b"hi").await.unwrap();
    assert_eq!(read(&mut stream).await.status, 200);
    assert_eq!(json(&local.last_event())["body"], "hi");
}

#[tokio::test]
async fn replies_that_a_load_balancer_rejects_give_502() {
    let large: &'static str = format!(r#"{{"statusCode":200,"body":"{}"}}"#, "x".repeat(1_048_576)).leak();
    let header: &'static str = format!(r#"{{"statusCode":200,"headers":{{"a":"{}"}}}}"#, "x".repeat(33_000)).leak();
    let error = |kind| InvocationError { kind, message: "<why>".into() };
    for (reply, reason) in [
        (Ok("no JSON"), "LambdaInvalidResponse"),
        (Ok("{}"), "LambdaInvalidResponse"),
        (Ok(r#"{"statusCode":"200"}"#), "LambdaInvalidResponse"),
        (Ok(r#"{"statusCode":200,"body":null}"#), "LambdaInvalidResponse"),
        (Ok(large), "LambdaResponseTooLarge"),
        (Ok(header), "LambdaResponseTooLarge"),
        (Err(error(InvocationErrorKind::TooLarge)), "LambdaResponseTooLarge"),
        (Err(error(InvocationErrorKind::Throttled)), "LambdaThrottling"),
        (Err(error(InvocationErrorKind::Exited)), "LambdaUnhandled"),
        (Err(error(InvocationErrorKind::TimedOut)), "LambdaUnhandled"),
        (Err(error(InvocationErrorKind::Entrypoint)), "LambdaUnhandled"),
        (Err(error(InvocationErrorKind::Init("Runtime.Unknown".into()))), "LambdaUnhandled"),
        (Err(InvocationError::function("Oops", "<why>")), "LambdaUnhandled"),
    ] {
        let local = Local::replying(Single, reply.clone()).await;
        let answer = send(local.address, "GET /p?q HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert_eq!(answer.status, 502, "{reason}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(answer.text().contains("502 Bad Gateway") && answer.text().contains(reason), "{}", answer.text());
        assert!(!answer.text().contains("<why>"));
        let record = local.records(1).await.remove(0);
        assert_eq!((record.status, record.reason), (502, Some(reason)));
        assert_eq!((record.method.as_str(), record.target.as_str()), ("GET", "/p?q"));
        assert!(record.detail.is_some());
    }
}

#[tokio::test]
async fn lengths_are_computed() {
    let get = |reply| async move {
        let local = Local::replying(Single, Ok(reply)).await;
        let get = send(local.address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        let head = send(local.address, "HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
        (get, head)
    };
    let (fine, head) = get(OK).await;
    assert_eq!((fine.header("content-length"), fine.header("server")), (Some("4"), Some("funcserver")));
    assert!(fine.header("date").is_some());
    assert_eq!((head.status, head.header("content-length"), head.text()), (200, None, ""));

    let (false_length, head) = get(r#"{"statusCode":200,"headers":{"content-length":"17"},"body":"fine"}"#).await;
    assert_eq!((false_length.header("content-length"), false_length.text()), (Some("4"), "fine"));
    assert_eq!(head.header("content-length"), Some("17"));

    let odd = r#"{"statusCode":200,"headers":{"content-length":"x","Content-Length":"7"},"body":"fine"}"#;
    let (_, head) = get(odd).await;
    assert_eq!((head.status, head.header("content-length")), (200, None));

    let (empty, _) = get(r#"{"statusCode":204,"headers":{"content-length":"17"},"body":"fine"}"#).await;
    assert_eq!((empty.status, empty.header("content-length"), empty.text()), (204, None, ""));
    let (same, _) = get(r#"{"statusCode":304,"headers":{"content-length":"17","etag":"x"}}"#).await;
    assert_eq!((same.status, same.header("etag"), same.text()), (304, Some("x"), ""));
    let (unknown, _) = get(r#"{"statusCode":599}"#).await;
    assert!(unknown.head.starts_with("HTTP/1.1 599 Unknown"), "{}", unknown.head);
    assert_eq!(unknown.header("content-length"), Some("0"));
}

#[tokio::test]
async fn connections_are_kept_alive_and_requests_may_be_pipelined() {
    let local = local(Single).await;
    let mut stream = TcpStream::connect(local.address).await.unwrap();
    for _ in 0..3 {
        stream.write_all(b"GET /kept HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        assert_eq!(read(&mut stream).await.status, 200);
    }
    // A client that has closed its sending half still gets the response.
    stream.write_all(b"GET /last HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(read(&mut stream).await.text(), "fine");
    let records = local.records(4).await;
    assert_eq!(records[3].target, "/last");
    let ids: HashSet<_> = records.iter().map(|record| &record.id).collect();
    assert_eq!(ids.len(), 4, "{records:?}");
    assert!(records[3].duration < Duration::from_secs(5));
}

#[tokio::test]
async fn traces_of_clients_are_continued() {
    let local = local(Single).await;
    send(local.address, "GET / HTTP/1.1\r\nhost: x\r\nx-amzn-trace-id: Root=1-0-0;A=b\r\n\r\n").await;
    let event = json(&local.last_event());
    let trace = event["headers"]["x-amzn-trace-id"].as_str().unwrap();
    assert!(trace.starts_with("Self=1-") && trace.ends_with(";Root=1-0-0;A=b"), "{trace}");
}

/// A handler that answers at once, `/slow` after two seconds, and `/forever` never. The receiver gets a message when it
/// has begun one of these two.
fn slowly() -> (impl Handler, UnboundedReceiver<()>) {
    let (begun, told) = unbounded_channel();
    (move |event: Bytes| slow(event, begun.clone()), told)
}

async fn slow(event: Bytes, begun: UnboundedSender<()>) -> Result<Bytes, InvocationError> {
    if event.windows(5).any(|window| window == b"/slow") {
        let _ = begun.send(());
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    if event.windows(8).any(|window| window == b"/forever") {
        let _ = begun.send(());
        std::future::pending::<()>().await;
    }
    Ok(Bytes::from_static(OK.as_bytes()))
}

#[tokio::test]
async fn a_shutdown_waits_for_requests_in_flight() {
    let (handler, mut begun) = slowly();
    let local = Local::with(Single, Duration::from_secs(20), handler).await;
    let address = local.address;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut idle).await.status, 200);
    let mut busy = TcpStream::connect(address).await.unwrap();
    busy.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    begun.recv().await.unwrap();
    let answer = tokio::spawn(async move { read(&mut busy).await });
    assert_eq!(local.stop().await.0, 0);
    let answer = answer.await.unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_does_not_wait_forever() {
    let (handler, mut begun) = slowly();
    let local = Local::with(Single, Duration::from_millis(200), handler).await;
    let mut busy = TcpStream::connect(local.address).await.unwrap();
    busy.write_all(b"GET /forever HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    begun.recv().await.unwrap();
    let (broken_off, records) = local.stop().await;
    assert_eq!((broken_off, records[0].status), (1, 460));
}

#[tokio::test]
async fn an_event_is_handled_to_its_end_when_the_client_disconnects() {
    let (handler, mut begun) = slowly();
    let local = Local::with(Single, Duration::from_secs(10), handler).await;
    let mut stream = TcpStream::connect(local.address).await.unwrap();
    stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    begun.recv().await.unwrap();
    drop(stream);
    let record = local.records(1).await.remove(0);
    assert!(record.status == 200 && record.duration >= Duration::from_secs(2), "{record:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_concurrent_clients_are_served() {
    use http_body_util::{BodyExt, Full};
    use hyper_util::rt::TokioIo;
    let local = Local::with(Single, Duration::from_secs(5), slowly().0).await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let stream = TcpStream::connect(local.address).await.unwrap();
        clients.spawn(async move {
            let (mut client, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(connection);
            for n in 0..50 {
                let body = Full::new(Bytes::from(vec![b'x'; n * 1000]));
                let request = http::Request::post("/x").header("host", "x").body(body).unwrap();
                let response = client.send_request(request).await.unwrap();
                assert_eq!(response.status(), 200);
                assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "fine");
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.unwrap();
    }
    assert_eq!(local.records(1000).await.len(), 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fleet_as_handler_answers_or_is_throttled() {
    let here = std::env::current_dir().unwrap();
    let mut program = Program::new("python3", &here);
    program.arguments = vec![here.join("tests/runtime.py").into()];
    for name in ["PATH", "HOME"] {
        program.variables.insert(name.into(), std::env::var_os(name).unwrap_or_default());
    }
    let function =
        Function { timeout: Duration::from_secs(30), init_timeout: Duration::from_secs(60), ..Function::default() };
    let local =
        Local::with(Single, Duration::from_secs(60), Fleet::new(function, program, 4, Arc::new(|_: &Line| {}))).await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..50 {
        clients.spawn(send(local.address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    }
    let (mut answered, mut throttled) = (0, 0);
    while let Some(reply) = clients.join_next().await {
        match reply.unwrap() {
            reply if reply.status == 200 => answered += 1,
            reply if reply.status == 502 && reply.text().contains("LambdaThrottling") => throttled += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(answered + throttled, 50);
    assert!(answered >= 4, "{answered} answered");
    assert_eq!(local.stop().await.1.len(), 50);
}
