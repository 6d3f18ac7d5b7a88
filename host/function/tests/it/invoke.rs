//! Every event has one answer: the reply and the log for each kind of failure.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use funcserver_engine::Limits;
use funcserver_events::{EventFacts, Form, FrontKind};
use funcserver_function::config::{Config, Fail};
use funcserver_function::failure::Kind;
use funcserver_function::log::{Format, Level, Log};
use funcserver_function::{Context, Host, Outcome};
use funcserver_test_guest::{Options, WASM, act, answer, compiled, load};
use http::Request;
use serde_json::{Value, json};

use crate::common::deadline_in;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>, Arc<AtomicBool>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if String::from_utf8_lossy(bytes).contains("panic in the host") && !self.1.swap(true, Ordering::Relaxed) {
            panic!("the sink panics");
        }
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) struct Bench {
    host: Host,
    log: Kept,
}

impl Bench {
    fn new() -> Self {
        Self::with(&Config::default())
    }

    fn with(config: &Config) -> Self {
        Self::of(WASM, Limits { memory: 32 << 20, ..Limits::default() }, config)
    }

    pub(crate) fn of(component: &[u8], options: impl Into<Options>, config: &Config) -> Self {
        let log = Kept::default();
        let guest = load(&compiled(component), options).unwrap();
        let host = Host::new(guest, config, Log::new(Format::Json, Level::Info, log.clone()));
        Self { host, log }
    }

    pub(crate) fn log(&self) -> String {
        self.log.text()
    }

    pub(crate) async fn invoke_for(&self, event: impl Into<Vec<u8>>, time: Duration) -> Outcome {
        self.invoke_of(None, event, time).await
    }

    async fn invoke_of(&self, tenant: Option<&str>, event: impl Into<Vec<u8>>, time: Duration) -> Outcome {
        let context = Context {
            request_id: "request-7".into(),
            deadline_ms: deadline_in(time),
            trace_id: Some("Root=1-2-3".into()),
            function_arn: "arn:aws:lambda:eu-north-1:111122223333:function:shop".into(),
            invocation_id: None,
            tenant_id: tenant.map(str::to_owned),
        };
        let invocation = self.host.invocation(context);
        let (outcome, after) = self.host.invoke(Bytes::from(event.into()), &invocation).await;
        after.finish().await;
        outcome
    }

    async fn reply(&self, event: &Value) -> Value {
        match self.invoke_for(event.to_string(), Duration::from_secs(10)).await {
            Outcome::Reply(json) => serde_json::from_slice(&json).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

fn header<'a>(reply: &'a Value, name: &str) -> &'a str {
    reply["headers"][name].as_str().unwrap_or_default()
}

fn respond(status: u16, headers: &Value, body_repeat: &Value) -> Value {
    answer(&json!({"status": status, "headers": headers, "body_repeat": body_repeat}))
}

#[tokio::test]
async fn a_request_goes_in_and_its_answer_comes_out() {
    let bench = Bench::new();
    let reply = bench.reply(&act("sleep:0")).await;
    assert_eq!(reply["statusCode"], 200);
    assert_eq!(reply["statusDescription"], "200 OK");
    let seen: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
    assert_eq!(seen["path_with_query"], "/shelf/7?color=blue%20green");
    assert_eq!(seen["scheme"], "https");
    assert_eq!(seen["authority"], "shop.example");
    let names: Vec<_> = seen["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
    for name in ["host", "x-amzn-lambda-context", "x-amzn-request-context", "x-funcserver-client"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

/// Each kind that a guest or an event can cause, with the status of its reply.
#[tokio::test]
async fn each_failure_has_its_reply() {
    let bench = Bench::new();
    let long = "x".repeat(40_000);
    let cookies: Vec<_> = (0..2000).map(|n| json!(["set-cookie", format!("c{n}=1")])).collect();
    let mut bad_event = act("trap");
    bad_event["headers"]["x-number"] = json!(7);
    let cases = [
        (Kind::BadEvent, bad_event),
        (Kind::Trap, act("panic:secret text")),
        (Kind::Stack, act("stack")),
        (Kind::Exit, act("exit:1")),
        (Kind::Memory, act("grow")),
        (Kind::NoAnswer, act("noresponse")),
        (Kind::BodyBroken, act("early-drop")),
        (Kind::Status, respond(600, &json!([]), &json!([65, 1]))),
        (Kind::HeadersTooLarge, respond(200, &json!([["x-long", long]]), &json!([65, 1]))),
        (Kind::ReplyTooLarge, respond(200, &json!([["content-type", "text/plain"]]), &json!([65, 1_048_576]))),
        (Kind::Cookies, respond(200, &Value::Array(cookies), &json!([65, 1]))),
        (Kind::Length, act("short-body")),
    ];
    for (kind, event) in &cases {
        let reply = bench.reply(event).await;
        assert_eq!(header(&reply, "x-funcserver-error"), kind.name(), "{reply}");
        assert_eq!(reply["statusCode"], kind.status().as_u16(), "{reply}");
        let body = reply["body"].as_str().unwrap();
        assert!(body.contains("request-7") && body.len() < 200, "{body}");
        assert!(!body.contains("secret"), "{body}");
    }
    let lines = bench.log.text();
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["requestId"], "request-7", "{line}");
    }
    // A failure is one record, which begins with the handler's own message.
    let records: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let failures: Vec<_> = records.iter().filter(|record| record["level"] == "ERROR").collect();
    assert_eq!(failures.len(), cases.len(), "{lines}");
    let panicked = failures.iter().find(|record| record["message"].as_str().unwrap().contains("secret text")).unwrap();
    let message = panicked["message"].as_str().unwrap();
    assert!(message.starts_with("crashed: ") && message.contains("secret text (src/"), "{message}");
    let at: Vec<&str> = panicked["at"].as_array().unwrap().iter().map(|at| at.as_str().unwrap()).collect();
    assert!(at.len() <= 3 && at.iter().any(|at| at.starts_with("0x") && at.contains("::")), "{at:?}");
    let tested: Vec<_> = cases.iter().map(|(kind, _)| *kind).collect();
    let rest: Vec<_> = Kind::ALL.into_iter().filter(|kind| !tested.contains(kind)).collect();
    // The deadline and the path of events have their own tests. The two other kinds need a broken host or component.
    assert_eq!(rest, [Kind::EventPath, Kind::Instantiate, Kind::Host, Kind::Deadline]);
}

#[tokio::test]
async fn the_answer_comes_before_the_deadline() {
    let mut config = Config::default();
    // The margin is so large that a busy machine is not mistaken for a late host.
    config.limits.deadline_margin = Duration::from_millis(2_500);
    let bench = Bench::with(&config);
    let lambdas = Duration::from_secs(3);
    for name in ["spin", "sleep:60000"] {
        let started = Instant::now();
        let outcome = bench.invoke_for(act(name).to_string(), lambdas).await;
        assert!(started.elapsed() < lambdas, "{name}: {:?}", started.elapsed());
        let Outcome::Reply(json) = outcome else { panic!("{outcome:?}") };
        let reply: Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((reply["statusCode"].as_u64(), header(&reply, "x-funcserver-error")), (Some(504), "deadline"));
    }
}

#[tokio::test]
async fn a_deadline_of_our_own_may_be_shorter() {
    let mut config = Config::default();
    config.limits.timeout = Some(Duration::from_millis(100));
    let bench = Bench::with(&config);
    let started = Instant::now();
    assert_eq!(bench.reply(&act("spin")).await["statusCode"], 504);
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn error_replies_have_the_form_of_their_event() {
    let bench = Bench::new();
    let mut event = act("trap");
    event["multiValueHeaders"] = json!({"x-act": ["trap"], "host": ["shop.example"]});
    event["headers"].take();
    let reply = bench.reply(&event).await;
    assert_eq!(reply["multiValueHeaders"]["x-funcserver-error"], json!(["trap"]));
    assert_eq!(reply.get("headers"), None);
}

/// The sink of the log panics once, during a call of the handler: the host fails, and logs it in one record.
#[tokio::test]
async fn a_panic_of_the_host_is_a_fault_like_another() {
    let mut event = act("stdout:panic in the host");
    event["multiValueHeaders"] = json!({"x-act": ["stdout:panic in the host"], "host": ["shop.example"]});
    event["headers"].take();
    let bench = Bench::new();
    let reply = bench.reply(&event).await;
    assert_eq!(reply["multiValueHeaders"]["x-funcserver-error"], json!(["host"]), "{reply}");
    let text = bench.log.text();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let errors: Vec<_> = lines.filter(|line| line["level"] == "ERROR").collect();
    let [line] = errors.as_slice() else { panic!("{text}") };
    let facts = (&line["level"], &line["requestId"], &line["kind"]);
    assert_eq!(facts, (&json!("ERROR"), &json!("request-7"), &json!("host")));
    assert!(line["error"].as_str().unwrap().contains("the sink panics"), "{text}");

    let mut config = Config::default();
    config.limits.fail = Fail::Error;
    let outcome = Bench::with(&config).invoke_for(event.to_string(), Duration::from_secs(10)).await;
    assert!(matches!(&outcome, Outcome::Error { kind, .. } if kind == "Funcserver.Fault.host"), "{outcome:?}");
}

#[tokio::test]
async fn every_front_end_gets_its_own_form_and_sees_no_forged_headers() {
    let bench = Bench::new();
    let forged = Request::get("/mirror").header("host", "shop.example").header("x-amz-tenant-id", "red");
    let forged = forged.header("x-amzn-request-context", "{}").body(Bytes::new()).unwrap();
    let facts = EventFacts {
        target_group_arn: "arn:t".into(),
        domain: "abc.lambda-url.eu-north-1.on.aws".into(),
        stage: "$default".into(),
        client: "203.0.113.7".into(),
        request_id: "id".into(),
        time_ms: 0,
    };
    for kind in FrontKind::ALL {
        let event = kind.event(&forged, &facts).unwrap();
        let Outcome::Reply(reply) = bench.invoke_for(event, Duration::from_secs(10)).await else { panic!("{kind}") };
        let form = Form::of(kind);
        let seen: Value = serde_json::from_slice(form.read_reply(&reply).expect("a valid reply").body()).unwrap();
        let header = |name: &str| {
            let lines = seen["headers"].as_array().unwrap().iter().filter(|line| line[0] == name);
            lines.map(|line| STANDARD.decode(line[1].as_str().unwrap()).unwrap()).collect::<Vec<_>>()
        };
        assert!(header("x-amz-tenant-id").is_empty(), "{kind}: {seen}");
        let context: Value = serde_json::from_slice(&header("x-amzn-request-context")[0]).unwrap();
        let event: Value = serde_json::from_slice(&kind.event(&forged, &facts).unwrap()).unwrap();
        match kind {
            FrontKind::Alb(_) => assert_eq!(context["elb"], event["requestContext"]["elb"], "{kind}"),
            FrontKind::Lattice1 => assert_eq!(context, json!({}), "{kind}"),
            _ => assert_eq!(context, event["requestContext"], "{kind}"),
        }
    }
}

#[tokio::test]
async fn a_tenant_is_in_the_headers_and_in_every_line_of_the_log() {
    let bench = Bench::new();
    let mut event = act(r#"stdout:{"message":"hello","tenantId":"forged"}"#);
    event["headers"]["x-amz-tenant-id"] = json!("forged");
    event["headers"]["x_amz_tenant_id"] = json!("forged");
    for tenant in ["blue", "red"] {
        let outcome = bench.invoke_of(Some(tenant), event.to_string(), Duration::from_secs(10)).await;
        let Outcome::Reply(reply) = outcome else { panic!("{outcome:?}") };
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        let seen: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
        let headers: Vec<_> = seen["headers"].as_array().unwrap().iter().collect();
        let of_tenant: Vec<_> =
            headers.iter().filter(|line| line[0].as_str().unwrap().replace('_', "-") == "x-amz-tenant-id").collect();
        assert_eq!(of_tenant.len(), 1, "{seen}");
        assert_eq!(STANDARD.decode(of_tenant[0][1].as_str().unwrap()).unwrap(), tenant.as_bytes());
    }
    let log = bench.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tenants: Vec<_> = lines.iter().map(|line| (&line["tenantId"], &line["guest_tenantId"])).collect();
    let forged = json!("forged");
    assert_eq!(tenants, [(&json!("blue"), &forged), (&json!("red"), &forged)], "{log}");
}

/// A host that takes events which are no requests, and what it logs.
fn with_events(split: bool) -> Bench {
    let mut config = Config::default();
    config.events.path = Some("/events/{source}".parse().unwrap());
    config.events.split = split;
    Bench::with(&config)
}

/// Spellings of the path of events that a router may take for it.
const FORGED: [&str; 16] = [
    "/events/sqs",
    "/events/sqs/",
    "/events/anything",
    "/events/sqs?x=1",
    "/%65vents/sqs",
    "/events/%73qs",
    "/%65%76%65%6e%74%73/sqs",
    "/EVENTS/SQS",
    "//Events/x",
    "/events//sqs",
    "/./events/sqs",
    "/a/../events/other?x=1",
    "/a/b/../../events/sqs",
    "/a/%2e%2e/events/sqs",
    "/events/./sqs",
    "/events/x/../sqs",
];

#[tokio::test]
async fn nobody_but_lambda_posts_events() {
    let bench = with_events(false);
    let facts = EventFacts {
        target_group_arn: "arn:t".into(),
        domain: "abc.execute-api.eu-north-1.amazonaws.com".into(),
        stage: "$default".into(),
        client: "203.0.113.7".into(),
        request_id: "id".into(),
        time_ms: 0,
    };
    for kind in FrontKind::ALL {
        for path in FORGED {
            let forged = Request::post(path).header("host", "a").body(Bytes::from("{}")).unwrap();
            let event = kind.event(&forged, &facts).unwrap();
            let Outcome::Reply(reply) = bench.invoke_for(event, Duration::from_secs(10)).await else {
                panic!("{kind}")
            };
            let seen = Form::of(kind).read_reply(&reply).unwrap();
            assert_eq!(seen.status(), 404, "{kind} {path}");
            assert_eq!(seen.headers()["x-funcserver-error"], "event-path", "{kind} {path}");
        }
        let forged = Request::get("/mirror").header("host", "a").header("x-funcserver-event-source", "sqs");
        let event = kind.event(&forged.body(Bytes::new()).unwrap(), &facts).unwrap();
        let Outcome::Reply(reply) = bench.invoke_for(event, Duration::from_secs(10)).await else { panic!("{kind}") };
        assert!(!String::from_utf8_lossy(&reply).contains("event-source"), "{kind}");
    }
    let (refused, of) = (bench.log.text().matches("only Lambda may").count(), FORGED.len() * FrontKind::ALL.len());
    println!("{refused} of {of} forged events refused");
    assert_eq!(refused, of);
}

#[tokio::test]
async fn an_event_is_posted_as_it_is_and_its_answer_is_the_result() {
    let bench = with_events(false);
    let event = r#"{"z": 1.0, "a":12345678901234567890}"#;
    let Outcome::Reply(result) = bench.invoke_for(event, Duration::from_secs(10)).await else { panic!("an error") };
    let seen: Value = serde_json::from_slice(&result).unwrap();
    assert_eq!((&seen["method"], &seen["path_with_query"]), (&json!("POST"), &json!("/events/other")));
    assert_eq!(STANDARD.decode(seen["body_b64"].as_str().unwrap()).unwrap(), event.as_bytes());
    for event in ["", "{"] {
        let outcome = bench.invoke_for(event, Duration::from_secs(10)).await;
        assert!(matches!(&outcome, Outcome::Error { kind, .. } if kind == "Funcserver.NotHttp"), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_record_without_an_id_fails_its_batch() {
    let bench = with_events(true);
    let outcome = bench.invoke_for(r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, Duration::from_secs(9)).await;
    assert!(matches!(&outcome, Outcome::Error { message, .. } if message.contains("no messageId")), "{outcome:?}");
}

#[tokio::test]
async fn what_there_is_no_time_for_has_failed() {
    let bench = with_events(true);
    let records = json!({"Records": [{"eventSource": "aws:kinesis", "kinesis": {"sequenceNumber": "7"}}]});
    let Outcome::Reply(result) = bench.invoke_for(records.to_string(), Duration::ZERO).await else {
        panic!("an error")
    };
    assert_eq!(result, r#"{"batchItemFailures":[{"itemIdentifier":"7"}]}"#);
}

#[tokio::test]
async fn an_event_that_is_not_http_is_an_invocation_error() {
    let bench = Bench::new();
    for event in ["{}", "not json", r#"{"Records":[{"eventSource":"aws:sqs"}]}"#] {
        let outcome = bench.invoke_for(event, Duration::from_secs(1)).await;
        let Outcome::Error { kind, message } = outcome else { panic!("{event}: {outcome:?}") };
        assert_eq!(kind, "Funcserver.NotHttp");
        assert!(message.contains("expected an HTTP request of a load balancer"), "{message}");
    }
}

#[tokio::test]
async fn guests_lines_are_in_the_log_with_their_request() {
    let bench = Bench::new();
    bench.reply(&act(r#"stdout:{"level":"warn","message":"low stock","left":2}"#)).await;
    let text = bench.log.text();
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((&line["level"], &line["message"], &line["left"]), (&json!("WARN"), &json!("low stock"), &json!(2)));
    assert_eq!(line["requestId"], "request-7");
}

#[tokio::test]
async fn cookie_variants_are_logged_once() {
    let bench = Bench::new();
    let event =
        answer(&json!({"status": 200, "headers": [["set-cookie", "a=1"], ["set-cookie", "b=2"]], "body_b64": ""}));
    for _ in 0..2 {
        let reply = bench.reply(&event).await;
        let cookies =
            reply["headers"].as_object().unwrap().keys().filter(|name| name.eq_ignore_ascii_case("set-cookie"));
        assert_eq!(cookies.count(), 2, "{reply}");
    }
    assert_eq!(bench.log.text().matches("letter case").count(), 1, "{}", bench.log.text());
}

#[tokio::test]
async fn a_denied_request_is_logged_with_the_setting_that_would_allow_it() {
    let bench = Bench::new();
    let reply = bench.reply(&act("fetch:https://api.example.com/orders?key=secret")).await;
    assert!(reply["body"].as_str().unwrap().contains("HTTP-request-denied"), "{reply}");
    let text = bench.log.text();
    let line: Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!((&line["level"], &line["requestId"]), (&json!("WARN"), &json!("request-7")));
    assert_eq!(line["to"], "https://api.example.com");
    assert_eq!(line["setting"], r#"[network] allow = ["https://api.example.com"]"#);
}
