//! The table of requests to every router, and the expected answers.

use bytes::Bytes;
use funcserver_events::alb::{self, HeaderMode};
use funcserver_local::Function;
use http::request::Builder;
use http::{HeaderName, HeaderValue, Method, Request};
use serde_json::{Value, json};

use crate::app::upload::{File, noise, upload};
use crate::check::{Check, allow, body, content_type, json as json_at, lacks, no_failure, page, seen, status};
use crate::language::Language;
use crate::router::REQUEST_ID;

/// A request and the checks of its answer.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The events of the request, one for each header mode.
    pub(crate) events: Vec<(HeaderMode, Vec<u8>)>,
    /// Whether it is HEAD.
    pub(crate) head: bool,
    pub(crate) checks: Vec<Check>,
}

/// A target group.
pub(crate) const TARGET_GROUP: &str =
    "arn:aws:elasticloadbalancing:eu-north-1:111122223333:targetgroup/shop/73e2d6bc24d8a067";

#[rustfmt::skip] // One line an entry where it fits: it is a table.
pub(crate) fn all(language: Language) -> Vec<Case> {
    let joined = language.joins_headers;
    let form = upload("Zoë", &[File::new("none.bin", vec![]), File::new("a.bin", bytes(256)), File::new("b.bin", noise(50_000))]);
    vec![
        case("home", get("/"), page("Home")),
        case("products", get("/products"), page("Products")),
        case("articles", get("/articles"), page("Articles")),
        case("a_query_changes_no_route", get("/products?page=2&q=a%20b&q=&%C3%BC"), page("Products")),
        case("a_long_query", get(&format!("/products?q={}", "x".repeat(8000))), page("Products")),
        case("a_body_with_get_is_passed_over", with_body(ask(Method::GET, "/products"), "unexpected"), page("Products")),
        event("health_check", health_check(), page("Home")),

        case("headers_tell_the_request", get("/headers?b=%20+&a=%C3%BC%2F&c="), told(vec![
            json_at("/method", "GET"),
            json_at("/path_with_query", "/headers?b=%20+&a=%C3%BC%2F&c="),
            json_at("/scheme", "https"),
            json_at("/authority", "shop.example"),
        ])),
        case("headers_tell_every_header", header(get("/headers"), "X-Mixed-Case", "yes"), told(vec![
            json_at("/headers/x-mixed-case", json!(["yes"])),
            json_at("/headers/host", json!(["shop.example"])),
        ])),
        case("headers_tell_the_context", get("/headers"), told(vec![
            json_at("/lambda_context/request_id", REQUEST_ID),
            json_at("/lambda_context/invoked_function_arn", Function::default().arn()),
        ])),
        case("a_client_cannot_forge_the_context", header(get("/headers"), "x-amzn-lambda-context", "{\"request_id\":\"forged\"}"),
            told(vec![json_at("/lambda_context/request_id", REQUEST_ID)])),
        multi("repeated_headers_keep_their_order", header(header(header(get("/headers"), "x-tag", "one"), "x-other", "-"), "x-tag", "two"),
            told(vec![seen("x-tag", &["one", "two"], ",", joined)])),
        case("a_header_that_is_no_ascii", header(get("/headers"), "x-name", "Zoë, 東京"), told(vec![json_at("/headers/x-name", json!(["Zoë, 東京"]))])),
        case("a_header_that_is_a_list", header(get("/headers"), "x-list", "a, b;q=0.5,c"), told(vec![json_at("/headers/x-list", json!(["a, b;q=0.5,c"]))])),
        case("an_empty_header", header(get("/headers"), "x-empty", ""), told(vec![json_at("/headers/x-empty", json!([""]))])),
        case("cookies", header(get("/headers"), "cookie", "session=a1%3D; theme=\"dark\"; empty="),
            told(vec![json_at("/headers/cookie", json!(["session=a1%3D; theme=\"dark\"; empty="]))])),
        // HTTP/2 lets a client send each of its cookies in a header of its own (RFC 9113, 8.2.3).
        multi("cookies_one_by_one", header(header(get("/headers"), "cookie", "a=1"), "cookie", "b=2"),
            told(vec![seen("cookie", &["a=1", "b=2"], ";", true)])),
        case("a_query_of_any_bytes", get("/headers?q=%00%0A%FF&plus=+&c="), told(vec![json_at("/path_with_query", "/headers?q=%00%0A%FF&plus=+&c=")])),
        // With single values, the load balancer keeps only the last.
        multi("a_repeated_parameter", get("/headers?a=1&a=2"), told(vec![json_at("/path_with_query", "/headers?a=1&a=2")])),
        case("a_long_header", header(get("/headers"), "x-long", &"x".repeat(16_000)),
            told(vec![json_at("/headers/x-long", json!(["x".repeat(16_000)]))])),
        case("many_headers", (0..100).fold(get("/headers"), |request, index| header(request, &format!("x-{index}"), "1")),
            told(vec![json_at("/headers/x-99", json!(["1"]))])),

        case("echo_text", echo("text/plain; charset=utf-8", "Zoë said: hello\n"), echoed("text/plain; charset=utf-8", "Zoë said: hello\n")),
        case("echo_every_byte", echo("image/png", bytes(256)), echoed("image/png", bytes(256))),
        case("echo_an_empty_body", echo("text/plain", ""), echoed("text/plain", "")),
        case("echo_one_byte", echo("application/octet-stream", vec![0]), echoed("application/octet-stream", vec![0])),
        case("echo_without_pattern", echo("application/octet-stream", noise(300_000)), echoed("application/octet-stream", noise(300_000))),
        case("echo_a_form_with_files", posted(&form), vec![status(200), body(form.body().clone())]),
        case("echo_a_large_one_without_pattern", echo("application/octet-stream", noise(600_000)), echoed("application/octet-stream", noise(600_000))),
        case("echo_without_a_length", ask(Method::POST, "/echo").header("content-type", "text/csv").body("1,2\n".into()).unwrap(),
            echoed("text/csv", "1,2\n")),
        case("echo_a_large_text", echo("text/plain", "0123456789".repeat(90_000)), echoed("text/plain", "0123456789".repeat(90_000))),
        case("echo_a_large_binary", echo("application/zip", bytes(700_000)), echoed("application/zip", bytes(700_000))),
        case("echo_without_a_type", with_body(ask(Method::POST, "/echo"), bytes(9)), echoed("application/octet-stream", bytes(9))),
        case("echo_with_a_query", with_body(ask(Method::POST, "/echo?a=b").header("content-type", "text/csv"), "1,2\n"), echoed("text/csv", "1,2\n")),

        case("head_of_a_page", bare(Method::HEAD, "/"), vec![status(200), content_type("text/html; charset=utf-8"), body("")]),
        case("head_of_the_headers", bare(Method::HEAD, "/headers"), vec![status(200), content_type("application/json"), body("")]),
        case("head_of_nothing", bare(Method::HEAD, "/nothing"), vec![status(404), body("")]),
        case("head_of_echo", bare(Method::HEAD, "/echo"), vec![status(405), body("")]),

        case("head_with_a_query", bare(Method::HEAD, "/products?page=2"), vec![status(200), content_type("text/html; charset=utf-8"), body("")]),

        case("delete_a_page", bare(Method::DELETE, "/"), not_allowed(&["GET", "HEAD"])),
        case("post_to_a_page", with_body(ask(Method::POST, "/products"), "x"), not_allowed(&["GET", "HEAD"])),
        case("put_to_the_headers", with_body(ask(Method::PUT, "/headers"), "x"), not_allowed(&["GET", "HEAD"])),
        case("patch_the_articles", with_body(ask(Method::PATCH, "/articles"), "x"), not_allowed(&["GET", "HEAD"])),
        case("get_echo", get("/echo"), not_allowed(&["POST"])),
        case("a_method_that_nobody_knows", bare(Method::from_bytes(b"PURGE").unwrap(), "/"), vec![no_failure()]),
        case("another_unknown_method_with_a_body", with_body(ask(Method::from_bytes(b"X-PING").unwrap(), "/echo"), "x"), vec![no_failure()]),
        case("options", bare(Method::OPTIONS, "/products"), vec![no_failure()]),

        case("nothing", get("/nothing"), vec![status(404)]),
        case("a_slash_too_many", get("/products/"), vec![status(404)]),
        case("another_letter_case", get("/Products"), vec![status(404)]),
        case("below_a_page", get("/products/7"), vec![status(404)]),
        case("nothing_with_a_body", with_body(ask(Method::POST, "/nothing"), "x".repeat(10_000)), vec![status(404)]),
        case("a_path_beyond_ascii", get("/%C3%BCber%20uns"), vec![status(404)]),

        case("a_path_that_is_no_utf8", get("/%FF%FE"), vec![no_failure()]),
        case("a_percent_sign_alone", get("/100%"), vec![no_failure()]),
        case("dots_and_slashes", get("/a/../..//products//"), vec![no_failure()]),
        case("an_encoded_slash", get("/products%2F7"), vec![no_failure()]),
        case("a_letter_that_is_encoded", get("/%70roducts"), vec![no_failure()]),
        case("a_nul_in_the_path", get("/products%00"), vec![no_failure()]),
        case("a_line_end_in_the_path", get("/products%0D%0Ax-forged:%20yes"), vec![no_failure(), lacks("x-forged")]),
        case("a_parameter_in_the_path", get("/products;v=1"), vec![status(404)]),
        case("a_long_path", get(&format!("/{}", "x".repeat(8000))), vec![status(404)]),
        case("characters_that_urls_should_not_have", get("/headers?a={b}|c^d`e"), vec![no_failure()]),
    ]
}

/// A client's request in both header modes.
fn case(name: &'static str, request: Request<Bytes>, checks: Vec<Check>) -> Case {
    of_client(name, &request, &[HeaderMode::Single, HeaderMode::Multi], checks)
}

/// A request that needs multi-value headers, because single-value ones lose a part of it.
fn multi(name: &'static str, request: Request<Bytes>, checks: Vec<Check>) -> Case {
    of_client(name, &request, &[HeaderMode::Multi], checks)
}

fn of_client(name: &'static str, request: &Request<Bytes>, modes: &[HeaderMode], checks: Vec<Check>) -> Case {
    let event = |mode| (mode, alb::event(request, mode, TARGET_GROUP).unwrap());
    Case { name, events: modes.iter().copied().map(event).collect(), head: request.method() == Method::HEAD, checks }
}

/// A request that the load balancer itself sends.
fn event(name: &'static str, event: Value, checks: Vec<Check>) -> Case {
    Case { name, events: vec![(HeaderMode::Single, event.to_string().into_bytes())], head: false, checks }
}

pub(crate) fn ask(method: Method, target: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(target)
        .header("host", "shop.example")
        .header("x-forwarded-for", "203.0.113.9")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-port", "443")
}

pub(crate) fn bare(method: Method, target: &str) -> Request<Bytes> {
    ask(method, target).body(Bytes::new()).unwrap()
}

pub(crate) fn get(target: &str) -> Request<Bytes> {
    bare(Method::GET, target)
}

pub(crate) fn with_body(builder: Builder, body: impl Into<Bytes>) -> Request<Bytes> {
    let body = body.into();
    builder.header("content-length", body.len()).body(body).unwrap()
}

pub(crate) fn header(mut request: Request<Bytes>, name: &str, value: &str) -> Request<Bytes> {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    request
}

fn echo(content_type: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    with_body(ask(Method::POST, "/echo").header("content-type", content_type), body)
}

/// A form, sent to `/echo`.
fn posted(form: &Request<Bytes>) -> Request<Bytes> {
    let mut request = form.clone();
    *request.uri_mut() = "/echo".parse().unwrap();
    request
}

fn echoed(kind: &'static str, bytes: impl Into<Bytes>) -> Vec<Check> {
    vec![status(200), content_type(kind), body(bytes)]
}

fn told(mut facts: Vec<Check>) -> Vec<Check> {
    facts.splice(
        0..0,
        [status(200), content_type("application/json"), json_at("/lambda_context/request_id", REQUEST_ID)],
    );
    facts
}

fn not_allowed(methods: &[&'static str]) -> Vec<Check> {
    vec![status(405), allow(methods)]
}

/// `count` bytes, which include all byte values.
fn bytes(count: usize) -> Vec<u8> {
    (0..=u8::MAX).cycle().take(count).collect()
}

/// A health check of a load balancer: it has no host and no client.
fn health_check() -> Value {
    json!({
        "requestContext": { "elb": { "targetGroupArn": TARGET_GROUP } },
        "httpMethod": "GET",
        "path": "/",
        "queryStringParameters": {},
        "headers": { "user-agent": "ELB-HealthChecker/2.0" },
        "body": "",
        "isBase64Encoded": false
    })
}
