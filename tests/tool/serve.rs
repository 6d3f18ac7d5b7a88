//! `funcserver serve`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::http::{get, post};
use crate::server::Server;
use crate::tool::Tool;
use crate::wasm::MIRROR;

fn mirror() -> (Tool, Server) {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    let server = Server::start(&tool, "mirror.wasm");
    (tool, server)
}

#[test]
fn without_a_component_the_example_is_served_with_a_notice() {
    let tool = Tool::new();
    let server = Server::start(&tool, "");
    server.log_line("using the built-in example");
    for (target, text) in [("/", "Home"), ("/products", "Products"), ("/articles", "Articles")] {
        let page = get(server.address, target, "");
        assert_eq!(page.status, 200, "{}", page.head);
        assert!(page.body.contains(text), "{}", page.body);
    }
    assert_eq!(get(server.address, "/nowhere", "").status, 404);
}

#[test]
fn each_request_is_one_line_on_stderr_and_stdout_has_the_address_only() {
    let (_tool, server) = mirror();
    for number in 0..3 {
        assert_eq!(get(server.address, &format!("/page?n={number}"), "").status, 200);
    }
    for number in 0..3 {
        let line = server.log_line(&format!("GET /page?n={number} 200 "));
        for time in ["decode ", " ms guest ", " ms encode "] {
            assert!(line.contains(time), "{line}");
        }
    }
    assert_eq!(server.log().matches("GET /page").count(), 3, "{}", server.log());
    let (status, rest) = server.end("INT");
    assert_eq!((status.code(), rest.as_str()), (Some(0), ""));
}

#[test]
fn signals_end_it_gracefully() {
    for signal in ["INT", "TERM"] {
        let tool = Tool::new();
        let (status, _) = Server::start(&tool, "").end(signal);
        assert_eq!(status.code(), Some(0), "{signal}");
    }
}

#[test]
fn a_signal_does_not_wait_for_a_guest_that_never_ends() {
    let (_tool, server) = mirror();
    let address = server.address;
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nx-act: spin\r\n\r\n").unwrap();
        // The read returns nothing or an error, because the connection is closed.
        let _ = stream.read(&mut [0; 1024]);
    });
    thread::sleep(Duration::from_millis(200));
    let begin = Instant::now();
    let (status, _) = server.end("TERM");
    assert_eq!(status.code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    client.join().unwrap();
}

#[test]
fn requests_at_once_do_not_wait_for_each_other() {
    let (_tool, server) = mirror();
    let address = server.address;
    let begin = Instant::now();
    let clients: Vec<_> =
        (0..16).map(|_| thread::spawn(move || get(address, "/", "x-act: sleep:2000\r\n").status)).collect();
    for client in clients {
        assert_eq!(client.join().unwrap(), 200);
    }
    assert!(
        begin.elapsed() < Duration::from_secs(16),
        "one after the other takes 32 s, this took {:?}",
        begin.elapsed()
    );
}

#[test]
fn the_header_mode_is_an_option() {
    let target = "/headers?a=1&a=2";
    for (arguments, expected) in [("", "/headers?a=2"), ("--multi-value-headers", target)] {
        let tool = Tool::new();
        let server = Server::start(&tool, arguments);
        let seen: Value = serde_json::from_str(&get(server.address, target, "").body).unwrap();
        let path =
            seen.as_object().unwrap().values().find_map(|value| value.as_str().filter(|text| text.starts_with('/')));
        assert_eq!(path, Some(expected), "{seen}");
    }
}

#[test]
fn a_fault_of_the_guest_is_a_500_with_its_reason_on_stderr_and_the_next_request_is_served() {
    let (_tool, server) = mirror();
    let answer = get(server.address, "/", "x-act: panic:the kettle is empty\r\n");
    assert_eq!(answer.status, 500, "{}", answer.head);
    server.log_line("the kettle is empty");
    server.log_line("GET / 500 ");
    assert_eq!(get(server.address, "/", "").status, 200);
}

#[test]
fn the_timeout_of_the_function_applies() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    let server = Server::start(&tool, "mirror.wasm --timeout 1");
    assert_eq!(get(server.address, "/", "x-act: sleep:20000\r\n").status, 504);
}

#[test]
fn rejected_requests_have_their_code_on_stderr() {
    let (_tool, server) = mirror();
    assert_eq!(post(server.address, "/", &[b'x'; (1 << 20) + 1]).status, 413);
    server.log_line("LambdaRequestTooLarge");
}

#[test]
fn an_address_in_use_is_reported_at_once() {
    let tool = Tool::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let remedy = "--listen 127.0.0.1:0";
    tool.run(&format!("serve --listen {address}")).failed(&[&address.to_string(), "in use", remedy]);
}

#[test]
fn a_compiled_component_is_served_too() {
    let tool = Tool::new();
    crate::elf::compile(&tool, "mirror.cwasm", "");
    let server = Server::start(&tool, "mirror.cwasm");
    assert_eq!(get(server.address, "/", "").status, 200);
    assert!(!server.log().contains("warning"), "{}", server.log());
}

/// The status of a request with this host.
fn status(server: &Server, host: &str) -> u16 {
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn on_a_loopback_address_only_its_own_names_are_answered() {
    let (tool, server) = mirror();
    for (host, expected) in [
        ("localhost:8080", 200),
        ("shop.localhost", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:80", 421),
    ] {
        assert_eq!(status(&server, host), expected, "{host}");
    }
    server.log_line("--allow-host evil.example");
    let server = Server::start(&tool, "mirror.wasm --allow-host shop.example");
    assert_eq!((status(&server, "shop.example"), status(&server, "evil.example")), (200, 421));
    let server = Server::start(&tool, "mirror.wasm --allow-host *");
    assert_eq!(status(&server, "evil.example"), 200);
}

const STREAMING: &str = "[response]\nstream = true\n";

#[test]
fn a_function_url_that_streams_gets_each_piece_when_it_is_written() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.write("funcserver.toml", STREAMING);
    let server = Server::start(&tool, "mirror.wasm --front url --stream");
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = b"GET /s HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-act: pieces:3:400\r\n\r\n";
    stream.write_all(request).unwrap();
    let (mut response, mut times, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        response.extend_from_slice(&buffer[..count]);
        times.push(Instant::now());
    }
    let response = String::from_utf8(response).unwrap();
    assert!(response.starts_with("HTTP/1.1 200") && response.ends_with("0\r\n\r\n"), "{response}");
    assert!(times[times.len() - 1] - times[0] > Duration::from_millis(500), "{response}");
    server.log_line("GET /s 200 in ");

    stream = TcpStream::connect(server.address).unwrap();
    stream.write_all(b"GET /t HTTP/1.1\r\nhost: localhost\r\nx-act: trap-after-headers\r\n\r\n").unwrap();
    let mut response = String::new();
    let _ = stream.read_to_string(&mut response);
    assert!(response.contains("begun") && !response.ends_with("0\r\n\r\n"), "{response}");
    server.log_line("the reply broke off after 5 bytes");
    server.log_line("ERROR\tcrashed");
}

#[test]
fn a_function_that_does_not_fit_its_front_end_is_not_served() {
    let tool = Tool::new();
    tool.write("mirror.wasm", MIRROR);
    tool.run("serve mirror.wasm --listen 0 --front url --stream").failed(&["set response.stream = true"]);
    tool.run("serve mirror.wasm --listen 0 --stream").failed(&["add --front url or --front rest"]);
    tool.write("funcserver.toml", STREAMING);
    for front in ["url", "rest"] {
        tool.run(&format!("serve mirror.wasm --listen 0 --front {front}")).failed(&["add --stream"]);
    }
}
