//! Requests that the host signs with the function's AWS credentials.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use funcserver_aws::{Authorization, Container, Credentials, CredentialsSource, Provider, Token};
use funcserver_engine::{Guest, Limits, Network, Notice, Reuse, SignAws, Signing};
use funcserver_test_guest::Options;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::judge::{Judge, Verdict, one};
use super::names::Names;
use super::server::{Identity, Server};
use super::{allowing, mirrored, send};
use crate::common::{act, guest, guest_p3, json, limits};

const KEY_ID: &str = "AKIDOFTHEFUNCTION000";
const SECRET: &str = "secret/Of+The/Function00000000000000000";
const TOKEN: &str = "session-token-of-the-function==";
const JUDGE: Judge = Judge { key_id: KEY_ID, secret: SECRET, patience: 60 };

/// Guests of 0.2 and of 0.3.
const LOADERS: [fn(Options) -> Guest; 2] = [|options| guest(options), |options| guest_p3(options)];

/// What a guest signs with.
const STAND_IN: &str = "AWS4-HMAC-SHA256 Credential=STANDIN/20200101";

fn keys(expires: Option<SystemTime>) -> CredentialsSource {
    let credentials = Credentials::new(KEY_ID.to_owned(), SECRET.to_owned(), Some(TOKEN.to_owned()), expires);
    CredentialsSource::Static(Arc::new(credentials))
}

fn signing(entries: &[&str], source: CredentialsSource) -> Network {
    let origins = SignAws::parse(entries.iter().copied()).unwrap().origins("eu-west-1").unwrap();
    Network { signing: Some(Signing { origins, credentials: Arc::new(Provider::new(source)) }), ..Network::default() }
}

fn options(network: Network) -> Options {
    Options { limits: limits(), network, ..Options::default() }
}

/// A server on loopback, and guests of 0.2 and 0.3 whose requests to it are signed.
async fn service() -> (Server, String, [Guest; 2]) {
    let server = Server::http().await;
    let url = format!("http://127.0.0.1:{}", server.port());
    let network = signing(&[&url], keys(None));
    (server, url, [guest(options(network.clone())), guest_p3(options(network))])
}

/// A request as an SDK signs it, for a service in Ireland.
fn signed(url: &str, service: &str, more: &Value) -> Value {
    let authorization =
        format!("{STAND_IN}/eu-west-1/{service}/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123");
    let mut wanted = json!({ "url": url, "headers": [
        ["authorization", authorization], ["x-amz-date", "20200101T000000Z"], ["user-agent", "sdk/1"],
    ] });
    for (name, value) in more.as_object().unwrap() {
        match value.as_array().filter(|_| name == "headers") {
            Some(headers) => wanted["headers"].as_array_mut().unwrap().extend(headers.iter().cloned()),
            None => wanted[name] = value.clone(),
        }
    }
    wanted
}

/// The text of the error for a request that is not sent, and its only notice.
async fn unsigned(guest: &Guest, wanted: &Value) -> (String, Notice) {
    let (told, notices) = send(guest, wanted).await;
    let [notice] = <[Notice; 1]>::try_from(notices).unwrap_or_else(|other| panic!("{wanted}: {told} {other:?}"));
    assert_eq!(told["error"], "internal-error", "{wanted}: {told}");
    (told["message"].as_str().unwrap_or_default().to_owned(), notice)
}

fn reason(notice: &Notice) -> &str {
    match notice {
        Notice::Denied { reason, .. } | Notice::Failed { reason, .. } => reason,
    }
}

fn assert_no_key(text: &str) {
    for key in [KEY_ID, SECRET, TOKEN] {
        assert!(!text.contains(key), "{text}");
    }
}

#[tokio::test]
async fn each_request_has_the_signature_that_the_service_computes() {
    let (_server, url, guests) = service().await;
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (service, path, more) in [
        (
            "dynamodb",
            "/",
            json!({ "method": "POST", "body_b64": "e30=", "headers": [["x-amz-target", "DynamoDB_20120810.ListTables"], ["content-type", "application/x-amz-json-1.0"]] }),
        ),
        ("dynamodb", "/", json!({ "method": "POST", "body_b64": "" })),
        ("dynamodb", "/", json!({ "method": "POST", "body_bytes": 1000, "headers": [["content-length", "1000"]] })),
        ("s3", "/bucket/key", json!({ "method": "PUT", "body_bytes": 5_000_000 })),
        (
            "s3",
            "/bucket/key",
            json!({ "method": "PUT", "body_bytes": 5_000_000, "headers": [["content-length", "5000000"]] }),
        ),
        ("s3", "/bucket/a%20b//../c%2Fd/%C3%A9/", json!({})),
        (
            "s3",
            "/bucket?list-type=2&prefix=a%2Fb%20c&delimiter=&versions",
            json!({ "headers": [["x-amz-content-sha256", empty]] }),
        ),
        ("lambda", "/2015-03-31/functions/a%3Ab/invocations/", json!({ "method": "POST", "body_bytes": 3 })),
        ("execute-api", "/a//b/./c/../d%20e?z=1&a=2&a=1", json!({})),
        (
            "sqs",
            "/",
            json!({ "method": "POST", "body_b64": "QQ==", "headers": [["x-a", "1"], ["x-a", "  2   3 "], ["te", "trailers"], ["cookie", "a=b"]] }),
        ),
        ("s3", "/bucket/key", json!({ "method": "DELETE" })),
    ] {
        for (version, guest) in guests.iter().enumerate() {
            let wanted = signed(&format!("{url}{path}"), service, &more);
            let seen = mirrored(guest, &wanted).await;
            let verdict = JUDGE.verdict(&seen).unwrap_or_else(|error| panic!("0.{}: {wanted} {error}", version + 2));
            assert_eq!((verdict.service.as_str(), verdict.region.as_str()), (service, "eu-west-1"));
            assert_eq!(one(&seen, "x-amz-security-token").unwrap(), TOKEN);
            assert_eq!(one(&seen, "user-agent").unwrap(), "sdk/1");
            let (method, bytes) = (wanted["method"].as_str().unwrap_or("GET"), wanted["body_bytes"].as_u64());
            assert_eq!(seen["method"], method);
            let length = one(&seen, "content-length");
            assert!(bytes.is_none_or(|bytes| length == Ok(bytes.to_string())), "{wanted} {length:?}");
        }
    }
}

/// Bodies that S3's own checks protect are sent as they are written.
#[tokio::test]
async fn a_stated_payload_is_kept_and_the_body_streams() {
    let (_server, url, guests) = service().await;
    for payload in ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"] {
        let headers = json!([
            ["x-amz-content-sha256", payload],
            ["x-amz-trailer", "x-amz-checksum-crc32"],
            ["content-encoding", "aws-chunked"],
            ["content-length", "5"]
        ]);
        let more = json!({ "method": "PUT", "headers": headers, "body_b64": BASE64_STANDARD.encode("0\r\n\r\n") });
        for guest in &guests {
            let seen = mirrored(guest, &signed(&format!("{url}/bucket/key"), "s3", &more)).await;
            let Verdict { payload: judged, .. } = JUDGE.verdict(&seen).unwrap();
            assert_eq!((judged.as_str(), seen["body_b64"].as_str().unwrap()), (payload, "MA0KDQo="));
        }
    }
    // If it were hashed, there would be no room for it beside the handler's own copy.
    let memory = 8 << 20;
    let network = signing(&[&url], keys(None));
    let small = guest(Options { limits: Limits { memory, ..limits() }, network, ..Options::default() });
    let more =
        json!({ "method": "PUT", "headers": [["x-amz-content-sha256", "UNSIGNED-PAYLOAD"]], "body_bytes": 5 << 20 });
    let seen = mirrored(&small, &signed(&format!("{url}/bucket/key"), "s3", &more)).await;
    assert_eq!(
        (JUDGE.verdict(&seen).unwrap().payload.as_str(), &seen["body_bytes"]),
        ("UNSIGNED-PAYLOAD", &json!(5 << 20))
    );
}

#[tokio::test]
async fn a_body_above_the_memory_is_refused_and_the_next_request_works() {
    let (server, url, _) = service().await;
    let network = signing(&[&url], keys(None));
    for load in LOADERS {
        let limits = Limits { memory: 8 << 20, ..limits() };
        let guest = load(Options {
            limits,
            network: network.clone(),
            reuse: Reuse { requests: 100, ..Reuse::default() },
            ..Options::default()
        });
        for headers in [json!([]), json!([["content-length", "5000000"]])] {
            let before = server.requests();
            let more = json!({ "method": "PUT", "headers": headers, "body_bytes": 5_000_000 });
            let (message, notice) = unsigned(&guest, &signed(&url, "s3", &more)).await;
            assert!(message.contains("limits.memory") && reason(&notice).contains("limits.memory"), "{message}");
            assert_eq!(server.requests(), before);
            let more = json!({ "method": "PUT", "body_bytes": 100_000 });
            JUDGE.verdict(&mirrored(&guest, &signed(&url, "s3", &more)).await).unwrap();
        }
    }
}

/// Over TLS and HTTP/2, by the names of services, as in Lambda.
#[tokio::test]
async fn services_are_reached_by_their_names_alone() {
    for http2 in [false, true] {
        let identity = Identity::new(&["*.s3.eu-west-1.amazonaws.com", "dynamodb.eu-west-1.amazonaws.com"], http2);
        let server = Server::https(&identity).await;
        let port = server.port();
        let names = Arc::new(Names::default());
        let hosts = ["shop.s3.eu-west-1.amazonaws.com", "dynamodb.eu-west-1.amazonaws.com"];
        for host in hosts {
            names.set(host, &["127.0.0.1"]);
        }
        let entries = ["https://*.s3.eu-west-1.amazonaws.com", "https://dynamodb.eu-west-1.amazonaws.com"];
        let entries = entries.map(|entry| format!("{entry}:{port}"));
        let network = Network {
            roots: Some(identity.root()),
            resolver: names,
            allow: allowing(&[&format!("https://127.0.0.1:{port}")]).allow,
            ..signing(&entries.each_ref().map(String::as_str), keys(None))
        };
        let guest = guest(options(network));
        for (host, service) in hosts.into_iter().zip(["s3", "dynamodb"]) {
            let wanted = signed(&format!("https://{}.:{port}/key", host.to_uppercase()), service, &json!({}));
            let seen = mirrored(&guest, &wanted).await;
            assert_eq!(JUDGE.verdict(&seen).unwrap().service, service, "{seen}");
            assert_eq!(seen["version"] == "HTTP/2.0", http2);
        }
        // The same address, but not by a name that is signed.
        let wanted = signed(&format!("https://127.0.0.1:{port}/"), "dynamodb", &json!({}));
        let (told, _) = send(&guest, &wanted).await;
        assert_eq!(told["error"], "TLS-certificate-error", "{told}");
    }
}

#[tokio::test]
async fn what_is_not_signed_is_told_to_the_guest_and_the_log() {
    let (server, url, guests) = service().await;
    let dynamodb = "https://dynamodb.eu-west-1.amazonaws.com";
    let cases = [
        (json!({ "url": url }), "is not signed"),
        (signed(&format!("{url}/?X-Amz-Signature=1"), "s3", &json!({})), "presigned"),
        (json!({ "url": url, "headers": [["authorization", "Bearer abc"]] }), "AWS4-HMAC-SHA256"),
        (json!({ "url": url, "headers": [["authorization", "AWS4-ECDSA-P256-SHA256 Credential=a"]] }), "SigV4A"),
        (json!({ "url": url, "headers": [["authorization", STAND_IN]] }), "header authorization"),
        (
            signed(&url, "s3", &json!({ "headers": [["x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]] })),
            "pieces of the body",
        ),
        (
            signed(&url, "transcribe", &json!({ "headers": [["content-type", "application/vnd.amazon.eventstream"]] })),
            "event streams",
        ),
        (signed(&url, "s3", &json!({ "headers": [["authorization", STAND_IN]] })), "header authorization"),
        (signed(&url, "s3", &json!({ "headers": [["x-amz-meta-a", "caf\u{e9}"]] })), "not UTF-8"),
    ];
    let before = server.requests();
    for guest in &guests {
        for (wanted, told) in &cases {
            let (message, notice) = unsigned(guest, wanted).await;
            assert!(message.contains(told), "{wanted}: {message}");
            assert!(
                matches!(&notice, Notice::Denied { allow: None, .. }) && reason(&notice).contains(told),
                "{notice:?}"
            );
            assert_no_key(&format!("{message} {notice:?}"));
        }
        assert_eq!(server.requests(), before, "none was sent");
    }
    let guest = guest(options(signing(&["dynamodb", "s3"], keys(None))));
    for (service, region, told) in [("dynamodb", "us-east-1", "in eu-west-1"), ("s3", "eu-west-1", "one of dynamodb")] {
        let authorization = format!("{STAND_IN}/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0");
        let wanted = json!({ "url": dynamodb, "headers": [["authorization", authorization]] });
        let (message, notice) = unsigned(&guest, &wanted).await;
        assert!(message.contains(told) && reason(&notice).contains(told), "{message}");
    }
}

/// A signed request that is not allowed says which setting would allow it.
#[tokio::test]
async fn a_request_to_another_host_is_denied_and_not_signed() {
    let (server, url, _) = service().await;
    let other = Server::http().await;
    let other_url = format!("http://127.0.0.1:{}", other.port());
    let guest = guest(options(Network { allow: allowing(&[&other_url]).allow, ..signing(&[&url], keys(None)) }));
    let (told, notices) = send(&guest, &signed("https://evil.example/", "dynamodb", &json!({}))).await;
    assert_eq!(told["error"], "HTTP-request-denied");
    assert!(reason(&notices[0]).contains("network.sign-aws"), "{notices:?}");
    // What the list allows besides is sent as the guest has signed it, which no service accepts.
    let wanted = signed(&other_url, "dynamodb", &json!({}));
    let seen = mirrored(&guest, &wanted).await;
    let refused = JUDGE.verdict(&seen).unwrap_err();
    assert!(refused.contains("signed with STANDIN"), "{refused}");
    assert_no_key(&seen.to_string());
    assert_eq!((server.requests(), other.requests()), (0, 1));
}

/// The host follows no redirect, and repeats a request with the one signature that it has.
#[tokio::test]
async fn redirects_and_retries_leave_one_signature() {
    let (server, url, [guest, _]) = service().await;
    let (told, _) = send(&guest, &signed(&format!("{url}/redirect"), "s3", &json!({}))).await;
    assert_eq!((&told["status"], server.requests()), (&json!(302), 1));
    assert_no_key(&told.to_string());
    let wanted = signed(&format!("{url}/mortal"), "s3", &json!({}));
    for _ in 0..2 {
        let seen = mirrored(&guest, &wanted).await;
        JUDGE.verdict(&seen).unwrap_or_else(|error| panic!("{error}"));
    }
    assert!(server.requests() > 3, "one was sent again");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    let (_server, url, guests) = service().await;
    for guest in &guests {
        let (told, notices) = send(guest, &signed(&format!("{url}/skewed"), "s3", &json!({}))).await;
        assert_eq!(told["status"], 403);
        let [notice] = &notices[..] else { panic!("{notices:?}") };
        assert!(reason(notice).contains("set the clock"), "{notice:?}");
        JUDGE.verdict(&mirrored(guest, &signed(&url, "s3", &json!({}))).await).unwrap();
    }
}

#[tokio::test]
async fn credentials_that_a_service_refuses_are_told() {
    let (_server, url, guests) = service().await;
    for guest in &guests {
        for (path, status, code) in [("expired", 400, "ExpiredToken"), ("unknown-key", 403, "InvalidAccessKeyId")] {
            let (told, notices) = send(guest, &signed(&format!("{url}/{path}"), "s3", &json!({}))).await;
            assert_eq!(told["status"], status, "{told}");
            let [notice] = &notices[..] else { panic!("{path}: {notices:?}") };
            assert!(reason(notice).contains(&format!("the function's credentials ({code})")), "{notice:?}");
            // The body is the service's own.
            let body = BASE64_STANDARD.decode(told["body_b64"].as_str().unwrap()).unwrap();
            assert!(String::from_utf8(body).unwrap().contains(code), "{told}");
        }
        JUDGE.verdict(&mirrored(guest, &signed(&url, "s3", &json!({}))).await).unwrap();
    }
}

#[tokio::test]
async fn credentials_that_are_missing_or_have_expired_are_told() {
    let (server, url, _) = service().await;
    for (source, told) in [
        (CredentialsSource::Missing, "aws configure export-credentials"),
        (keys(Some(SystemTime::now() - Duration::from_secs(1))), "have expired"),
    ] {
        let guest = guest(options(signing(&[&url], source)));
        for more in [json!({}), json!({ "headers": [["x-amz-content-sha256", "UNSIGNED-PAYLOAD"]] })] {
            let (message, notice) = unsigned(&guest, &signed(&url, "s3", &more)).await;
            assert!(message.contains(told) && reason(&notice).contains(told), "{message}");
            assert!(matches!(notice, Notice::Failed { .. }));
        }
    }
    assert_eq!(server.requests(), 0);
}

/// An endpoint for credentials that answers with a status, or never, and counts.
async fn endpoint(answers: &'static [Option<(u16, u64)>]) -> (CredentialsSource, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/credentials", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = vec![0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            let head = String::from_utf8_lossy(&head[..length]).to_lowercase();
            let number = count.fetch_add(1, Ordering::SeqCst);
            let Some((status, seconds)) = answers.get(number).or(answers.last()).copied().flatten() else {
                open.push(stream);
                continue;
            };
            let status = if head.contains("authorization: endpoint-token") { status } else { 401 };
            let expires = SystemTime::now() + Duration::from_secs(seconds);
            let seconds = expires.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            let date = timestamp(seconds);
            let body = json!({ "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "Token": TOKEN, "Expiration": date })
                .to_string();
            let answer =
                format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let token = Authorization::Token(Token("endpoint-token".to_owned()));
    (CredentialsSource::Container(Container::new(&uri, Some(token)).unwrap()), asked)
}

/// `2026-11-30T16:00:00Z`
fn timestamp(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (mut year, mut day) = (1970, days);
    let length = |year: u64| {
        if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) { 366 } else { 365 }
    };
    while day >= length(year) {
        day -= length(year);
        year += 1;
    }
    let february = length(year) - 337;
    let mut month = 0;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        month += 1;
        if day < days {
            break;
        }
        day -= days;
    }
    format!("{year}-{month:02}-{:02}T{:02}:{:02}:{:02}Z", day + 1, rest / 3600, rest / 60 % 60, rest % 60)
}

#[tokio::test]
async fn an_endpoint_is_asked_once_for_all_requests() {
    let (_server, url, _) = service().await;
    let (source, asked) = endpoint(&[Some((200, 3600))]).await;
    let guest = guest(options(signing(&[&url], source)));
    let wanted = signed(&url, "s3", &json!({}));
    let all = futures_util::future::join_all((0..6).map(|_| mirrored(&guest, &wanted))).await;
    for seen in all {
        JUDGE.verdict(&seen).unwrap();
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    guest.restored();
    JUDGE.verdict(&mirrored(&guest, &wanted).await).unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2, "what a snapshot had is not used");
}

#[tokio::test]
async fn credentials_are_replaced_before_they_end() {
    let (_server, url, _) = service().await;
    // They end in a minute, and so each request asks for others, but uses them if there are none.
    let (source, asked) = endpoint(&[Some((200, 60)), Some((500, 0)), Some((500, 0)), Some((200, 3600))]).await;
    let guest = guest(options(signing(&[&url], source)));
    for expected in [1, 3, 3] {
        JUDGE.verdict(&mirrored(&guest, &signed(&url, "s3", &json!({}))).await).unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), expected, "an endpoint that failed is left alone for a while");
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_stalls_or_lies_is_told_and_the_next_request_works() {
    let (_server, url, _) = service().await;
    for (answers, told) in [
        (&[Some((404, 0)), Some((200, 3600))][..], "answered 404"),
        (&[Some((500, 0)), Some((500, 0)), Some((200, 3600))], "answered 500"),
        (&[None, None, Some((200, 3600))], "did not answer within 2 s"),
        (&[Some((200, 0)), Some((200, 3600))], "check the clock"),
    ] {
        let (source, _) = endpoint(answers).await;
        let guest = guest(options(signing(&[&url], source)));
        let wanted = signed(&url, "s3", &json!({}));
        let (message, notice) = unsigned(&guest, &wanted).await;
        assert!(message.contains(told) && reason(&notice).contains(told), "{message}");
        assert_no_key(&format!("{message} {notice:?}"));
        JUDGE.verdict(&mirrored(&guest, &wanted).await).unwrap();
    }
}

/// How often each of these texts is in the memory of an instance that serves many requests.
async fn found(guest: &Guest, texts: &[&str]) -> Vec<u64> {
    let mut found = Vec::new();
    for text in texts {
        let inverted: Vec<u8> = text.bytes().map(|byte| !byte).collect();
        let (answer, _) = act(guest, &format!("search:{}", BASE64_URL_SAFE_NO_PAD.encode(inverted))).await;
        found.push(json(&answer.result.unwrap())["found"].as_u64().unwrap());
        assert_eq!(answer.after.finish().await, None);
    }
    found
}

#[tokio::test]
async fn no_key_is_in_the_memory_of_a_guest() {
    let server = Server::http().await;
    let url = format!("http://127.0.0.1:{}", server.port());
    for load in LOADERS {
        let reuse = Reuse { requests: 1000, ..Reuse::default() };
        let network = signing(&[&url], keys(None));
        let guest = load(Options { limits: limits(), network, reuse, ..Options::default() });
        // These answers do not mirror what the service got.
        for path in ["/redirect", "/headers", "/no-content", "/skewed"] {
            for more in [json!({}), json!({ "method": "POST", "body_bytes": 10_000 })] {
                let (told, _) = send(&guest, &signed(&format!("{url}{path}"), "s3", &more)).await;
                assert!(told["status"].is_number(), "{told}");
            }
        }
        unsigned(&guest, &json!({ "url": url })).await;
        assert_eq!(found(&guest, &[SECRET, KEY_ID, TOKEN, &SECRET[..12]]).await, [0, 0, 0, 0]);
        let control = found(&guest, &["bad instruction: "]).await;
        assert!(control[0] > 0, "the search finds what is there");
        // Even a service that tells everything tells no secret key, which no request has.
        mirrored(&guest, &signed(&url, "s3", &json!({}))).await;
        assert_eq!(found(&guest, &[SECRET]).await, [0]);
    }
    assert_eq!(server.requests(), 2 * 9);
}
