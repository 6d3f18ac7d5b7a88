//! An observer sees a whole invocation, in order.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use funcserver_engine::{GuestStep, Limits};
use funcserver_function::config::Config;
use funcserver_function::log::{Format, Level, Log};
use funcserver_function::{Context, Host, Invocation, Late, Observer, Outcome, Report, Step};
use funcserver_test_guest::act;

use crate::common::{deadline_in, guest};

#[derive(Default)]
struct Steps(Mutex<Vec<String>>);

impl Observer for Steps {
    fn on(&self, invocation: &Invocation, step: &Step<'_>) {
        assert_eq!(invocation.id(), "request-7");
        let step = match step {
            Step::Decoded => "decoded",
            Step::Guest(GuestStep::Permit) => "permit",
            Step::Guest(GuestStep::Instance(_)) => "instance",
            Step::Guest(GuestStep::Lines(_)) => "lines",
            Step::Guest(GuestStep::Message(_)) => "message",
            Step::Guest(GuestStep::Outgoing(_)) => "outgoing",
            Step::Guest(GuestStep::Head(_)) => "head",
            Step::Guest(GuestStep::Body(_)) => "body",
            Step::Encoded(bytes) => return self.push(format!("encoded {}", *bytes > 0)),
            Step::Sent => "sent",
            Step::Report(Report::Handler { fault, .. }) => return self.push(format!("report {fault}")),
            Step::Report(_) => "report",
            Step::After(Late::Well) => "after, well",
            Step::After(Late::Fault(_)) => "after, a fault",
            Step::After(Late::Panic(_)) => "after, a panic",
        };
        self.push(step.to_owned());
    }
}

impl Steps {
    fn push(&self, step: String) {
        self.0.lock().unwrap().push(step);
    }
}

/// The steps of an event for which the test guest performs an act.
async fn steps(act_name: &str) -> Vec<String> {
    let steps = Arc::new(Steps::default());
    let log = Log::new(Format::Json, Level::Fatal, std::io::sink());
    let host = Host::observed(guest(Limits::default()), &Config::default(), log, vec![Box::new(steps.clone())]);
    let deadline_ms = deadline_in(Duration::from_secs(10));
    let invocation = host.invocation(Context { request_id: "request-7".into(), deadline_ms, ..Context::default() });
    let (outcome, after) = host.invoke(Bytes::from(act(act_name).to_string()), &invocation).await;
    assert!(matches!(outcome, Outcome::Reply(_)));
    invocation.tell(&Step::Sent);
    after.finish().await;
    let steps = steps.0.lock().unwrap();
    steps.clone()
}

#[tokio::test]
async fn an_observer_sees_a_whole_invocation_in_order() {
    let answered = ["decoded", "permit", "instance", "lines", "head", "body", "encoded true", "sent", "after, well"];
    assert_eq!(steps("stdout:hello").await, answered);
    let denied = steps("fetch:https://api.example.com/").await;
    assert!(denied.contains(&"outgoing".to_owned()), "{denied:?}");
}

#[tokio::test]
async fn a_fault_is_reported_once_the_answer_is_sent() {
    let failed = steps("noresponse").await;
    let reported =
        ["decoded", "permit", "instance", "sent", "report returned without setting a response", "after, well"];
    assert_eq!(failed, reported);
}
