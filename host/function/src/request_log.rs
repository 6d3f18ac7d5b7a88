//! The log as an observer: what happens to an invocation, with its request id.

use std::sync::atomic::{AtomicBool, Ordering};

use funcserver_engine::{GuestStep, Notice};

use crate::failure::Kind;
use crate::invocation::Invocation;
use crate::log::{Level, Log, Scope, Value};
use crate::observer::{Late, Observer, Step};
use crate::report::Report;

/// When a failure happened that has cost no answer.
const AFTER: &str = "after the answer";

/// Said once a process: AWS promises nothing about it.
const COOKIES: &str = "several cookies go out as set-cookie in variants of letter case, as the target group has \
                       single-value headers; multi-value headers need no such help, alb.cookie-variants = false ends it";

const COOKIES_LOST: &str = "cookies are lost: single-value headers carry one, unless alb.cookie-variants = true; \
                            multi-value headers of the target group carry all";

/// Writes what the guest prints, and what goes wrong.
pub(crate) struct RequestLog {
    log: Log,
    /// Whether the log has said that cookies go out in variants of letter case.
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
            scope.warn("an outgoing request was denied", &fields);
        }
        Notice::Failed { to, reason } => {
            let fields = [("to", to.as_str().into()), ("reason", reason.as_str().into())];
            scope.warn("an outgoing request failed", &fields);
        }
    }
}
