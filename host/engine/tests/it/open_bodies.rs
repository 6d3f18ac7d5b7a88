//! Bodies of `wasi:http` 0.3 that something else than a task of the guest feeds arrive whole.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};

use funcserver_engine::{Allow, Fault, Grants, Guest, Limits, Network, Reuse};
use funcserver_test_guest::Options;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use tokio::time::sleep;

use crate::common::{self, act, call, guest_p3, handle, json, limits, request, response};

const CHUNKED: &str = "transfer-encoding: chunked";
const STATED: &str = "content-length: 18";

/// `http://127.0.0.1:PORT` of a server whose answers are told by the path; see [`serve`].
static UPSTREAM: LazyLock<String> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            thread::spawn(move || serve(stream));
        }
    });
    origin
});

fn serve(stream: TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(&stream).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let begun = || chunk("first,");
    let (headers, pause, pieces) = match first.split(' ').nth(1).unwrap_or_default() {
        "/slow" => (CHUNKED, 100, vec![begun(), chunk("secnd,"), chunk("third."), chunk("")]),
        "/long" => (CHUNKED, 0, (0..10).map(|_| chunk(&"x".repeat(60_000))).chain([chunk("")]).collect()),
        "/endless" => (CHUNKED, 60_000, vec![begun()]),
        "/broken" => (CHUNKED, 100, vec![begun()]),
        "/broken-stated" => (STATED, 100, vec![b"first,".to_vec()]),
        // The same length twice is one length (RFC 9110, section 8.6).
        "/stated-twice" => ("content-length: 18\r\ncontent-length: 18", 100, vec![WHOLE.into()]),
        "/head" => (STATED, 0, Vec::new()),
        path => panic!("no answer for {path}"),
    };
    write!(&stream, "HTTP/1.1 200 OK\r\nconnection: close\r\n{headers}\r\n\r\n")?;
    for piece in pieces {
        thread::sleep(Duration::from_millis(pause));
        (&stream).write_all(&piece)?;
    }
    Ok(())
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}

const WHOLE: &str = "first,secnd,third.";
const WAYS: [&str; 4] = ["hand-on", "wrap", "wrap-with-end", "pump"];

fn options(reuse: Reuse) -> Options {
    let allow = Allow::parse([UPSTREAM.as_str()]).unwrap();
    let limits = Limits { concurrency: 16, ..limits() };
    Options { limits, reuse, network: Network { allow, ..Network::default() }, ..Options::default() }
}

fn every_way_to_live() -> [(&'static str, Guest); 3] {
    let reused = Reuse { requests: 1_000_000, ..Reuse::default() };
    let shared = Reuse { concurrent: 4, ..reused.clone() };
    [("fresh", Reuse::default()), ("reused", reused), ("shared", shared)]
        .map(|(name, reuse)| (name, guest_p3(options(reuse))))
}

async fn fault(guest: &Guest, name: &str) -> Fault {
    let (answer, _) = act(guest, name).await;
    let Err(fault) = answer.result else { panic!("{name} was answered") };
    assert_eq!(answer.after.finish().await, None, "{name}");
    fault
}

#[tokio::test]
async fn a_slow_upstream_arrives_whole_however_it_is_handed_on() {
    let url = format!("{}/slow", *UPSTREAM);
    for (life, guest) in every_way_to_live() {
        for way in WAYS {
            let name = format!("{way}:{url}");
            for body in join_all((0..13).map(|_| response(&guest, &name))).await {
                assert_eq!(body.body(), WHOLE, "{life} {way}");
            }
        }
    }
}

#[tokio::test]
async fn a_length_that_an_upstream_states_twice_is_one() {
    for (life, guest) in every_way_to_live() {
        let response = response(&guest, &format!("hand-on:{}/stated-twice", *UPSTREAM)).await;
        assert_eq!(
            (response.body().as_ref(), response.headers()["content-length"].as_bytes()),
            (WHOLE.as_bytes(), b"18".as_slice()),
            "{life}"
        );
    }
}

#[tokio::test]
async fn a_long_body_arrives_whole() {
    let url = format!("{}/long", *UPSTREAM);
    for (life, guest) in every_way_to_live() {
        for way in WAYS {
            assert_eq!(response(&guest, &format!("{way}:{url}")).await.body().len(), 600_000, "{life} {way}");
        }
    }
}

#[tokio::test]
async fn one_that_breaks_off_is_broken() {
    for (life, guest) in every_way_to_live() {
        for way in ["hand-on", "wrap", "wrap-with-end", "pump"] {
            for path in ["broken", "broken-stated"] {
                let name = format!("{way}:{}/{path}", *UPSTREAM);
                assert_eq!(fault(&guest, &name).await, Fault::BodyBroken(6), "{life} {way}");
            }
        }
    }
}

#[tokio::test]
async fn a_length_that_the_guest_states_holds_for_a_stream_of_the_hosts() {
    let url = format!("{}/slow", *UPSTREAM);
    for (life, guest) in every_way_to_live() {
        assert_eq!(response(&guest, &format!("wrap-stating:18:{url}")).await.body(), WHOLE, "{life}");
        let short = fault(&guest, &format!("wrap-stating:17:{url}")).await;
        assert!(matches!(short, Fault::Length { stated: 17, .. }), "{life}: {short}");
        let long = fault(&guest, &format!("wrap-stating:19:{url}")).await;
        assert_eq!(long, Fault::Length { stated: 19, actual: 18 }, "{life}");
    }
}

#[tokio::test]
async fn a_stream_that_never_ends_ends_at_the_deadline() {
    let url = format!("{}/endless", *UPSTREAM);
    for (life, guest) in every_way_to_live() {
        for way in WAYS {
            let (call, _) = call(Duration::from_millis(500));
            let answer = handle(&guest, request(&format!("{way}:{url}")), call).await;
            assert_eq!(answer.result.unwrap_err(), Fault::Deadline, "{life} {way}");
            assert_eq!(answer.after.finish().await, None, "{life} {way}");
        }
        assert_eq!(
            json(&response(&guest, "state").await)["requests"],
            1,
            "{life}: what missed its deadline serves no other"
        );
    }
}

#[tokio::test]
async fn an_instance_serves_nobody_else_while_its_answer_flows() {
    let url = format!("{}/slow", *UPSTREAM);
    let guest = guest_p3(options(Reuse { requests: 1_000_000, ..Reuse::default() }));
    let name = format!("hand-on:{url}");
    let (proxied, others) = tokio::join!(response(&guest, &name), async {
        sleep(Duration::from_millis(50)).await;
        json(&response(&guest, "state").await)["requests"].as_u64()
    });
    assert_eq!((proxied.body().as_ref(), others), (WHOLE.as_bytes(), Some(1)));
}

/// An answer that flows keeps no other one up, and none that ends takes it along.
#[tokio::test]
async fn answers_of_one_instance_flow_beside_each_other() {
    let url = format!("{}/slow", *UPSTREAM);
    let guest = guest_p3(options(Reuse { requests: 1_000_000, concurrent: 8, ..Reuse::default() }));
    let started = Instant::now();
    let name = format!("wrap:{url}");
    let flowing = join_all((0..4).map(|_| response(&guest, &name)));
    let (flown, quick) = tokio::join!(flowing, async {
        for _ in 0..20 {
            response(&guest, "chunks:3").await;
        }
        started.elapsed()
    });
    assert!(flown.iter().all(|response| response.body() == WHOLE));
    assert!(quick < started.elapsed(), "the quick ones waited for those that flow");
}

#[tokio::test]
async fn a_file_can_be_the_body() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page"), vec![b'p'; 600_000]).unwrap();
    for reuse in [Reuse::default(), Reuse { requests: 1000, concurrent: 4, ..Reuse::default() }] {
        let grants = Grants { assets: Some(folder.path().to_owned()), ..Grants::default() };
        let guest = guest_p3(Options { grants, ..options(reuse) });
        for _ in 0..5 {
            assert_eq!(response(&guest, "file:/page").await.body().len(), 600_000);
        }
    }
}

#[tokio::test]
async fn an_answer_to_head_that_is_handed_on_has_no_body() {
    let url = format!("{}/head", *UPSTREAM);
    for (life, guest) in every_way_to_live() {
        let (call, _) = call(Duration::from_secs(10));
        let mut request = request(&format!("hand-on:{url}"));
        *request.method_mut() = Method::HEAD;
        let response = handle(&guest, request, call).await.result.unwrap();
        assert_eq!((response.status(), response.body().len()), (StatusCode::OK, 0), "{life}");
        assert_eq!(response.headers()["content-length"], "18", "{life}");
    }
}

/// `open-body` leaves a body open that nobody can write to any more: it is as long as it is.
#[tokio::test]
async fn what_the_guest_left_behind_is_taken_and_not_waited_for() {
    for (life, guest) in every_way_to_live() {
        assert_eq!(response(&guest, "open-body").await.body(), "begun", "{life}");
        assert_eq!(response(&guest, "last-write").await.body(), "begun", "{life}");
    }
}

/// An instance never rests that is given one request after the other, and only one at rest tells that nothing more comes.
#[tokio::test]
async fn a_body_left_open_is_not_waited_for_as_long_as_other_requests_keep_coming() {
    let [_, _, (_, guest)] = every_way_to_live();
    let others = async |before: u64| {
        sleep(Duration::from_millis(before)).await;
        loop {
            response(&guest, "sleep:200").await;
        }
    };
    let left = async {
        // Both others are at work by then.
        sleep(Duration::from_millis(300)).await;
        for _ in 0..3 {
            assert_eq!(response(&guest, "open-body").await.body(), "begun");
        }
    };
    tokio::select! {
        () = left => {}
        () = others(0) => {}
        () = others(100) => {}
    }
}

/// One answer that is complete is the answer, whatever becomes of its guest in the same breath.
#[tokio::test]
async fn a_guest_that_fails_with_its_answer_has_answered() {
    for (life, guest) in every_way_to_live() {
        for (name, exits) in [("trap-after-body", false), ("trap-in-end", false), ("exit-after-body:3", true)] {
            let (answer, lines) = act(&guest, name).await;
            let response = answer.result.unwrap_or_else(|fault| panic!("{life} {name}: {fault}"));
            assert_eq!(response.body(), "begun", "{life} {name}");
            match answer.after.finish().await {
                Some(Fault::Exit(_)) => assert!(exits, "{life} {name}"),
                Some(Fault::Trap(_)) => assert!(!exits, "{life} {name}"),
                // The answer was taken first, and the failure is a line.
                None => {
                    assert_eq!(life, "shared", "{name}");
                    while !lines.all().iter().any(|(_, line)| line.contains("failed after its answers")) {
                        sleep(Duration::from_millis(10)).await;
                    }
                }
                Some(fault) => panic!("{life} {name}: {fault}"),
            }
            assert_eq!(json(&common::response(&guest, "state").await)["requests"], 1, "{life}: after {name}");
        }
    }
}

/// Its files may be many.
#[tokio::test]
async fn what_a_late_instance_leaves_is_removed_after_the_reply() {
    let scratch = tempfile::tempdir().unwrap();
    let left = || std::fs::read_dir(scratch.path()).unwrap().count();
    let reused = Reuse { requests: 1000, ..Reuse::default() };
    for reuse in [Reuse::default(), reused.clone(), Reuse { concurrent: 4, ..reused }] {
        let grants = Grants { scratch: Some(scratch.path().to_owned()), ..Grants::default() };
        let guest = guest_p3(Options { grants, ..options(reuse.clone()) });
        let (call, _) = call(Duration::from_millis(500));
        let answer = handle(&guest, request("sleep:60000"), call).await;
        assert_eq!(answer.result.unwrap_err(), Fault::Deadline, "{reuse:?}");
        // Whoever works beside the reply has its turn.
        sleep(Duration::from_millis(100)).await;
        assert_eq!(left(), 1, "{reuse:?}");
        answer.after.finish().await;
        guest.restored();
        for _ in 0..100 {
            if left() > 0 {
                sleep(Duration::from_millis(50)).await;
            }
        }
        assert_eq!(left(), 0, "{reuse:?}");
    }
}
