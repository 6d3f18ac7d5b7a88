//! Measures the conversion of an event, compared with `lambda_http` for the same event, and with base64 and copying
//! alone.
//!
//! `lambda_http`'s conversion of a response is private, so the benchmark runs its doc-hidden `Adapter` with a service
//! that returns at once. Both sides begin with the bytes of the event and end with the bytes of the reply.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use funcserver_events::alb::{HeaderMode, ReplyForm, ReplyOptions, encode, event};
use funcserver_events::{Event, EventFacts, Form, FrontKind, FrontLimits, FrontOptions, decode};
use http::{Request, Response};
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body};
use tower::Service;

const MODES: [(HeaderMode, &str); 2] = [(HeaderMode::Single, "single"), (HeaderMode::Multi, "multi")];
const FRONTS: [(&str, FrontKind); 2] = [("alb", FrontKind::Alb(HeaderMode::Single)), ("url", FrontKind::Url)];
const ARN: &str = "arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/shop/0a1b2c3d4e5f6071";
const SIZES: [usize; 4] = [0, 1_000, 30_000, 1_000_000];
const NO_LIMITS: ReplyOptions =
    ReplyOptions { cookie_case_variants: true, limits: FrontLimits { reply: usize::MAX, headers: usize::MAX } };

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    typical(&mut criterion);
    fronts(&mut criterion);
    bodies(&mut criterion);
    criterion.final_summary();
    ratios();
}

/// A page request of a browser, answered with 2 KB of HTML.
fn typical(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("typical");
    for (mode, name) in MODES {
        let event = typical_event(mode, Bytes::new(), "text/html");
        let response = response("text/html; charset=utf-8", html(2_000));
        compare(&mut group, name, &event, &response);
    }
}

/// The same page behind a load balancer and behind a function URL: reading the event, writing the reply, and both.
fn fronts(criterion: &mut Criterion) {
    let request = typical_request("text/html", Bytes::new());
    let response = response("text/html; charset=utf-8", html(2_000));
    for (name, kind) in FRONTS {
        let event = Bytes::from(kind.event(&request, &facts()).expect("an event"));
        let form = Form::of(kind);
        let mut group = criterion.benchmark_group(name);
        group.bench_function(BenchmarkId::new("funcserver", "decode"), |b| {
            b.iter(|| decode(black_box(&event), &FrontOptions::default()).expect("a request"));
        });
        group
            .bench_function(BenchmarkId::new("lambda_http", "decode"), |b| b.iter(|| their_request(black_box(&event))));
        group.bench_function(BenchmarkId::new("funcserver", "encode"), |b| {
            b.iter(|| form.encode(black_box(&response), &FrontOptions::default()).expect("a reply"));
        });
        group.bench_function(BenchmarkId::new("funcserver", "both"), |b| {
            b.iter_batched(
                || response.clone(),
                |response| of_front(black_box(&event), response),
                BatchSize::SmallInput,
            );
        });
        let theirs_of = their_response(&response);
        group.bench_function(BenchmarkId::new("lambda_http", "both"), |b| {
            b.iter_batched(|| theirs_of.clone(), |response| theirs(black_box(&event), response), BatchSize::SmallInput);
        });
    }
}

fn of_front(event: &Bytes, response: Response<Bytes>) -> Vec<u8> {
    let Ok(Event::Http(incoming)) = decode(event, &FrontOptions::default()) else { panic!("no request") };
    let reply = incoming.form.encode(&response, &FrontOptions::default()).expect("a reply");
    black_box(incoming);
    reply.json
}

/// The request that lambda_http makes of an event.
fn their_request(event: &[u8]) -> lambda_http::Request {
    let payload: LambdaRequest = serde_json::from_slice(event).expect("an event");
    payload.into()
}

fn facts() -> EventFacts {
    EventFacts {
        target_group_arn: ARN.into(),
        domain: "0123456789abcdef0123456789abcdef.lambda-url.eu-central-1.on.aws".into(),
        stage: "$default".into(),
        client: "203.0.113.5".into(),
        request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".into(),
        time_ms: 1_700_000_000_000,
    }
}

/// Bodies of increasing size, in both directions.
fn bodies(criterion: &mut Criterion) {
    for (kind, content_type, body) in
        [("binary", "image/png", noise as fn(usize) -> Bytes), ("text", "text/html", html)]
    {
        let mut group = criterion.benchmark_group(kind);
        for size in SIZES {
            let body = body(size);
            let event = typical_event(HeaderMode::Single, body.clone(), content_type);
            let response = response(content_type, body.clone());
            group.throughput(Throughput::Bytes(2 * size as u64));
            compare(&mut group, &size.to_string(), &event, &response);
            let encoded = STANDARD.encode(&body);
            group.bench_function(BenchmarkId::new("alone", size), |b| match kind {
                "binary" => b.iter(|| base64_alone(black_box(&encoded), &body)),
                _ => b.iter(|| copying_alone(black_box(&body))),
            });
        }
    }
}

/// Both contenders get a new response each time, as from a handler. Creating it is not measured.
fn compare(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, event: &Bytes, response: &Response<Bytes>) {
    group.bench_function(BenchmarkId::new("funcserver", name), |b| {
        b.iter_batched(|| response.clone(), |response| ours(black_box(event), response), BatchSize::SmallInput);
    });
    let response = their_response(response);
    group.bench_function(BenchmarkId::new("lambda_http", name), |b| {
        b.iter_batched(|| response.clone(), |response| theirs(black_box(event), response), BatchSize::SmallInput);
    });
}

fn ours(event: &Bytes, response: Response<Bytes>) -> Vec<u8> {
    let Ok(Event::Http(incoming)) = decode(event, &FrontOptions::default()) else { panic!("no request") };
    let Form::Alb(form) = incoming.form else { panic!("not a load balancer's") };
    let reply = encode(&response, form, &NO_LIMITS).expect("a reply");
    black_box(incoming);
    reply.json
}

fn theirs(event: &[u8], response: Response<Body>) -> Vec<u8> {
    let mut response = Some(response);
    let mut adapter = Adapter::from(tower::service_fn(move |request: lambda_http::Request| {
        black_box(request);
        std::future::ready(Ok::<_, Infallible>(response.take().expect("one call")))
    }));
    let payload: LambdaRequest = serde_json::from_slice(event).expect("an event");
    let reply = ready(adapter.call(LambdaEvent::new(payload, Default::default())));
    serde_json::to_vec(&reply.expect("infallible")).expect("JSON")
}

fn their_response(response: &Response<Bytes>) -> Response<Body> {
    let is_text = response.headers()["content-type"].as_bytes().starts_with(b"text/");
    response.clone().map(|body| {
        if is_text { Body::Text(String::from_utf8_lossy(&body).into_owned()) } else { Body::Binary(body.to_vec()) }
    })
}

/// The result of a future that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = task::Context::from_waker(task::Waker::noop());
    loop {
        if let task::Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// The minimum for a binary body: decode it from the document, and encode it into one.
fn base64_alone(encoded: &str, body: &[u8]) -> (Bytes, Vec<u8>) {
    let mut document = Vec::with_capacity(encoded.len() + 1_000);
    document.extend_from_slice(STANDARD.encode(body).as_bytes());
    (STANDARD.decode(encoded).expect("base64").into(), document)
}

/// The minimum for a text body.
fn copying_alone(body: &[u8]) -> (Bytes, Vec<u8>) {
    let mut document = Vec::with_capacity(body.len() + 1_000);
    document.extend_from_slice(body);
    (Bytes::copy_from_slice(body), document)
}

fn typical_event(mode: HeaderMode, body: Bytes, content_type: &str) -> Bytes {
    event(&typical_request(content_type, body), mode, ARN).expect("an event").into()
}

fn typical_request(content_type: &str, body: Bytes) -> Request<Bytes> {
    Request::post("/shop/cart/42?page=2&sort=price%20asc&filter%5Bcolour%5D=red")
        .header("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8")
        .header("accept-encoding", "gzip, deflate, br, zstd")
        .header("accept-language", "en-GB,en;q=0.7,de;q=0.3")
        .header("content-type", content_type)
        .header("content-length", body.len())
        .header("cookie", "session=0123456789abcdef0123456789abcdef; theme=dark; consent=all")
        .header("host", "shop.example")
        .header("referer", "https://shop.example/shop/list?page=1")
        .header("sec-fetch-dest", "document")
        .header("sec-fetch-mode", "navigate")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        .header("x-amzn-trace-id", "Root=1-65a0f3c1-0123456789abcdef01234567")
        .header("x-forwarded-for", "203.0.113.5")
        .header("x-forwarded-port", "443")
        .header("x-forwarded-proto", "https")
        .body(body)
        .expect("a request")
}

fn response(content_type: &str, body: Bytes) -> Response<Bytes> {
    let response = Response::builder()
        .header("content-type", content_type)
        .header("cache-control", "private, max-age=60")
        .header("etag", "\"0123456789abcdef\"")
        .header("vary", "accept-encoding")
        .header("set-cookie", "session=0123456789abcdef0123456789abcdef; Path=/; HttpOnly; Secure; SameSite=Lax")
        .body(body)
        .expect("a response");
    assert!(encode(&response, ReplyForm::default(), &NO_LIMITS).is_ok());
    response
}

/// Markup with a typical number of quotes and line breaks.
fn html(size: usize) -> Bytes {
    let line = "<li class=\"item\"><a href=\"/shop/item/4711\">Ein Becher für Kaffee, weiß, mit Henkel</a></li>\n";
    let mut text = line.repeat(size / line.len() + 1);
    text.truncate((0..=size).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0));
    text.into()
}

/// Bytes without a pattern (from a linear congruential generator).
fn noise(size: usize) -> Bytes {
    let next = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
    std::iter::successors(Some(1), next).take(size).map(|state| state.to_be_bytes()[0]).collect()
}

/// Prints the target ratios and other useful ones. They use the fastest samples, which other activity of the machine
/// has disturbed least.
fn ratios() {
    let Some(home) = std::env::var_os("CRITERION_HOME") else { return };
    let fastest = |id: &str| -> Option<f64> {
        let path = std::path::Path::new(&home).join(id).join("new/sample.json");
        let sample: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let times = sample["times"].as_array()?.iter().filter_map(serde_json::Value::as_f64);
        let iterations = sample["iters"].as_array()?.iter().filter_map(serde_json::Value::as_f64);
        times.zip(iterations).map(|(time, iterations)| time / iterations).reduce(f64::min)
    };
    let ratio = |what: &str, ids: &[String; 2], promised: &str| {
        if let (Some(own), Some(other)) = (fastest(&ids[0]), fastest(&ids[1])) {
            let times = format!("{:.1} µs to {:.1} µs", own / 1000.0, other / 1000.0);
            println!("{what:<58} {:>5.2}  ({times}{promised})", own / other);
        }
    };
    println!();
    for (_, mode) in MODES {
        let id = |who: &str| format!("typical/{who}/{mode}");
        let ids = [id("funcserver"), id("lambda_http")];
        ratio(&format!("typical event, {mode}-value, to lambda_http"), &ids, "; at most 0.50");
    }
    for (name, _) in FRONTS {
        let ids = |step: &str| [format!("{name}/funcserver/{step}"), format!("{name}/lambda_http/{step}")];
        ratio(&format!("{name}: reading an event, to lambda_http"), &ids("decode"), "");
        ratio(&format!("{name}: reading it and writing the reply, to lambda_http"), &ids("both"), "");
    }
    for step in ["decode", "encode", "both"] {
        let ids = [format!("url/funcserver/{step}"), format!("alb/funcserver/{step}")];
        ratio(&format!("a function URL's event to a load balancer's, {step}"), &ids, "");
    }
    for (kind, alone, promised) in [("binary", "base64 and copying", "; at most 2.00"), ("text", "copying", "")] {
        let id = |who: &str| format!("{kind}/{who}/1000000");
        ratio(&format!("1 MB of {kind} both ways, to {alone} alone"), &[id("funcserver"), id("alone")], promised);
        ratio(&format!("1 MB of {kind} both ways, to lambda_http"), &[id("funcserver"), id("lambda_http")], "");
    }
}
