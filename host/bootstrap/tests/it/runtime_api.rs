//! A Runtime API that misbehaves: the process survives each case or ends with a message, and never retries in a hot
//! loop.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use tokio::net::TcpSocket;

use crate::common::runtime_api::{Bootstrap, Reply, accepted, event, headers, http, is_next, serve, text};
use funcserver_test_guest::act;

/// The environment variable for answering several events at once.
const AT_ONCE: [(&str, &str); 1] = [("AWS_LAMBDA_MAX_CONCURRENCY", "4")];

#[test]
fn nobody_listens_or_the_connection_is_closed() {
    // Bound, so that nobody else gets the port, but without `listen`.
    let refusing = TcpSocket::new_v4().unwrap();
    refusing.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let free = refusing.local_addr().unwrap().to_string();
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

/// After an error, a broken connection and an answer without its headers, the next event is answered.
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

/// If no more events can be fetched, the ones that were fetched are answered before the process ends.
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

/// The files that the handler gets may be on a file system that the copy cannot reach.
#[test]
fn a_copy_of_a_snapshot_that_cannot_serve_is_reported_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let assets = folder.path().join("files");
    std::fs::create_dir(&assets).unwrap();
    let gone = assets.clone();
    let (address, seen) = serve(move |line, _| {
        if line.ends_with("/restore/next") {
            std::fs::remove_dir(&gone).unwrap();
            return http("200 OK", "", "");
        }
        accepted()
    });
    let snapshot = [("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")];
    let output = Bootstrap::with_linked_assets(&address, &snapshot, &assets).ended();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    let requests: Vec<_> = seen.try_iter().collect();
    let lines: Vec<_> = requests.iter().map(|(line, _)| line.as_str()).collect();
    assert_eq!(lines, ["GET /2018-06-01/runtime/restore/next", "POST /2018-06-01/runtime/restore/error"]);
    let report: serde_json::Value = serde_json::from_slice(&requests[1].1).unwrap();
    assert_eq!(report["errorType"], "Runtime.AfterRestoreError");
    let message = report["errorMessage"].as_str().unwrap();
    assert!(message.contains("no instance can be created: ") && message.contains("shared"), "{message}");
    assert!(text(&output).contains("no instance can be created"), "{}", text(&output));
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
    // The rejection is final.
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

/// A POST is attempted three times if there is time.
#[test]
fn a_post_that_fails_slowly_is_tried_again_only_as_long_as_lambda_waits() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            if line.contains("/id-2/") {
                return accepted();
            }
            thread::sleep(Duration::from_secs(2));
            return http("500 Internal Server Error", "", "");
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count <= 2 { event(*count, "state") } else { Reply::Silence }
    });
    let _bootstrap = Bootstrap::start(&address, &[]);
    let mut posts = Vec::new();
    while posts.iter().all(|line: &String| line.contains("/id-1/")) {
        let (line, _) = seen.recv_timeout(Duration::from_secs(30)).unwrap();
        if line.starts_with("POST") {
            posts.push(line);
        }
    }
    assert!((2..=3).contains(&posts.len()), "an event has three seconds, and each try takes two: {posts:?}");
}

/// All events are sent before the first answer arrives. A handler that never waits delays no other.
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

/// The headers of an event, followed by the output of `body`.
fn event_with(id: usize, time: Duration, body: impl Fn(&TcpStream) -> io::Result<()> + Send + Sync + 'static) -> Reply {
    let headers = headers(id, time);
    Reply::Does(Arc::new(move |mut stream| {
        write!(stream, "HTTP/1.1 200 OK\r\n{headers}")?;
        body(stream)
    }))
}

/// Sends chunks until the connection is closed.
fn endless(mut stream: &TcpStream) -> io::Result<()> {
    stream.write_all(b"transfer-encoding: chunked\r\n\r\n")?;
    let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
    loop {
        stream.write_all(&chunk)?;
    }
}

/// Each endless event is an invocation error with a message, and the next event is served.
#[test]
fn an_event_that_does_not_end_is_bounded_in_memory_and_time() {
    const TIME: Duration = Duration::from_secs(3);
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return accepted();
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            1 => event(1, "state"),
            2 => event_with(2, TIME, endless),
            3 => event_with(3, TIME, |mut stream| stream.write_all(b"content-length: 1000000000000\r\n\r\n{")),
            4 => event_with(4, TIME, |mut stream| {
                stream.write_all(b"content-length: 100\r\n\r\n{")?;
                thread::sleep(2 * TIME);
                Ok(())
            }),
            5 => event(5, "state"),
            _ => Reply::Silence,
        }
    });
    let bootstrap = Bootstrap::start(&address, &[("FUNCSERVER_LIMITS_DEADLINE_MARGIN", "2s")]);
    let mut peaks = Vec::new();
    for id in 1..=5 {
        let (line, body) = loop {
            let (line, body) = seen.recv_timeout(Duration::from_secs(30)).unwrap();
            if line.starts_with("POST") {
                break (line, String::from_utf8(body).unwrap());
            }
        };
        peaks.push(bootstrap.peak());
        let end = if matches!(id, 1 | 5) { "response" } else { "error" };
        assert!(line.ends_with(&format!("/id-{id}/{end}")), "{id}: {line} {body}");
        assert!(end == "response" || body.contains("Funcserver.NotRead"), "{id}: {body}");
    }
    let grown = (peaks[4] - peaks[0]) >> 20;
    assert!(grown < 40, "an event took {grown} MiB");
}

/// The memory depends on the event's bytes, not on the number of its pieces.
#[test]
fn an_event_in_many_small_pieces_takes_no_more_memory_than_a_whole_one() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return accepted();
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            1 => event(1, "state"),
            2 => event_with(2, Duration::from_secs(30), |mut stream| {
                let text = act("state").to_string();
                let bytes = text.bytes().chain(std::iter::repeat_n(b' ', 1 << 20));
                let chunks: Vec<_> = bytes.flat_map(|byte| [b'1', b'\r', b'\n', byte, b'\r', b'\n']).collect();
                stream.write_all(b"transfer-encoding: chunked\r\n\r\n")?;
                stream.write_all(&chunks)?;
                stream.write_all(b"0\r\n\r\n")
            }),
            _ => Reply::Silence,
        }
    });
    let bootstrap = Bootstrap::start(&address, &[]);
    let mut peaks = Vec::new();
    while peaks.len() < 2 {
        let (line, _) = seen.recv_timeout(Duration::from_secs(60)).unwrap();
        if line.starts_with("POST") {
            assert!(line.ends_with("/response"), "{line}");
            peaks.push(bootstrap.peak());
        }
    }
    let grown = (peaks[1] - peaks[0]) >> 20;
    assert!(grown < 16, "an event of 1 MiB took {grown} MiB");
}

/// Hyper reads all of them before it yields, so no timer can end this.
#[test]
fn interim_answers_without_end_are_given_up() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return if line.contains("/id-2/") { accepted() } else { interim() };
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count <= 2 { event(*count, "state") } else { Reply::Silence }
    });
    let bootstrap = Bootstrap::start(&address, &[]);
    let mut posts = Vec::new();
    while posts.iter().all(|line: &String| line.contains("/id-1/")) {
        let (line, _) = seen.recv_timeout(Duration::from_secs(30)).unwrap();
        if line.starts_with("POST") {
            posts.push(line);
        }
    }
    bootstrap.terminate();
    let log = text(&bootstrap.ended());
    assert!(log.contains("more than 1 MiB without the head of an answer"), "{log}");
}

fn interim() -> Reply {
    Reply::Does(Arc::new(|mut stream| {
        let many = b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000);
        loop {
            stream.write_all(&many)?;
        }
    }))
}

#[test]
fn answers_that_do_not_end_are_not_read_to_their_end() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return Reply::Does(Arc::new(|mut stream| {
                stream.write_all(b"HTTP/1.1 202 Accepted\r\n")?;
                endless(stream)
            }));
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        match *count {
            1 | 2 => event(*count, "state"),
            // A head that does not end is not an event.
            3 => Reply::Does(Arc::new(|mut stream| {
                stream.write_all(b"HTTP/1.1 200 OK\r\nx-long: ")?;
                loop {
                    stream.write_all(&[b'x'; 0x10000])?;
                }
            })),
            4 => event(4, "state"),
            _ => Reply::Silence,
        }
    });
    let bootstrap = Bootstrap::start(&address, &[]);
    let mut posts = Vec::new();
    while posts.len() < 3 {
        let (line, _) = seen.recv_timeout(Duration::from_secs(30)).unwrap();
        if line.starts_with("POST") {
            posts.push(line);
        }
    }
    assert!(
        ["/id-1/response", "/id-2/response", "/id-4/response"]
            .iter()
            .zip(&posts)
            .all(|(end, line)| line.ends_with(end)),
        "{posts:?}"
    );
    assert!(bootstrap.peak() >> 20 < 128, "{}", bootstrap.peak());
}

/// An answer that stalls may have arrived: no second answer is sent, and the next event is served.
#[test]
fn an_answer_that_stalls_is_given_up_at_lambdas_deadline() {
    let count = Mutex::new(0);
    let (address, seen) = serve(move |line, _| {
        if !is_next(line) {
            return if line.contains("/id-1/") { Reply::Silence } else { accepted() };
        }
        let mut count = count.lock().unwrap();
        *count += 1;
        if *count <= 2 { event(*count, "state") } else { Reply::Silence }
    });
    let _bootstrap = Bootstrap::start(&address, &[]);
    let mut posts = Vec::new();
    while posts.len() < 2 {
        let (line, _) = seen.recv_timeout(Duration::from_secs(30)).unwrap();
        if line.starts_with("POST") {
            posts.push(line);
        }
    }
    assert!(posts[0].contains("/id-1/") && posts[1].contains("/id-2/"), "{posts:?}");
}
