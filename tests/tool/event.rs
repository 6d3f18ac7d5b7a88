//! `funcserver event`.

use serde_json::{Value, json};

use crate::http::get;
use crate::server::Server;
use crate::tool::Tool;
use crate::wasm::MIRROR;

/// Runs `event` with words that may contain spaces.
fn event(tool: &Tool, words: &[&str], stdin: &[u8]) -> crate::tool::Ended {
    let mut command = tool.command("event");
    command.args(words);
    tool.finish(command, stdin)
}

#[test]
fn an_event_has_the_request_and_the_load_balancers_additions() {
    let tool = Tool::new();
    let words =
        ["POST", "/a%20b?z=1&a=%2B", "-H", "Content-Type: text/plain", "-H", "x-two: 1", "-H", "x-two: 2", "-d", "hi"];
    let ended = event(&tool, &words, b"").succeeded();
    let made = ended.json();
    assert_eq!((&made["httpMethod"], &made["path"]), (&json!("POST"), &json!("/a%20b")));
    assert_eq!((&made["body"], &made["isBase64Encoded"]), (&json!("hi"), &json!(false)));
    let headers = &made["headers"];
    assert_eq!((&headers["x-two"], &headers["content-length"]), (&json!("2"), &json!("2")));
    assert_eq!((&headers["host"], &headers["x-forwarded-for"]), (&json!("127.0.0.1:8080"), &json!("127.0.0.1")));
    assert!(headers["x-amzn-trace-id"].as_str().unwrap().starts_with("Root=1-"), "{made}");
    // The JSON is indented, and the query keeps its order.
    assert!(ended.stdout.contains("\n    \"z\": \"1\",\n    \"a\": \"%2B\"\n"), "{}", ended.stdout);

    let multi = event(&tool, &[&words[..], &["--multi-value-headers"]].concat(), b"").succeeded().json();
    assert_eq!(multi["multiValueHeaders"]["x-two"], json!(["1", "2"]));
    assert_eq!(multi.get("headers"), None);
}

#[test]
fn each_front_end_has_its_own_event() {
    let tool = Tool::new();
    let list = event(&tool, &["--list"], b"").succeeded().json();
    assert_eq!(list["sqs"]["Records"][0]["eventSource"], "aws:sqs");
    assert_eq!(list["rest"]["httpMethod"], "GET");
    let made = |words: &str| event(&tool, &words.split(' ').collect::<Vec<_>>(), b"").succeeded().json();
    assert_eq!(made("GET /a%20b?c --front url")["rawPath"], "/a%20b");
    assert_eq!(made("GET /live/a%20b --front http-api --stage live")["rawPath"], "/live/a b");
    assert_eq!(made("GET /a?q=x+y --front http-api-1")["queryStringParameters"]["q"], "x y");
    assert_eq!(made("GET /live/a --front rest --stage live")["path"], "/a");
    assert_eq!(made("GET /a --front lattice")["method"], "GET");
    assert_eq!(made("GET /a --front lattice-1")["raw_path"], "/a");
    for (words, message) in [
        ("GET / --front url --multi-value-headers", "is for a load balancer"),
        ("GET / --front url --stage live", "is for an API"),
        ("GET / --front url --health-check", "a load balancer's"),
        ("GET /x --front rest --stage live", "403"),
    ] {
        let ended = event(&tool, &words.split(' ').collect::<Vec<_>>(), b"");
        assert!(ended.stderr.contains(message), "{words}: {}", ended.stderr);
    }
}

/// The event without the values that differ between requests.
fn settled(mut event: Value) -> Value {
    for name in ["x-amzn-trace-id", "x-forwarded-port"] {
        assert!(event["headers"][name].is_string(), "{event}");
        event["headers"][name] = Value::Null;
    }
    event
}

#[test]
fn serve_creates_the_same_event_for_the_same_request() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    let server = Server::start(&tool, "mirror.wasm --record recorded");
    get(server.address, "/a/../b?c=1&c=2&d", "x-forwarded-for: 10.0.0.1\r\nx-a: 1\r\n");
    let served: Value = serde_json::from_slice(&tool.read("recorded/0001-GET-a-b.event.json")).unwrap();
    let words = [
        "GET",
        "/a/../b?c=1&c=2&d",
        "-H",
        "host: localhost",
        "-H",
        "connection: close",
        "-H",
        "x-forwarded-for: 10.0.0.1",
        "-H",
        "x-a: 1",
    ];
    assert_eq!(settled(event(&tool, &words, b"").succeeded().json()), settled(served));
}

#[test]
fn an_event_goes_into_invoke() {
    let tool = Tool::new();
    let made = tool.run("event GET /products").succeeded().stdout;
    let reply = tool.run_on("invoke -", made.as_bytes()).succeeded().json();
    assert_eq!(reply["statusCode"], 200);
    assert!(reply["body"].as_str().unwrap().contains("Products"), "{reply}");
}

#[test]
fn a_body_comes_from_the_line_a_file_or_stdin_byte_for_byte() {
    let tool = Tool::new();
    tool.write("body", b"a\r\n\xff\n");
    for (data, base64) in [("@body", "YQ0K/wo="), ("@-", "YWJj"), ("a@b", "YUBi"), ("", "")] {
        let made = event(&tool, &["PUT", "/", "-d", data], b"abc").succeeded().json();
        assert_eq!(made["body"], base64, "{data}");
        assert_eq!(made["isBase64Encoded"], !base64.is_empty());
    }
    event(&tool, &["PUT", "/", "-d", "@nothing"], b"").failed(&["nothing", "@- for stdin"]);
}

#[test]
fn a_health_check_has_one_header() {
    let tool = Tool::new();
    let made = tool.run("event GET /health --health-check").succeeded().json();
    assert_eq!(made["headers"], json!({ "user-agent": "ELB-HealthChecker/2.0" }));
    let multi = tool.run("event GET /health --health-check --multi-value-headers").succeeded().json();
    assert_eq!(multi["multiValueHeaders"], json!({ "user-agent": ["ELB-HealthChecker/2.0"] }));
    tool.run("event POST /health --health-check").failed(&["a health check is a GET, not POST"]);
    assert_eq!(tool.run("event GET / --health-check -d x").code, 2);
}

#[test]
fn the_host_of_a_url_is_used() {
    let made = Tool::new().run("event GET http://shop.example:81/a?b=1").succeeded().json();
    assert_eq!((&made["headers"]["host"], &made["path"]), (&json!("shop.example:81"), &json!("/a")));
}

#[test]
fn rejected_requests_are_errors_and_invalid_ones_wrong_usage() {
    let tool = Tool::new();
    tool.run("event TRACE /").failed(&["the front end would reject this request: 405 Method Not Allowed"]);
    tool.run("event GET products").failed(&["expected a path that begins with /"]);
    event(&tool, &["GET", "/", "-H", "upgrade: websocket"], b"").failed(&["400", "WebSocket"]);
    tool.write("large", vec![b'x'; (1 << 20) + 1]);
    tool.run("event POST / -d @large").failed(&["413", "1048576 bytes"]);
    for words in [&["get", "/"][..], &["GET"], &["GET", "/a b"], &["GET", "/", "-H", "no colon"]] {
        let ended = event(&tool, words, b"");
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{words:?}: {}", ended.stderr);
    }
}
