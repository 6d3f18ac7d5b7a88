//! Odd requests pass through `funcserver serve` unchanged: the handler sees them byte for byte.
//!
//! Each request is sent over a raw socket and by curl, in both header modes. The normal form
//! (`funcserver_events::alb::normal_form`) covers the parts that a load balancer cannot keep.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use funcserver_events::alb::{HeaderMode, normal_form};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use serde_json::Value;

use crate::server::Server;
use crate::tool::Tool;
use crate::wasm::MIRROR;

/// A request: its target as it is written to the socket, and its headers besides `host`.
struct Case {
    name: &'static str,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
}

#[test]
fn over_a_socket_in_single_value_mode() {
    compare(HeaderMode::Single, raw, &cases());
}

#[test]
fn over_a_socket_in_multi_value_mode() {
    compare(HeaderMode::Multi, raw, &cases());
}

#[test]
fn by_curl_in_single_value_mode() {
    compare(HeaderMode::Single, curl, &cases_for_curl());
}

#[test]
fn by_curl_in_multi_value_mode() {
    compare(HeaderMode::Multi, curl, &cases_for_curl());
}

/// Sends all cases, and reports all differences.
fn compare(mode: HeaderMode, send: fn(SocketAddr, &Case) -> Result<Value, String>, cases: &[Case]) {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    let flag = if mode == HeaderMode::Multi { "--multi-value-headers" } else { "" };
    let server = Server::start(&tool, &format!("mirror.wasm {flag}"));
    let problems = cases.iter().flat_map(|case| {
        let problems = match send(server.address, case) {
            Ok(seen) => differences(case, mode, server.address, &seen),
            Err(problem) => vec![problem],
        };
        problems.into_iter().map(move |problem| format!("{}: {problem}\n", case.name))
    });
    let problems: String = problems.collect();
    assert!(problems.is_empty(), "{problems}");
}

/// The cases for curl. It encodes a path that is not ASCII, so those cases are left out.
fn cases_for_curl() -> Vec<Case> {
    let path = |case: &Case| case.target.split(|byte| *byte == b'?').next().unwrap_or_default().is_ascii();
    cases().into_iter().filter(path).collect()
}

fn cases() -> Vec<Case> {
    let target = |name, target: &[u8]| Case { name, target: target.to_vec(), headers: Vec::new() };
    let long = format!("/long?{}", (0..1_500).map(|n| format!("key{n:04}=v")).collect::<Vec<_>>().join("&"));
    assert!(long.len() > 15_000);
    let headers = |sizes: usize, count: usize| {
        (0..count).map(|n| (format!("x-load-{n:03}"), vec![b'a' + u8::try_from(n % 26).unwrap(); sizes])).collect()
    };
    vec![
        target("dot segments", b"/a/../b"),
        target("two slashes", b"//x"),
        target("all of it", b"/%2F?a=b+c&a=%20&flag&x[]=1"),
        target("UTF-8", "/straße/日本?name=ünïcödé&x=✓".as_bytes()),
        target("UTF-8 in the query", "/?name=ünïcödé&x=✓".as_bytes()),
        target("what browsers leave raw", b"/a|b/{c}^d\\e?x={y}|z"),
        target("a stray percent sign", b"/100%/%zz?rate=5%"),
        target("encoded delimiters", b"/a%3Fb%23c?x=%26%3D%23&y=%2B"),
        target("repeats between others", b"/?a=1&b=2&a=3&b=4"),
        target("empty keys and values", b"/?=1&a=&&b"),
        target("a question mark in the query", b"/?a=b?c"),
        target("15 K of query", long.as_bytes()),
        Case { name: "60 K of headers", target: b"/".to_vec(), headers: headers(1_000, 60) },
        Case { name: "500 headers", target: b"/".to_vec(), headers: headers(20, 500) },
        Case {
            name: "repeated, empty and UTF-8 headers",
            target: b"/".to_vec(),
            headers: [("x-tag", "one"), ("x-tag", "two, three"), ("x-empty", ""), ("x-name", "Ünï ✓")]
                .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
                .to_vec(),
        },
    ]
}

/// The differences between the request and the handler's view of it.
fn differences(case: &Case, mode: HeaderMode, address: SocketAddr, seen: &Value) -> Vec<String> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = Uri::from_maybe_shared(case.target.clone()).expect("a target that a URI can hold");
    request.headers_mut().insert(http::header::HOST, HeaderValue::from_maybe_shared(address.to_string()).unwrap());
    request.headers_mut().insert("x-forwarded-proto", HeaderValue::from_static("http"));
    for (name, value) in &case.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request.headers_mut().append(name, HeaderValue::from_bytes(value).unwrap());
    }
    let normal = normal_form(mode, request);

    let mut problems = Vec::new();
    let target = normal.uri().path_and_query().map_or("", |target| target.as_str());
    let got = seen["path_with_query"].as_str().unwrap_or_default();
    if got != target {
        problems.push(format!("target: expected {}, got {}", short(target), short(got)));
    }
    let got = headers_of(seen);
    for name in normal.headers().keys() {
        let values = |headers: &HeaderMap| headers.get_all(name).iter().cloned().collect::<Vec<_>>();
        let (expected, got) = (values(normal.headers()), values(&got));
        if expected != got {
            problems.push(format!(
                "header {name}: expected {}, got {}",
                short(&format!("{expected:?}")),
                short(&format!("{got:?}"))
            ));
        }
    }
    problems
}

fn headers_of(seen: &Value) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for pair in seen["headers"].as_array().into_iter().flatten() {
        let name = HeaderName::from_bytes(pair[0].as_str().unwrap().as_bytes()).unwrap();
        let value = BASE64_STANDARD.decode(pair[1].as_str().unwrap()).unwrap();
        headers.append(name, HeaderValue::from_bytes(&value).unwrap());
    }
    headers
}

fn short(text: &str) -> String {
    if text.len() <= 120 {
        text.to_owned()
    } else {
        format!("{}… ({} bytes)", text.chars().take(100).collect::<String>(), text.len())
    }
}

/// Writes the request unchanged.
fn raw(address: SocketAddr, case: &Case) -> Result<Value, String> {
    let mut stream = TcpStream::connect(address).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(|error| error.to_string())?;
    let mut request =
        [b"GET ", case.target.as_slice(), b" HTTP/1.1\r\nhost: ", address.to_string().as_bytes(), b"\r\n"].concat();
    for (name, value) in &case.headers {
        request.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    request.extend(b"connection: close\r\n\r\n");
    stream.write_all(&request).map_err(|error| error.to_string())?;
    let mut response = Vec::new();
    stream.read_to_end(&mut response).map_err(|error| error.to_string())?;
    let end = response.windows(4).position(|window| window == b"\r\n\r\n").ok_or("no response")?;
    if !response.starts_with(b"HTTP/1.1 200 ") {
        return Err(String::from_utf8_lossy(&response[..end]).lines().next().unwrap_or_default().to_owned());
    }
    serde_json::from_slice(&response[end + 4..]).map_err(|error| error.to_string())
}

/// Sends the request with curl, which is told not to change the target. Its many headers are in a file.
fn curl(address: SocketAddr, case: &Case) -> Result<Value, String> {
    let folder = tempfile::tempdir().unwrap();
    let headers = folder.path().join("headers");
    // An empty header is written with a semicolon.
    let lines = case.headers.iter().map(|(name, value)| match value.as_slice() {
        [] => format!("{name};\n").into_bytes(),
        value => [name.as_bytes(), b": ", value, b"\n"].concat(),
    });
    std::fs::write(&headers, lines.collect::<Vec<_>>().concat()).unwrap();
    let url = format!("http://{address}{}", String::from_utf8(case.target.clone()).unwrap());
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--fail", "--globoff", "--path-as-is", "--max-time", "20", "-H"])
        .arg(format!("@{}", headers.display()))
        .arg(url)
        .output()
        .map_err(|error| format!("curl: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}
