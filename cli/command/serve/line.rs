//! The line on stderr for each request.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use funcserver_function::Times;
use funcserver_local::balancer::Record;

use crate::output::{self, printable};

/// Writes the line of one request.
pub(super) fn tell(record: &Record) {
    output::note(line(record));
}

/// Where the time of a request went.
pub(super) fn note(times: Times) -> String {
    format!("decode {} guest {} encode {}", Time(times.decode), Time(times.guest), Time(times.encode))
}

fn line(record: &Record) -> String {
    let mut line = format!("{} {} {}", printable(&record.method), printable(&record.target), record.status);
    // Writing to a string does not fail.
    match &record.note {
        Some(note) => _ = write!(line, " {note}"),
        None => _ = write!(line, " in {}", Time(record.duration)),
    }
    let reason = record.reason.into_iter().map(str::to_owned);
    for text in reason.chain(record.detail.as_deref().map(printable)) {
        _ = write!(line, " {text}");
    }
    line
}

/// A time in milliseconds.
pub(super) struct Time(pub(super) Duration);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} ms", self.0.as_secs_f64() * 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        Record {
            client: ([127, 0, 0, 1], 40000).into(),
            method: "GET".into(),
            target: "/products?a=1".into(),
            status: 200,
            reason: None,
            detail: None,
            duration: Duration::from_micros(900),
            note: None,
        }
    }

    #[test]
    fn a_request_is_one_line_with_its_times() {
        let times = Times {
            decode: Duration::from_micros(50),
            guest: Duration::from_micros(612),
            encode: Duration::from_micros(21),
        };
        let record = Record { note: Some(note(times)), ..record() };
        assert_eq!(line(&record), "GET /products?a=1 200 decode 0.05 ms guest 0.61 ms encode 0.02 ms");
    }

    #[test]
    fn a_refused_request_has_its_reason() {
        let (reason, detail) = (Some("LambdaInvalidResponse"), Some("no\u{1b}[2J JSON".to_owned()));
        let record = Record { status: 502, reason, detail, ..record() };
        assert_eq!(line(&record), "GET /products?a=1 502 in 0.90 ms LambdaInvalidResponse no JSON");
    }
}
