//! A handler of `wasi:http` 0.3 that passes on another server's answer, in `serve` and from a zip.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use funcserver_test_guest::WASM_P3;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::http::get;
use crate::server::{Server, mark};
use crate::tool::{Tool, debug_bootstrap};

const PIECES: [&str; 3] = ["first,", "second,", "third."];
const WHOLE: &str = "first,second,third.";
/// The number of requests in each test.
const REQUESTS: usize = 50;
/// The ways in which the test guest passes on an answer: unchanged, and as the stream of its own answer.
const WAYS: [&str; 2] = ["hand-on", "wrap"];

/// A server whose answer arrives in three pieces, 100 ms apart, or breaks off after the first (`/broken`).
fn upstream() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(&stream));
        }
    });
    address
}

fn answer(mut stream: &TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n")?;
    let pieces = if first.contains("/broken") { &PIECES[..1] } else { &PIECES[..] };
    for piece in pieces {
        thread::sleep(Duration::from_millis(100));
        write!(stream, "{:x}\r\n{piece}\r\n", piece.len())?;
    }
    if pieces.len() == PIECES.len() { stream.write_all(b"0\r\n\r\n") } else { Ok(()) }
}

/// A project whose handler may call the server, with these settings of `[guest]`.
fn project(upstream: SocketAddr, guest: &str) -> Tool {
    let tool = Tool::new();
    tool.write("proxy.wasm", WASM_P3);
    tool.write("funcserver.toml", format!("[network]\nallow = [\"http://{upstream}\"]\n[guest]\n{guest}\n"));
    tool
}

/// Sends all requests, with `at_once` at the same time.
fn ask(server: &Server, upstream: SocketAddr, at_once: usize) -> Vec<(u16, String)> {
    let address = server.address;
    let clients: Vec<_> = (0..at_once)
        .map(|client| {
            thread::spawn(move || {
                (0..REQUESTS / at_once)
                    .map(|_| {
                        let act = format!("x-act: {}:http://{upstream}/slow\r\n", WAYS[client % WAYS.len()]);
                        let response = get(address, "/", &act);
                        (response.status, response.body)
                    })
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
}

fn all_are_whole(answers: &[(u16, String)], how: &str) {
    assert_eq!(answers.len(), REQUESTS);
    for (status, body) in answers {
        assert_eq!((*status, body.as_str()), (200, WHOLE), "{how}");
    }
}

fn broken(server: &Server, upstream: SocketAddr, how: &str) {
    for way in WAYS {
        let response = get(server.address, "/", &format!("x-act: {way}:http://{upstream}/broken\r\n"));
        assert_eq!(response.status, 500, "{how} {way}: {}", response.body);
        assert!(response.head.contains("x-funcserver-error: body-broken"), "{how} {way}: {}", response.head);
    }
}

#[test]
fn serve_passes_on_the_whole_answer_also_in_shared_instances() {
    let upstream = upstream();
    for (how, guest) in [("fresh", ""), ("reused", "reuse = 1000000"), ("shared", "reuse = 1000000\nconcurrent = 4")] {
        let tool = project(upstream, guest);
        let server = Server::start(&tool, "proxy.wasm");
        all_are_whole(&ask(&server, upstream, 10), how);
        broken(&server, upstream, how);
    }
}

#[test]
fn the_bootstrap_of_a_zip_passes_on_the_whole_answer() {
    let upstream = upstream();
    for (how, guest) in [("fresh", ""), ("reused", "reuse = 1000000")] {
        let tool = project(upstream, guest);
        tool.run("build proxy.wasm -o handler.cwasm").succeeded();
        pack(&tool);
        fs::create_dir(tool.path("tmp")).unwrap();
        let mut command = tool.command(&format!(
            "serve --listen 127.0.0.1:0 --max-environments 5 --env {} --zip function.zip",
            mark(&tool)
        ));
        command.env("TMPDIR", tool.path("tmp"));
        let server = Server::of(&tool, command);
        all_are_whole(&ask(&server, upstream, 5), how);
        broken(&server, upstream, how);
    }
}

/// Packs the bootstrap, the handler and its settings into `function.zip`, uncompressed.
fn pack(tool: &Tool) {
    let bootstrap = fs::read(debug_bootstrap()).unwrap();
    let mut zip = ZipWriter::new(File::create(tool.path("function.zip")).unwrap());
    let files = [("bootstrap", 0o755, bootstrap)]
        .into_iter()
        .chain(["handler.cwasm", "handler.cwasm.json", "funcserver.toml"].map(|name| (name, 0o644, tool.read(name))));
    for (name, mode, bytes) in files {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).unix_permissions(mode);
        zip.start_file(name, options).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap();
}
