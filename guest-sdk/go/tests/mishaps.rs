//! Handlers that fail.

use std::time::Duration;

use funcserver_engine::Fault;

use crate::guest::{answer, answer_within, fault, get, guest};

#[tokio::test]
async fn a_panic_is_500_with_its_stack_on_stderr() {
    let (answer, lines) = answer(&guest(), get("/panic")).await;
    let response = answer.result.unwrap();
    assert_eq!((response.status().as_u16(), &response.body()[..]), (500, &b"internal server error\n"[..]));
    // The last record of standard error is told once nothing more can belong to it.
    assert_eq!(answer.after.finish().await, None);
    let lines = lines.text();
    for part in [
        r#""level":"ERROR","message":"panic: assignment to entry in nil map, while answering GET /panic\n\ngoroutine "#,
        "main.panics(",
        "runtime.go:",
    ] {
        assert!(lines.contains(part), "no `{part}` in {lines}");
    }
}

#[tokio::test]
async fn a_panic_after_a_flush_breaks_the_body_off() {
    let (fault, lines) = fault(&guest(), "/panic-late").await;
    assert_eq!(fault, Fault::BodyBroken(10));
    assert!(lines.contains("on purpose"), "{lines}");
}

#[tokio::test]
async fn a_panic_in_another_goroutine_ends_the_instance_with_its_stack_on_stderr() {
    let (fault, lines) = fault(&guest(), "/panic-elsewhere").await;
    assert!(matches!(fault, Fault::Trap(_)), "{fault}");
    assert!(lines.contains("panic: on purpose") && lines.contains("goroutine "), "{lines}");
}

#[tokio::test]
async fn an_aborted_handler_gives_no_answer_and_no_stack() {
    let (fault, lines) = fault(&guest(), "/abort").await;
    assert!(matches!(&fault, Fault::ErrorCode(code) if code.contains("HttpResponseIncomplete")), "{fault}");
    assert_eq!(lines, "");
}

#[tokio::test]
async fn a_handler_that_ends_its_goroutine_ends_the_instance_and_says_so() {
    let (answer, lines) = answer(&guest(), get("/goexit")).await;
    // What it had answered by then was complete.
    assert_eq!(answer.result.unwrap().status(), 500);
    assert_eq!(answer.after.finish().await, Some(Fault::Exit(1)));
    let lines = lines.text();
    assert!(lines.contains("panic: the handler has ended its goroutine, while answering GET /goexit"), "{lines}");
}

#[tokio::test]
async fn a_handler_that_exits_is_a_fault() {
    // WASI 0.2 carries no exit code but success and failure.
    assert_eq!(fault(&guest(), "/exit").await.0, Fault::Exit(1));
}

#[tokio::test]
async fn a_deadlock_is_found() {
    let (fault, lines) = fault(&guest(), "/deadlock").await;
    assert!(matches!(fault, Fault::Trap(_)), "{fault}");
    assert!(lines.contains("all goroutines are asleep"), "{lines}");
}

#[tokio::test]
async fn a_handler_that_does_not_end_is_interrupted() {
    let (answer, _) = answer_within(&guest(), get("/goroutines?n=100000000"), Duration::from_millis(300)).await;
    assert!(matches!(answer.result, Err(Fault::Deadline | Fault::Memory { .. })));
}
