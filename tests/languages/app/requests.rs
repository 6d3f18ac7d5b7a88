//! The table of single requests to every app, and the expected answers.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::json;

use super::deployment::{GREETING, SECRET_KEY};
use super::framework::Framework;
use super::upload::{File, noise, sha256, upload, uploaded};
use crate::check::{
    Check, allows, body, contains, has, html, json as json_at, kind, lacks, no_failure, redirects, status,
};
use crate::requests::{ask, bare, get, header, with_body};

/// A request and the checks of its answer.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) request: Request<Bytes>,
    pub(crate) checks: Vec<Check>,
    /// It needs multi-value headers, because with single values a load balancer sends only a part of it.
    pub(crate) repeats: bool,
}

#[rustfmt::skip] // One line an entry where it fits: it is a table.
pub(crate) fn all(framework: Framework) -> Vec<Row> {
    let not_json = if framework.is_fastapi() { 422 } else { 400 };
    let no_number = if framework.is_fastapi() { 422 } else { 404 };
    // FastAPI answers for the first route of the path alone.
    let allowed: &[&str] = if framework.is_fastapi() { &["GET"] } else { &["GET", "POST"] };
    let not_allowed = if framework.is_hono() { vec![status(404)] } else { vec![status(405), allows(allowed)] };
    let large = "0123456789".repeat(60_000);
    let mut rows = vec![
        row("home", get("/"), html("<h1>Shop</h1>")),
        row("head_of_home", bare(Method::HEAD, "/"), vec![status(200), body("")]),
        row("a_path", get("/hello/you"), plain("Hello, you!")),
        row("a_path_beyond_ascii", get("/hello/Zo%C3%AB"), plain("Hello, Zoë!")),
        row("a_path_with_a_space_and_a_percent_sign", get("/hello/a%20b%25"), plain("Hello, a b%!")),
        row("nothing", get("/nothing"), vec![status(404)]),
        row("nothing_beyond_ascii", get("/%C3%BCber%20uns"), vec![status(404)]),
        row("a_path_that_is_no_utf8", get("/hello/%FF%FE"), vec![no_failure()]),
        row("redirect", get("/redirect"), vec![status(302), redirects("/hello/redirected")]),

        row("json", get("/json"), told(json!({ "name": "Zoë", "price": 1.5, "tags": ["a", "b"], "none": null }))),
        row("json_back", send(Method::POST, "/json", r#"{"a":["ë",null,1.5]}"#), told(json!({ "received": { "a": ["ë", null, 1.5] } }))),
        row("what_is_no_json", send(Method::POST, "/json", "{\"a\":"), vec![status(not_json)]),
        row("method_not_allowed", bare(Method::DELETE, "/json"), not_allowed),
        row("options", bare(Method::OPTIONS, "/json"), vec![no_failure()]),
        repeating("query", get("/query?a=1&a=2&b=x%20y"), told(json!({ "a": ["1", "2"], "b": "x y" }))),
        row("query_without_a_part", get("/query?a=%C3%BC"), told(json!({ "a": ["ü"], "b": "" }))),
        row("headers", header(get("/headers"), "user-agent", "curl/8.5"), told(json!({ "user_agent": "curl/8.5", "host": "shop.example", "scheme": "https" }))),

        row("an_item_without_a_name", send(Method::POST, "/items", r#"{"name":"","price":1}"#), vec![status(422)]),
        row("an_item_without_a_price", send(Method::POST, "/items", r#"{"name":"cup"}"#), vec![status(422)]),
        row("an_item_of_a_negative_price", send(Method::POST, "/items", r#"{"name":"cup","price":-1}"#), vec![status(422)]),
        row("an_item_of_no_price", send(Method::POST, "/items", r#"{"name":"cup","price":"much"}"#), vec![status(422)]),
        row("an_unknown_item", get("/items/7000"), vec![status(404)]),
        row("an_item_of_no_number", get("/items/cup"), vec![status(no_number)]),
        row("delete_an_unknown_item", bare(Method::DELETE, "/items/7000"), vec![status(404)]),

        row("template", get("/template?name=Zo%C3%AB"), html("<p>Hello, Zoë!</p>")),
        row("template_escapes", get("/template?name=%3Cb%3E"), html("<p>Hello, &lt;b&gt;!</p>")),
        row("static_file", get("/static/style.css"), vec![status(200), kind("text/css"), contains("font-family"), has("etag"), has("last-modified")]),
        row("head_of_a_static_file", bare(Method::HEAD, "/static/style.css"), vec![status(200), kind("text/css"), body("")]),
        row("no_static_file", get("/static/nothing.css"), vec![status(404)]),
        row("a_static_file_outside", get("/static/../main.py"), vec![status(404)]),
        row("a_static_file_outside_encoded", get("/static/%2e%2e/main.py"), vec![status(404)]),
        row("download", get("/download"), vec![status(200), kind("text/csv"), body("id,name\n1,cup\n"), has("content-disposition")]),

        row("upload_nothing", upload("", &[]), told(uploaded("", &[]))),
        row("variable", get("/variable"), told(json!({ "greeting": GREETING, "now": GREETING }))),
        row("secret", get("/secret"), told(json!({ "sha256": sha256(SECRET_KEY.as_bytes()) }))),
        row("stream", get("/stream"), plain("line 0\nline 1\nline 2\nline 3\nline 4\n")),
        row("abort", get("/abort"), vec![status(418)]),
        row("sleep", get("/slow?ms=50"), told(json!({ "slept": 50 }))),
        row("zone", get("/time"), told(json!({ "zone": "Europe/Stockholm", "offset": 120 }))),

        row("large_answer", get("/large"), plain(&large)),
        row("large_body", with_body(ask(Method::POST, "/large").header("content-type", "text/plain"), large.clone()),
            told(json!({ "size": large.len(), "sha256": sha256(large.as_bytes()) }))),
        row("empty_body", with_body(ask(Method::POST, "/large").header("content-type", "text/plain"), ""),
            told(json!({ "size": 0, "sha256": sha256(b"") }))),
        row("echo_text", echo("text/csv", "1,ë\n"), vec![status(200), kind("text/csv"), body("1,ë\n")]),
        row("echo_every_byte", echo("image/png", noise(600_000)), vec![status(200), kind("image/png"), body(noise(600_000))]),
    ];
    rows.extend(uploads());
    if framework.is_hono() {
        rows.extend([
            row("nobody", get("/me"), vec![status(401)]),
            row("events", get("/events"), vec![status(200), kind("text/event-stream"), body(events())]),
        ]);
    }
    if framework.is_fastapi() {
        rows.extend([
            row("openapi", get("/openapi.json"), vec![status(200), contains("\"/items\"")]),
            row("docs", get("/docs"), vec![status(200), kind("text/html")]),
            row("a_dependency", header(get("/depends"), "x-token", "secret"), told(json!({ "user": "admin" }))),
            row("a_dependency_that_refuses", get("/depends"), vec![status(401)]),
        ]);
    }
    rows
}

fn events() -> String {
    (0..3).map(|number| format!("event: tick\ndata: tick {number}\nid: {number}\n\n")).collect()
}

fn uploads() -> Vec<Row> {
    let of = |name, note, files: Vec<File>| row(name, upload(note, &files), told(uploaded(note, &files)));
    vec![
        of("upload_an_empty_file", "ë", vec![File::new("empty.bin", Vec::new())]),
        of("upload_one_byte", "one", vec![File::new("one.bin", vec![0])]),
        of("upload_300_000_bytes", "many", vec![File::new("large.bin", noise(300_000))]),
        of("upload_lines", "breaks", vec![File::new("lines.txt", b"\r\n--\r\n\r\n".to_vec())]),
        of(
            "upload_several",
            "all",
            vec![File::new("a.bin", noise(1)), File::new("b.bin", Vec::new()), File::new("c.bin", noise(70_000))],
        ),
    ]
}

fn row(name: &'static str, request: Request<Bytes>, checks: Vec<Check>) -> Row {
    Row { name, request, checks, repeats: false }
}

fn repeating(name: &'static str, request: Request<Bytes>, checks: Vec<Check>) -> Row {
    Row { repeats: true, ..row(name, request, checks) }
}

pub(crate) fn send(method: Method, target: &str, json: &str) -> Request<Bytes> {
    with_body(ask(method, target).header("content-type", "application/json"), json.to_owned())
}

fn echo(content_type: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    with_body(ask(Method::POST, "/echo").header("content-type", content_type), body)
}

fn plain(text: &str) -> Vec<Check> {
    vec![status(200), kind("text/plain"), body(text.to_owned()), lacks("x-funcserver-error")]
}

pub(crate) fn told(value: serde_json::Value) -> Vec<Check> {
    vec![status(200), kind("application/json"), json_at("", value)]
}
