//! The log as an observer: it logs the steps of an invocation with its request id.

use std::sync::atomic::{AtomicBool, Ordering};

use funcserver_engine::{GuestStep, Notice};

use crate::failure::Kind;
use crate::invocation::Invocation;
use crate::log::{Level, Log, Scope, Value};
use crate::observer::{Late, Observer, Step};
use crate::report::Report;

/// Marks a failure that happened after the answer.
const AFTER: &str = "after the answer";

/// Logged once in each process, because AWS does not guarantee that this works.
const COOKIES: &str = "several cookies are sent as set-cookie in variants of letter case, because the target group has \
                       single-value headers; multi-value headers do not need this, and alb.cookie-variants = false \
                       turns it off";

const COOKIES_LOST: &str = "cookies are lost: single-value headers carry only one, unless alb.cookie-variants = true; \
                            multi-value headers of the target group carry all of them";

/// Logs the guest's output and all failures.
pub(crate) struct RequestLog {
    log: Log,
    /// Whether the message about cookies in variants of letter case was logged.
    told_of_cookies: AtomicBool,
}

impl RequestLog {
    pub(crate) fn new(log: Log) -> Self {
        Self { log, told_of_cookies: AtomicBool::new(false) }
    }

    fn report(&self, scope: Scope<'_>, report: &Report) {
        match report {
            Report::Cookies { variants, lost } => {
                if *variants && !self.told_of_cookies.swap(true, Ordering::Relaxed) {
                    scope.info(COOKIES, &[]);
                }
                if *lost > 0 {
                    scope.warn(COOKIES_LOST, &[("cookies", (*lost).into())]);
                }
            }
            Report::NotAnswered { kind, message } => scope.error(message, &[("errorType", (*kind).into())]),
            Report::BadEvent { at, reason } => {
                scope.error("the event is invalid", &[("at", at.as_str().into()), ("error", reason.as_str().into())]);
            }
            Report::EventPath { path } => {
                scope.warn(
                    "a client asked for the path of events, which only Lambda may",
                    &[("path", path.as_str().into())],
                );
            }
            Report::Event { error } => scope.error("the event failed", &[("error", error.as_str().into())]),
            Report::Records { failed, count, of } => {
                for (id, error) in failed {
                    scope.warn("a record failed", &[("record", id.as_str().into()), ("error", error.as_str().into())]);
                }
                scope.error("records of the batch failed", &[("failed", (*count).into()), ("of", (*of).into())]);
            }
            Report::Handler { fault, message } => {
                scope.failed(Level::Error, ("kind", Kind::from(fault).name()), fault, message);
            }
            Report::Failed { kind, message, error } => {
                scope.error(message, &[("kind", kind.name().into()), ("error", Value::Text(error))]);
            }
        }
    }
}

impl Observer for RequestLog {
    fn on(&self, invocation: &Invocation, step: &Step<'_>) {
        let scope = invocation.scope(&self.log);
        match step {
            Step::Guest(GuestStep::Lines(lines)) => {
                let scope = if lines.certain { scope } else { self.log.host() };
                lines.count_logged(scope.guest_lines(lines.stream, &mut lines.iter()));
            }
            Step::Guest(GuestStep::Message(message)) => {
                let scope = if message.certain { scope } else { self.log.host() };
                message.count_logged(scope.guest_message(message));
            }
            Step::Guest(GuestStep::Outgoing(notice)) => outgoing(scope, notice),
            Step::Report(report) => self.report(scope, report),
            Step::After(Late::Fault(fault)) => {
                scope.failed(Level::Warn, ("when", AFTER), fault, &invocation.message(fault));
            }
            Step::After(Late::Panic(panic)) => {
                panic.log(scope, "the host failed after the answer; this is an error in funcserver");
            }
            Step::Guest(_) | Step::Decoded | Step::Encoded(_) | Step::Sent | Step::After(Late::Well) => {}
        }
    }
}

fn outgoing(scope: Scope<'_>, notice: &Notice) {
    match notice {
        Notice::Denied { to, reason, allow } => {
            let setting = allow.as_ref().map(|entry| format!("[network] allow = [\"{entry}\"]"));
            let mut fields = vec![("to", to.as_str().into()), ("reason", reason.as_str().into())];
            fields.extend(setting.as_deref().map(|setting| ("setting", setting.into())));
            scope.warn(format!("an outgoing {} was denied", thing(to)), &fields);
        }
        Notice::Failed { to, reason } => {
            let fields = [("to", to.as_str().into()), ("reason", reason.as_str().into())];
            scope.warn(format!("an outgoing {} failed", thing(to)), &fields);
        }
    }
}

/// What goes to this origin. Requests have an origin of HTTP; everything else is about TCP.
fn thing(to: &str) -> &'static str {
    if to.starts_with("http://") || to.starts_with("https://") { "request" } else { "connection" }
}
