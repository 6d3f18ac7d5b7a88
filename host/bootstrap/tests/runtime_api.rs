//! A Runtime API that misbehaves: each case is survived, or ends the process with words, and never in a hot loop.
#![allow(clippy::unwrap_used, missing_docs)]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use common::act;

/// What the Runtime API does with one request.
#[derive(Clone)]
enum Reply {
    /// Answers with these bytes.
    Raw(String),
    /// Closes the connection.
    Close,
    /// Never answers.
    Silence,
}

/// Serves on loopback until the process ends. `script` gets each request's method and path, and its body.
fn serve(script: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (script, sender) = (script.clone(), sender.clone());
            std::thread::spawn(move || connection(&stream, &*script, &sender));
        }
    });
    (address, receiver)
}

fn connection(
    stream: &TcpStream,
    script: &(dyn Fn(&str, &[u8]) -> Reply + Send + Sync),
    seen: &Sender<(String, Vec<u8>)>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (line, body) = request(&mut reader)?;
        let reply = script(&line, &body);
        let _ = seen.send((line, body));
        match reply {
            Reply::Raw(bytes) => (&*stream).write_all(bytes.as_bytes()).ok()?,
            Reply::Close => return None,
            Reply::Silence => std::thread::sleep(Duration::from_secs(60)),
        }
    }
}

fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let words: Vec<_> = first.split(' ').take(2).collect();
    Some((words.join(" "), body))
}

fn http(status: &str, headers: &str, body: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

/// An event with all its headers.
fn event(id: usize, act_name: &str) -> Reply {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(3);
    let headers = format!(
        "lambda-runtime-aws-request-id: id-{id}\r\nlambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-north-1:111122223333:function:shop\r\n",
        now.as_millis()
    );
    http("200 OK", &headers, &act(act_name).to_string())
}

fn accepted() -> Reply {
    http("202 Accepted", "", "")
}

/// A bootstrap with the test guest; ended when it goes out of sight.
struct Bootstrap {
    child: Option<Child>,
    _folder: tempfile::TempDir,
}

impl Bootstrap {
    fn start(runtime_api: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        common::write_component(&folder.path().join("handler.cwasm"));
        let child = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "shop")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")
            .env("LAMBDA_TASK_ROOT", folder.path())
            .env("_HANDLER", "bootstrap")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child: Some(child), _folder: folder }
    }

    /// Waits for its end, ten seconds at most.
    fn ended(mut self) -> Output {
        let mut child = self.child.take().unwrap();
        let late = Instant::now() + Duration::from_secs(10);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > late {
                child.kill().unwrap();
                panic!("it runs on: {}", text(&child.wait_with_output().unwrap()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    }
}

impl Drop for Bootstrap {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn is_next(line: &str) -> bool {
    line.ends_with("/invocation/next")
}

/// The environment variables that make it answer several events at once.
const AT_ONCE: [(&str, &str); 1] = [("AWS_LAMBDA_MAX_CONCURRENCY", "4")];

#[test]
fn nobody_listens_or_the_connection_is_closed() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (closing, _seen) = serve(|_, _| Reply::Close);
    for address in [&free, &closing] {
        for variables in [&[][..], &AT_ONCE[..]] {
            let output = Bootstrap::start(address, variables).ended();
            assert_eq!(output.status.code(), Some(1), "{}", text(&output));
            assert!(text(&output).contains("the Runtime API failed"), "{}", text(&output));
            assert!(text(&output).lines().count() < 20, "{}", text(&output));
        }
    }
}

#[test]
fn an_answer_without_its_headers_ends_the_process_with_words() {
    for (headers, missing) in [
        ("", "lambda-runtime-aws-request-id"),
        ("lambda-runtime-aws-request-id: id\r\n", "lambda-runtime-deadline-ms"),
        ("lambda-runtime-aws-request-id: id\r\nlambda-runtime-deadline-ms: soon\r\n", "lambda-runtime-deadline-ms"),
    ] {
        let (address, _seen) = serve(move |_, _| http("200 OK", headers, "{}"));
        for variables in [&[][..], &AT_ONCE[..]] {
            let output = Bootstrap::start(&address, variables).ended();
            assert_eq!(output.status.code(), Some(1), "{}", text(&output));
            assert!(text(&output).contains(missing), "{}", text(&output));
        }
    }
}

#[test]
fn an_error_status_is_no_event_and_ends_the_process_if_it_stays() {
    for headers in ["", "lambda-runtime-aws-request-id: id\r\nlambda-runtime-deadline-ms: 1\r\n"] {
        let (address, seen) = serve(move |_, _| http("500 Internal Server Error", headers, "oh"));
        let output = Bootstrap::start(&address, &[]).ended();
        assert_eq!(output.status.code(), Some(1), "{}", text(&output));
        assert!(text(&output).contains("invocation/next with 500"), "{}", text(&output));
        let requests: Vec<_> = seen.try_iter().map(|(line, _)| line).collect();
        assert!(requests.len() == 5 && requests.iter().all(|line| is_next(line)), "{requests:?}");
    }
}

/// An error, a connection that breaks, an answer without its headers: the event after them is answered all the same.
#[test]
fn what_passes_is_survived() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return accepted();
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            1 => http("503 Service Unavailable", "", ""),
            2 => Reply::Close,
            3 => http("200 OK", "", "{}"),
            4 => event(1, "state"),
            _ => Reply::Silence,
        }
    });
    let _bootstrap = Bootstrap::start(&address, &[]);
    let mut requests = std::iter::from_fn(|| seen.recv_timeout(Duration::from_secs(10)).ok());
    let (line, body) = requests.find(|(line, _)| line.starts_with("POST")).unwrap();
    assert!(line.ends_with("/id-1/response"), "{line}");
    assert!(String::from_utf8_lossy(&body).contains("statusCode"));
}

/// Where no event is to be had any more, those that were taken are answered before the process ends.
#[test]
fn events_at_work_are_answered_before_the_end() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return accepted();
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count <= 2 { event(*count, "sleep:2000") } else { http("500 Internal Server Error", "", "") }
    });
    let output = Bootstrap::start(&address, &AT_ONCE).ended();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let mut answers: Vec<_> = seen.try_iter().map(|(line, _)| line).filter(|line| line.starts_with("POST")).collect();
    answers.sort();
    assert!(answers.len() == 2 && answers[0].contains("/id-1/") && answers[1].contains("/id-2/"), "{answers:?}");
}

#[test]
fn a_snapshot_that_is_refused_fails_the_start() {
    let (address, seen) = serve(|line, _| match line {
        "GET /2018-06-01/runtime/restore/next" => http("500 Internal Server Error", "", ""),
        _ => accepted(),
    });
    let output = Bootstrap::start(&address, &[("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")]).ended();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let lines: Vec<_> = seen.try_iter().map(|(line, _)| line).collect();
    assert_eq!(lines, ["GET /2018-06-01/runtime/restore/next", "POST /2018-06-01/runtime/init/error"]);
    assert!(text(&output).contains("restore/next with 500"), "{}", text(&output));
}

#[test]
fn a_reply_that_is_refused_is_logged_and_the_next_event_is_served() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if is_next(line) {
            let mut count = count.lock().unwrap();
            *count += 1;
            return if *count <= 2 { event(*count, "state") } else { Reply::Silence };
        }
        if line.contains("id-1") { http("413 Payload Too Large", "", "") } else { accepted() }
    });
    let _bootstrap = Bootstrap::start(&address, &[]);
    let posts: Vec<_> = std::iter::from_fn(|| seen.recv_timeout(Duration::from_secs(10)).ok())
        .map(|(line, _)| line)
        .filter(|line| line.starts_with("POST"))
        .take(2)
        .collect();
    assert!(posts[0].contains("id-1") && posts[1].contains("id-2"), "{posts:?}");
}

#[test]
fn a_post_that_fails_is_tried_again() {
    let count = Mutex::new((0, 0));
    let (address, seen) = serve(move |line, _| {
        let mut count = count.lock().unwrap();
        if is_next(line) {
            count.0 += 1;
            return if count.0 == 1 { event(1, "state") } else { Reply::Silence };
        }
        count.1 += 1;
        match count.1 {
            1 => Reply::Close,
            2 => http("500 Internal Server Error", "", ""),
            _ => accepted(),
        }
    });
    let _bootstrap = Bootstrap::start(&address, &[]);
    let mut posts = 0;
    while posts < 3 {
        let (line, body) = seen.recv_timeout(Duration::from_secs(10)).unwrap();
        if line.starts_with("POST") {
            posts += 1;
            assert!(line.contains("id-1"), "{line}");
            assert!(String::from_utf8_lossy(&body).contains("statusCode"));
        }
    }
}

/// All events are handed out before the first answer comes; a handler that never waits delays no other.
#[test]
fn several_events_at_once() {
    const EVENTS: usize = 50;
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return accepted();
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            1 => event(1, "spin"),
            id if id <= EVENTS => event(id, "sleep:1000"),
            _ => Reply::Silence,
        }
    });
    let _bootstrap = Bootstrap::start(&address, &[("AWS_LAMBDA_MAX_CONCURRENCY", "50")]);
    let (mut next, mut before_first, mut answers) = (0, 0, Vec::new());
    while answers.len() < EVENTS {
        let (line, body) = seen.recv_timeout(Duration::from_secs(20)).unwrap();
        if is_next(&line) {
            next += 1;
            continue;
        }
        if answers.is_empty() {
            before_first = next;
        }
        let reply: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let status = reply["statusCode"].as_u64().unwrap();
        assert_eq!(status, if line.contains("/id-1/") { 504 } else { 200 }, "{line}: {reply}");
        answers.push(line);
    }
    assert_eq!(before_first, EVENTS, "events handed out before the first answer");
    answers.sort();
    answers.dedup();
    assert_eq!(answers.len(), EVENTS, "each event has one answer");
}

#[test]
fn a_component_never_reaches_the_runtime_api() {
    let own = Arc::new(OnceLock::<String>::new());
    let asked = Mutex::new(0);
    let to_call = own.clone();
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return accepted();
        }
        let mut asked = asked.lock().unwrap();
        *asked += 1;
        match *asked {
            1 => event(1, &format!("fetch:http://{}/2018-06-01/runtime/invocation/next", to_call.get().unwrap())),
            _ => Reply::Silence,
        }
    });
    own.set(address.clone()).unwrap();
    let _bootstrap = Bootstrap::start(&address, &[("FUNCSERVER_NETWORK_ALLOW", &format!("*,{address}"))]);
    let mut requests = std::iter::from_fn(|| seen.recv_timeout(Duration::from_secs(10)).ok());
    let (_, reply) = requests.find(|(line, _)| line.starts_with("POST")).unwrap();
    let reply = String::from_utf8(reply).unwrap();
    assert!(reply.contains("HTTP-request-denied"), "{reply}");
}
