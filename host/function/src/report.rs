//! What the log and the metrics are told of an answer, once it is on its way: whoever reads the log may be slow, and must
//! not delay an answer.

use funcserver_engine::Fault;

use crate::failure::Kind;
use crate::log::Value;
use crate::metrics::Metrics;
use crate::request_log::RequestLog;

/// Said once a process: AWS promises nothing about it.
const COOKIES: &str = "several cookies go out as set-cookie in variants of letter case, as the target group has \
                       single-value headers; multi-value headers need no such help, alb.cookie-variants = false ends it";

const COOKIES_LOST: &str = "cookies are lost: single-value headers carry one, unless alb.cookie-variants = true; \
                            multi-value headers of the target group carry all";

/// What became of an event.
#[derive(Debug)]
pub(crate) enum Report {
    /// A good answer, with something to be said about its cookies.
    Cookies {
        /// They go out in variants of letter case, for the first time.
        variants: bool,
        /// So many are lost.
        lost: usize,
    },
    /// The event is none that can be answered.
    NotAnswered { kind: &'static str, message: String },
    /// The event's contents are wrong.
    BadEvent { at: String, reason: String },
    /// The handler failed, which is called so.
    Handler { fault: Fault, message: String },
    /// There is no good answer: `message` says what failed, and `error` how.
    Failed { kind: Kind, message: &'static str, error: String },
}

impl Report {
    /// Writes it.
    pub(crate) fn write(&self, log: &RequestLog, metrics: Metrics) {
        let scope = log.scope();
        match self {
            Self::Cookies { variants, lost } => {
                if *variants {
                    scope.info(COOKIES, &[]);
                }
                if *lost > 0 {
                    scope.warn(COOKIES_LOST, &[("cookies", (*lost).into())]);
                }
            }
            Self::NotAnswered { kind, message } => scope.error(message, &[("errorType", (*kind).into())]),
            Self::BadEvent { at, reason } => {
                scope.error("the event is invalid", &[("at", at.as_str().into()), ("error", reason.as_str().into())]);
            }
            Self::Handler { fault, message } => {
                let kind = Kind::from(fault);
                log.failed(kind, fault, message);
                metrics.count(kind, log.id());
            }
            Self::Failed { kind, message, error } => {
                scope.error(message, &[("kind", kind.name().into()), ("error", Value::Text(error))]);
                metrics.count(*kind, log.id());
            }
        }
    }
}
