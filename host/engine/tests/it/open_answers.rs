//! Answers whose body is read as it arrives, and the steps of a request.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use funcserver_engine::{Body, Call, Fault, GuestStep, InstanceAge, Reuse};
use funcserver_test_guest::Options;

use crate::common::{call, guest, guest_p3, limits, request, response};

#[tokio::test]
async fn a_body_arrives_in_the_parts_in_which_it_is_written() {
    let guest = guest_p3(limits());
    let (call, _) = call(Duration::from_secs(10));
    let (response, after) = guest.handle(request("slow:300"), call).await.open().await;
    let Body::Open(mut body) = response.unwrap().into_body() else { panic!("the body is complete at once") };
    let mut parts = Vec::new();
    while let Some(part) = body.next().await {
        parts.push((part.unwrap(), Instant::now()));
    }
    let [(_, first), .., (_, last)] = parts[..] else { panic!("one part: {parts:?}") };
    assert!(last - first > Duration::from_millis(200), "the first part came with the last: {parts:?}");
    assert!(body.next().await.is_none());
    assert_eq!(after.finish().await, None);
}

#[tokio::test]
async fn a_guest_continues_after_its_body() {
    for guest in [guest(limits()), guest_p3(limits())] {
        let (call, lines) = call(Duration::from_secs(10));
        let (response, after) = guest.handle(request("after:300"), call).await.open().await;
        let Body::Open(mut body) = response.unwrap().into_body() else { panic!("the guest has ended") };
        while let Some(part) = body.next().await {
            part.unwrap();
        }
        assert_eq!(lines.all(), []);
        assert_eq!(after.finish().await, None);
        assert_eq!(lines.all().len(), 1);
    }
}

#[tokio::test]
async fn a_guest_that_has_ended_has_a_whole_body() {
    let guest = guest(limits());
    // A tick may interrupt the guest between its answer and its end. Then the body is open.
    for _ in 0..20 {
        let (call, _) = call(Duration::from_secs(10));
        let (answer, after) = guest.handle(request("state"), call).await.open().await;
        let body = answer.unwrap().into_body();
        if let Body::Whole(body) = &body {
            assert!(!body.is_empty());
            return;
        }
        drop(body);
        after.finish().await;
    }
    panic!("no body was complete at once");
}

#[tokio::test]
async fn what_a_guest_wrote_before_it_failed_comes_before_the_fault() {
    for guest in [guest(limits()), guest_p3(limits())] {
        let (call, _) = call(Duration::from_secs(10));
        let (answer, after) = guest.handle(request("trap-after-headers"), call).await.open().await;
        let Body::Open(mut body) = answer.unwrap().into_body() else { panic!("a whole body") };
        let mut written = Vec::new();
        let fault = loop {
            match body.next().await.expect("a fault") {
                Ok(piece) => written.extend_from_slice(&piece),
                Err(fault) => break fault,
            }
        };
        assert_eq!(written, b"begun");
        assert!(matches!(fault, Fault::Trap(_)), "{fault}");
        assert!(body.next().await.is_none());
        assert_eq!(after.finish().await, None);
    }
}

#[tokio::test]
async fn a_guest_that_fails_before_its_first_byte_has_not_answered() {
    let (call, _) = call(Duration::from_secs(10));
    let (answer, after) = guest(limits()).handle(request("head-trap"), call).await.open().await;
    assert!(matches!(answer.map(drop), Err(Fault::Trap(_))));
    assert_eq!(after.finish().await, None);
}

#[tokio::test]
async fn dropping_a_body_ends_the_guest_and_releases_its_permit() {
    let guest = guest_p3(Options { reuse: Reuse { requests: 9, ..Reuse::default() }, ..limits().into() });
    for _ in 0..20 {
        let (call, _) = call(Duration::from_secs(10));
        let (answer, after) = guest.handle(request("slow:60000"), call).await.open().await;
        drop(answer.unwrap());
        assert_eq!(after.finish().await, None);
    }
    assert!(response(&guest, "sleep:0").await.status().is_success());
}

#[tokio::test]
async fn the_deadline_ends_an_open_body() {
    let guest = guest_p3(limits());
    let (call, _) = call(Duration::from_millis(300));
    let (answer, after) = guest.handle(request("slow:60000"), call).await.open().await;
    let Body::Open(mut body) = answer.unwrap().into_body() else { panic!("the body is complete at once") };
    let fault = loop {
        match body.next().await {
            Some(Ok(_)) => {}
            Some(Err(fault)) => break fault,
            None => panic!("the body has ended"),
        }
    };
    assert_eq!(fault, Fault::Deadline);
    assert!(body.next().await.is_none());
    assert_eq!(after.finish().await, None);
}

/// Records the steps of its requests.
#[derive(Default)]
struct Steps(Mutex<Vec<String>>);

impl Call for Steps {
    fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    fn on(&self, step: GuestStep<'_>) {
        let step = match step {
            GuestStep::Permit => "permit".to_owned(),
            GuestStep::Instance(InstanceAge::Fresh) => "fresh".to_owned(),
            GuestStep::Instance(InstanceAge::Ready) => "ready".to_owned(),
            GuestStep::Instance(InstanceAge::Reused) => "reused".to_owned(),
            GuestStep::Lines(lines) => format!("lines {}", lines.iter().collect::<Vec<_>>().join(",")),
            GuestStep::Outgoing(_) => "outgoing".to_owned(),
            GuestStep::Head(head) => format!("head {}", head.status.as_u16()),
            GuestStep::Message(message) => format!("message {}", message.text),
            GuestStep::Body(bytes) => format!("body {}", bytes > 0),
        };
        self.0.lock().unwrap().push(step);
    }
}

#[tokio::test]
async fn a_requests_steps_come_in_order() {
    for guest in [guest, guest_p3] {
        let guest = guest(Options { reuse: Reuse { requests: 2, ..Reuse::default() }, ..limits().into() });
        for age in ["fresh", "reused", "ready"] {
            let steps = Arc::new(Steps::default());
            let answer = guest.handle(request("stdout:hello"), steps.clone()).await.whole(1 << 20).await;
            answer.result.unwrap();
            assert_eq!(answer.after.finish().await, None);
            let steps = steps.0.lock().unwrap().clone();
            assert_eq!(steps, ["permit", age, "lines hello", "head 200", "body true"]);
        }
        let steps = Arc::new(Steps::default());
        let answer = guest.handle(request("error:x"), steps.clone()).await.whole(1 << 20).await;
        assert!(answer.result.is_err());
        let steps = steps.0.lock().unwrap();
        assert!(!steps.iter().any(|step| step.starts_with("head") || step.starts_with("body")), "{steps:?}");
    }
}
