//! Streamed replies of the host: `response.stream`.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use funcserver_engine::Limits;
use funcserver_events::{EventFacts, FrontKind};
use funcserver_function::config::{Config, Fail};
use funcserver_function::log::{Format, Level, Log};
use funcserver_function::{Context, Host, Invocation, Observer, Outcome, Report, Step, StreamedReply};
use funcserver_test_guest::answer;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::common::{deadline_in, guest};

/// The reports of its invocations.
#[derive(Default)]
struct Reports(Mutex<Vec<String>>);

impl Observer for Reports {
    fn on(&self, _: &Invocation, step: &Step<'_>) {
        let report = match step {
            Step::Report(Report::Handler { message, .. }) => message.clone(),
            Step::Report(Report::Failed { error, .. }) => error.clone(),
            Step::Report(other) => format!("{other:?}"),
            _ => return,
        };
        self.0.lock().unwrap().push(report);
    }
}

struct Bench {
    host: Host,
    reports: Arc<Reports>,
}

impl Bench {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.response.stream = true;
        change(&mut config);
        let reports = Arc::new(Reports::default());
        let log = Log::new(Format::Json, Level::Fatal, std::io::sink());
        let host = Host::observed(guest(Limits::default()), &config, log, vec![Box::new(reports.clone())]);
        Self { host, reports }
    }

    /// The outcome of an event, the streamed reply as text, and the reports.
    async fn outcome(&self, event: Vec<u8>) -> (Outcome, Vec<String>) {
        let deadline_ms = deadline_in(Duration::from_secs(10));
        let invocation =
            self.host.invocation(Context { request_id: "request-7".into(), deadline_ms, ..Context::default() });
        let (outcome, after) = self.host.invoke(event.into(), &invocation).await;
        let outcome = outcome.whole(8 << 20).await;
        after.finish().await;
        (outcome, std::mem::take(&mut *self.reports.0.lock().unwrap()))
    }

    async fn streamed(&self, event: Vec<u8>) -> (Value, Bytes, Vec<String>) {
        let (outcome, reports) = self.outcome(event).await;
        let Outcome::Reply(reply) = outcome else { panic!("{outcome:?}") };
        let end = reply.windows(8).position(|window| window == [0; 8]).unwrap();
        (serde_json::from_slice(&reply[..end]).unwrap(), reply.slice(end + 8..), reports)
    }
}

fn event(front: FrontKind, method: Method, header: (&str, &str)) -> Vec<u8> {
    let facts = EventFacts {
        target_group_arn: "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/t/1".into(),
        domain: "abc.lambda-url.us-east-1.on.aws".into(),
        stage: "$default".into(),
        client: "203.0.113.7".into(),
        request_id: "id".into(),
        time_ms: 0,
    };
    let request = Request::builder().method(method).uri("/").header("host", "shop.example").header(header.0, header.1);
    front.event(&request.body(Bytes::new()).unwrap(), &facts).unwrap()
}

fn act(act: &str) -> Vec<u8> {
    event(FrontKind::Url, Method::GET, ("x-act", act))
}

/// The value of `x-answer` for this answer.
fn answered(wanted: &Value) -> String {
    answer(wanted)["headers"]["x-answer"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_reply_is_the_prelude_and_the_body_as_it_is() {
    let bench = Bench::new(|config| config.response.compress = true);
    let wanted = json!({"status": 201, "headers": [["content-type", "text/plain"], ["set-cookie", "a=1"]],
        "body_repeat": [120, 5000]});
    for front in [FrontKind::Url, FrontKind::Rest] {
        let event = event(front, Method::GET, ("x-answer", &answered(&wanted)));
        let (prelude, body, reports) = bench.streamed(event).await;
        assert_eq!(prelude["statusCode"], 201);
        // A stream is not compressed, and no length is added.
        assert_eq!(body, "x".repeat(5000));
        assert!(!prelude.to_string().contains("content-encoding") && !prelude.to_string().contains("content-length"));
        assert_eq!(reports, [""; 0]);
    }
}

#[tokio::test]
async fn a_body_that_must_not_be_sent_is_not() {
    let bench = Bench::new(|_| {});
    let wanted = |status: u16| json!({"status": status, "headers": [], "body_repeat": [120, 3]});
    for (method, status) in [(Method::HEAD, 200), (Method::GET, 204), (Method::GET, 304)] {
        let event = event(FrontKind::Url, method, ("x-answer", &answered(&wanted(status))));
        let (prelude, body, _) = bench.streamed(event).await;
        assert_eq!((&prelude["statusCode"], body.len()), (&json!(status), 0));
    }
}

#[tokio::test]
async fn a_failure_in_the_middle_is_reported_once() {
    let bench = Bench::new(|_| {});
    for (act_name, kind) in
        [("trap-after-headers", "Funcserver.Fault.trap"), ("early-drop", "Funcserver.Fault.body-broken")]
    {
        let (outcome, reports) = bench.outcome(act(act_name)).await;
        let Outcome::Error { kind: found, .. } = &outcome else { panic!("{outcome:?}") };
        assert_eq!((found.as_str(), reports.len()), (kind, 1), "{reports:?}");
        assert!(reports[0].ends_with("(after 5 bytes of its answer)"), "{}", reports[0]);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_a_reply_of_the_host_as_a_stream() {
    let bench = Bench::new(|_| {});
    let large = answered(&json!({"headers": [["x-large", "v".repeat(20_000)]]}));
    let (prelude, ..) = bench.streamed(event(FrontKind::Rest, Method::GET, ("x-answer", &large))).await;
    assert_eq!(prelude["multiValueHeaders"]["x-funcserver-error"], json!(["headers-too-large"]));
    assert_eq!(prelude["statusCode"], 502);
    // A function URL has no such limit.
    let (prelude, ..) = bench.streamed(event(FrontKind::Url, Method::GET, ("x-answer", &large))).await;
    assert_eq!(prelude["statusCode"], 200);
    let (prelude, body, reports) = bench.streamed(act("panic:secret text")).await;
    assert_eq!((&prelude["statusCode"], &prelude["headers"]["x-funcserver-error"]), (&json!(500), &json!("trap")));
    assert!(!String::from_utf8_lossy(&body).contains("secret"));
    assert_eq!(reports.len(), 1);
    let mut bad: Value = serde_json::from_slice(&act("state")).unwrap();
    bad["headers"] = json!({"x": 7});
    let (prelude, ..) = bench.streamed(bad.to_string().into_bytes()).await;
    assert_eq!(prelude["statusCode"], 400);
}

#[tokio::test]
async fn an_error_is_an_error_where_that_is_asked_for() {
    let bench = Bench::new(|config| config.limits.fail = Fail::Error);
    let (outcome, _) = bench.outcome(act("trap")).await;
    assert!(matches!(&outcome, Outcome::Error { kind, .. } if kind == "Funcserver.Fault.trap"), "{outcome:?}");
}

#[tokio::test]
async fn a_reply_that_nobody_reads_ends_its_handler() {
    let bench = Bench::new(|_| {});
    let invocation =
        bench.host.invocation(Context { deadline_ms: deadline_in(Duration::from_secs(60)), ..Context::default() });
    let (outcome, after) = bench.host.invoke(act("bulk:1000").into(), &invocation).await;
    let Outcome::Stream(mut reply) = outcome else { panic!("{outcome:?}") };
    assert_eq!(StreamedReply::CONTENT_TYPE, "application/vnd.awslambda.http-integration-response");
    for _ in 0..3 {
        reply.next().await.unwrap().unwrap();
    }
    drop(reply);
    tokio::time::timeout(Duration::from_secs(20), after.finish()).await.expect("the handler has not ended");
}
