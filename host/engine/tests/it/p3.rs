//! Guests of `wasi:http` 0.3: what the engine promises for 0.2, and what is new.

use std::time::{Duration, Instant};

use bytes::Bytes;
use funcserver_engine::{Fault, Guest, HandlerVersion, Limits, Stream, Target, compile};
use http::{Method, Request, StatusCode};

use crate::common::{act, call, guest_p3, handle, json, limits, request, response};

/// The fault that `name` comes to. The same guest answers a good request right after.
async fn fault(guest: &Guest, name: &str) -> Fault {
    let (answer, _) = act(guest, name).await;
    let Err(fault) = answer.result else { panic!("{name} was answered") };
    assert_eq!(answer.after.finish().await, None, "{name}");
    assert_eq!(json(&response(guest, "state").await)["requests"], 1, "after {name}");
    fault
}

fn post(act: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post("https://shop.example/").header("x-act", act).body(body.into()).unwrap()
}

#[test]
fn the_handler_is_found_by_its_export() {
    let guest = guest_p3(limits());
    assert_eq!(guest.world().handler(), Ok(HandlerVersion::P3));
    assert!(guest.world().exports.iter().any(|export| export.starts_with("wasi:http/handler@0.3.")));
    // Rust's standard library speaks 0.2 at the same time.
    assert!(guest.world().imports.iter().any(|import| import.contains("@0.2.")));
    assert_eq!(*guest.world(), compile::world(funcserver_test_guest::WASM_P3).unwrap());
}

#[tokio::test]
async fn the_guest_sees_the_request_unchanged() {
    let guest = guest_p3(limits());
    let request = Request::post("https://shop.example:8443/a/../b//%2F?b=%20+&a&b=2")
        .header("host", "shop.example:8443")
        .header("x-tag", "one")
        .header("connection", "close")
        .header("x-tag", "two")
        .body(Bytes::from_static(b"\0\xff body"))
        .unwrap();
    let (call, _) = call(Duration::from_secs(10));
    let answer = handle(&guest, request, call).await;
    let seen = json(&answer.result.unwrap());
    assert_eq!(seen["method"], "POST");
    assert_eq!(seen["path_with_query"], "/a/../b//%2F?b=%20+&a&b=2");
    assert_eq!(seen["scheme"], "https");
    assert_eq!(seen["authority"], "shop.example:8443");
    assert_eq!(seen["body_b64"], "AP8gYm9keQ==");
    let names: Vec<_> = seen["headers"].as_array().unwrap().iter().map(|header| header[0].as_str().unwrap()).collect();
    assert_eq!(names, ["host", "x-tag", "x-tag", "connection"]);
    assert_eq!(seen["headers"][1][1], "b25l");
    assert_eq!(seen["headers"][2][1], "dHdv");
}

#[tokio::test]
async fn methods_of_ones_own_arrive() {
    let guest = guest_p3(limits());
    for method in ["OPTIONS", "PURGE", "M-SEARCH"] {
        let (call, _) = call(Duration::from_secs(10));
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = "http://shop.example/".parse().unwrap();
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        let seen = json(&handle(&guest, request, call).await.result.unwrap());
        assert_eq!(seen["method"], method);
        assert_eq!(seen["scheme"], "http");
    }
}

#[tokio::test]
async fn every_request_has_an_instance_of_its_own() {
    let guest = guest_p3(limits());
    for _ in 0..3 {
        assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
    }
}

#[tokio::test]
async fn nothing_of_the_host_is_visible() {
    let seen = json(&response(&guest_p3(limits()), "env").await);
    assert_eq!(seen["environment"], serde_json::json!([]));
    assert_eq!(seen["arguments"], serde_json::json!([]));
    assert_eq!(seen["cwd"], serde_json::Value::Null);
    assert_eq!(seen["preopens"], 0);
}

#[tokio::test]
async fn outgoing_requests_are_denied() {
    let guest = guest_p3(limits());
    for url in ["http://127.0.0.1:9/", "http://169.254.169.254/latest/meta-data/", "https://example.com/"] {
        let answer = json(&response(&guest, &format!("fetch:{url}")).await);
        assert!(answer["error"].as_str().unwrap().contains("HttpRequestDenied"), "{url}: {answer}");
    }
}

#[tokio::test]
async fn random_numbers_differ_between_instances() {
    let guest = guest_p3(limits());
    let (one, two) = (json(&response(&guest, "random").await), json(&response(&guest, "random").await));
    for key in ["bytes", "insecure", "insecure_seed"] {
        assert!(!one[key].is_null() && one[key] != two[key], "{key} of {one}");
    }
    assert!(one["now"].as_u64().unwrap() > 1_700_000_000, "{one}");
}

#[tokio::test]
async fn output_comes_as_lines_of_its_stream() {
    let guest = guest_p3(limits());
    for (act_name, stream) in [("stdout", Stream::Stdout), ("stderr", Stream::Stderr), ("print", Stream::Stdout)] {
        let (answer, lines) = act(&guest, &format!("{act_name}:hello")).await;
        assert!(answer.result.is_ok(), "{act_name}");
        assert_eq!(lines.all(), [(stream, "hello".to_owned())], "{act_name}");
    }
}

#[tokio::test]
async fn output_is_bounded() {
    let guest = guest_p3(Limits { output: 1000, ..limits() });
    let (answer, lines) = act(&guest, "print-long:5000").await;
    assert!(answer.result.is_ok());
    drop(answer);
    let lines = lines.all();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].1.contains("1000 bytes"), "{lines:?}");
}

#[tokio::test]
async fn bodies_of_every_kind_are_whole() {
    let guest = guest_p3(limits());
    assert_eq!(*response(&guest, "chunks:3000").await.body(), vec![b'.'; 3000]);
    assert_eq!(response(&guest, "trailers").await.body(), "begun");
    assert_eq!(response(&guest, "open-body").await.body(), "begun");
    assert_eq!(response(&guest, "no-body").await.body(), "");
    assert_eq!(response(&guest, "slow:50").await.body(), "begun and ended");
}

#[tokio::test]
async fn request_bodies_arrive_whole_and_may_be_ignored() {
    let guest = guest_p3(limits());
    for size in [0, 1, 65_536, 1_000_000] {
        let (call, _) = call(Duration::from_secs(10));
        let answer = handle(&guest, post("count", vec![b'x'; size]), call).await;
        assert_eq!(json(&answer.result.unwrap())["body_bytes"], size);
    }
    let (call, _) = call(Duration::from_secs(10));
    let answer = handle(&guest, post("ignore-body", vec![b'x'; 1_000_000]), call).await;
    assert_eq!(answer.result.unwrap().body(), "not read");
    assert_eq!(answer.after.finish().await, None);
}

/// Response and request are under way at once: the guest answers before it has read anything.
#[tokio::test]
async fn a_guest_streams_from_request_to_response() {
    let guest = guest_p3(limits());
    let (call, _) = call(Duration::from_secs(10));
    let answer = handle(&guest, post("stream", vec![b'x'; 900_000]), call).await;
    assert_eq!(*answer.result.unwrap().body(), vec![b'X'; 900_000]);
    assert_eq!(answer.after.finish().await, None);
}

#[tokio::test]
async fn the_body_of_an_answer_to_head_is_dropped() {
    let guest = guest_p3(limits());
    for name in ["chunks:3000", "no-body", "length-only:10", "trailers"] {
        let (call, _) = call(Duration::from_secs(10));
        let mut request = request(name);
        *request.method_mut() = Method::HEAD;
        let response = handle(&guest, request, call).await.result.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!((response.status(), response.body().len()), (StatusCode::OK, 0), "{name}");
    }
}

#[tokio::test]
async fn waiting_leaves_the_host_free() {
    let guest = guest_p3(limits());
    for name in ["sleep:1000", "block:1000"] {
        let started = Instant::now();
        let requests = (0..6).map(|_| response(&guest, name));
        futures_util::future::join_all(requests).await;
        assert!(started.elapsed() < Duration::from_secs(5), "six {name} took {:?}", started.elapsed());
    }
}

#[tokio::test]
async fn the_reply_does_not_wait_for_work_after_it() {
    let guest = guest_p3(limits());
    let started = Instant::now();
    let (answer, lines) = act(&guest, "after:2500").await;
    assert_eq!(answer.result.unwrap().body(), "begun");
    assert!(started.elapsed() < Duration::from_millis(2_500), "the reply came after {:?}", started.elapsed());
    assert_eq!(lines.all(), []);
    assert_eq!(answer.after.finish().await, None);
    assert!(started.elapsed() >= Duration::from_millis(2_500));
    assert_eq!(lines.all(), [(Stream::Stdout, "worked after the answer".to_owned())]);
}

#[tokio::test]
async fn work_after_the_reply_ends_at_the_deadline() {
    let guest = guest_p3(limits());
    for name in ["after:60000", "spin-after-body"] {
        let (call, lines) = call(Duration::from_secs(2));
        let started = Instant::now();
        let answer = handle(&guest, request(name), call).await;
        assert_eq!(answer.result.unwrap_or_else(|fault| panic!("{name}: {fault}")).body(), "begun", "{name}");
        assert_eq!(answer.after.finish().await, Some(Fault::Deadline), "{name}");
        assert!(started.elapsed() < Duration::from_secs(10), "{name} ended after {:?}", started.elapsed());
        assert_eq!(lines.all(), [], "{name}");
    }
}

#[tokio::test]
async fn dropping_the_work_after_the_reply_ends_it() {
    let guest = guest_p3(Limits { concurrency: 1, ..limits() });
    let (answer, lines) = act(&guest, "after:60000").await;
    assert!(answer.result.is_ok());
    drop(answer.after);
    assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
    assert_eq!(lines.all(), []);
}

/// The answer may be whole before the guest traps; the trap is told in either case.
#[tokio::test]
async fn a_trap_after_the_body_is_not_lost() {
    let (answer, _) = act(&guest_p3(limits()), "trap-after-body").await;
    let told = match answer.result {
        Err(fault) => Some(fault),
        Ok(_) => answer.after.finish().await,
    };
    assert!(matches!(told, Some(Fault::Trap(_))), "{told:?}");
}

#[tokio::test]
async fn an_exit_after_the_body_counts_by_its_code() {
    let guest = guest_p3(limits());
    assert_eq!(response(&guest, "exit-after-body:0").await.body(), "begun");
    let (answer, _) = act(&guest, "exit-after-body:3").await;
    let told = match answer.result {
        Err(fault) => Some(fault),
        Ok(_) => answer.after.finish().await,
    };
    assert_eq!(told, Some(Fault::Exit(1)));
}

#[tokio::test]
async fn a_crash_has_its_reason_and_the_guests_functions() {
    let guest = guest_p3(limits());
    for name in ["trap", "panic:no stock", "trap-after-headers"] {
        let Fault::Trap(crash) = fault(&guest, name).await else { panic!("{name}") };
        assert!(crash.reason.contains("unreachable"), "{name}: {crash:?}");
        assert!(crash.frames.iter().any(|frame| frame.function.contains("handler")), "{name}: {crash:?}");
    }
    let (answer, lines) = act(&guest, "panic:no stock").await;
    drop(answer);
    assert!(lines.all().iter().any(|(_, line)| line.contains("no stock")), "{:?}", lines.all());
}

#[tokio::test]
async fn each_way_to_give_no_answer_is_told_apart() {
    let guest = guest_p3(limits());
    assert!(matches!(fault(&guest, "error:upstream").await, Fault::ErrorCode(code) if code.contains("upstream")));
    // Rust's standard library tells the host only whether the code is 0.
    assert_eq!(fault(&guest, "exit:3").await, Fault::Exit(1));
    assert_eq!(fault(&guest, "exit:0").await, Fault::Exit(0));
    assert!(matches!(fault(&guest, "early-drop").await, Fault::BodyBroken(5)));
    assert!(matches!(fault(&guest, "stack").await, Fault::Stack(_)));
}

/// A guest that waits for nothing can never go on: the component model calls that a deadlock.
#[tokio::test]
async fn a_guest_that_never_answers_ends_by_its_deadline() {
    let guest = guest_p3(limits());
    let (call, _) = call(Duration::from_millis(300));
    let started = Instant::now();
    let fault = handle(&guest, request("never"), call).await.result.unwrap_err();
    assert!(matches!(fault, Fault::Deadline | Fault::NoAnswer | Fault::Trap(_)), "{fault}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(json(&response(&guest, "state").await)["requests"], 1);
}

#[tokio::test]
async fn lengths_that_contradict_the_body() {
    let guest = guest_p3(limits());
    assert_eq!(fault(&guest, "short-body").await, Fault::Length { stated: 10, actual: 5 });
    assert_eq!(fault(&guest, "length-only:10").await, Fault::Length { stated: 10, actual: 0 });
    assert!(matches!(fault(&guest, "long-body").await, Fault::Length { stated: 4, actual: 13 }));
}

#[tokio::test]
async fn a_length_that_is_stated_twice_is_one_if_it_is_the_same() {
    let guest = guest_p3(limits());
    assert_eq!(response(&guest, "length-twice:5").await.body(), "yyy..");
    assert_eq!(response(&guest, "length-twice:6").await.body(), "nnn..");
}

#[tokio::test]
async fn a_guests_words_are_cut() {
    let guest = guest_p3(limits());
    let Fault::ErrorCode(text) = fault(&guest, &format!("error:{}", "x".repeat(10_000))).await else { panic!() };
    assert!(text.len() < 400 && text.ends_with('…'), "{text}");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let guest = guest_p3(limits());
    let (call, _) = call(Duration::from_secs(10));
    let answer = guest.handle(request("endless-body"), call).await.whole(100_000).await;
    assert_eq!(answer.result.unwrap_err(), Fault::BodyTooLarge { limit: 100_000 });
}

#[tokio::test]
async fn memory_and_handles_are_bounded() {
    let guest = guest_p3(Limits { handles: 1000, ..limits() });
    assert!(matches!(fault(&guest, "grow").await, Fault::Memory { limit, .. } if limit == 64 << 20));
    assert!(response(&guest, "grow:40").await.status().is_success());
    assert!(response(&guest, "streams:100").await.status().is_success());
    for name in ["handles", "streams:5000"] {
        let fault = fault(&guest, name).await;
        assert!(matches!(fault, Fault::Trap(_)), "{name}: {fault}");
    }
}

#[tokio::test]
async fn a_guest_that_never_ends_is_ended_at_its_deadline() {
    let guest = guest_p3(limits());
    for name in ["spin", "sleep:60000", "block:60000", "slow:60000"] {
        let (call, _) = call(Duration::from_millis(200));
        let started = Instant::now();
        let answer = handle(&guest, request(name), call).await;
        assert!(matches!(answer.result, Err(Fault::Deadline)), "{name}");
        assert!(started.elapsed() < Duration::from_secs(5), "{name} ended after {:?}", started.elapsed());
    }
    assert!(response(&guest, "state").await.status().is_success());
}

/// On one thread: a guest that computes lets the others run, and answers come in their own time.
#[tokio::test]
async fn a_spinning_guest_does_not_starve_others() {
    let guest = guest_p3(limits());
    let (spinning, _) = call(Duration::from_secs(3));
    let spin = handle(&guest, request("spin"), spinning);
    let others = async {
        for _ in 0..5 {
            response(&guest, "state").await;
        }
        Instant::now()
    };
    let (answer, others_done) = tokio::join!(async { (spin.await, Instant::now()) }, others);
    assert!(matches!(answer.0.result, Err(Fault::Deadline)));
    assert!(others_done < answer.1, "the others waited for the spinning guest");
}

#[tokio::test]
async fn more_requests_than_instances_wait_for_their_turn() {
    let guest = guest_p3(Limits { concurrency: 2, ..limits() });
    for answer in futures_util::future::join_all((0..6).map(|_| response(&guest, "sleep:20"))).await {
        assert!(answer.status().is_success());
    }
}

#[test]
fn release_candidates_are_refused_with_the_reason() {
    let wat = r#"(component
        (type $request (resource (rep i32)))
        (instance $handler)
        (export "wasi:http/handler@0.3.0-rc-2026-02-09" (instance $handler)))"#;
    let wasm = wat::parse_str(wat).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candidate.cwasm");
    std::fs::write(&path, compile::compile(&wasm, Target::Host).unwrap()).unwrap();
    let error = funcserver_test_guest::load(&path, limits()).err().unwrap().to_string();
    assert!(error.contains("wasi:http/handler@0.3.0-rc-2026-02-09"), "{error}");
    assert!(error.contains("release candidate"), "{error}");
}

/// What a guest waited for when its time was up is not left to be guessed.
#[tokio::test]
async fn a_response_that_is_written_to_before_it_is_returned_is_told() {
    let guest = guest_p3(limits());
    for (name, waits) in [("early-write", true), ("sleep:60000", false), ("slow:60000", false)] {
        let (call, lines) = call(Duration::from_millis(500));
        let answer = handle(&guest, request(name), call).await;
        assert!(matches!(answer.result, Err(Fault::Deadline)), "{name}");
        answer.after.finish().await;
        let told = lines.all().iter().any(|(_, line)| line.contains("did not return it in time"));
        assert_eq!(told, waits, "{name}: {:?}", lines.all());
    }
}
