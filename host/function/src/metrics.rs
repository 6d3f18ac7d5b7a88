//! Faults as a metric of CloudWatch: lines in embedded metric format (EMF), which Lambda's log carries there.
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::io::{self, Write};
use std::time::SystemTime;

use serde_json::json;

use crate::failure::Kind;
use crate::invocation::Invocation;
use crate::observer::{Observer, Step};

/// The namespace that the metric is found in.
pub(crate) const NAMESPACE: &str = "funcserver";

/// Writes one line a fault to standard output.
pub(crate) struct Metrics;

impl Observer for Metrics {
    fn on(&self, invocation: &Invocation, step: &Step<'_>) {
        if let Step::Report(report) = step
            && let Some(kind) = report.fault()
        {
            let line = line(kind, invocation.id(), SystemTime::now());
            // A line that cannot be written is lost: the fault itself is in the log.
            let _ = io::stdout().lock().write_all(line.as_bytes());
        }
    }
}

/// One line, whatever the log's format: CloudWatch finds the metric by its shape.
fn line(kind: Kind, request_id: &str, now: SystemTime) -> String {
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    let metric = json!({
        "_aws": {
            "Timestamp": milliseconds,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["kind"]],
                "Metrics": [{"Name": "Faults", "Unit": "Count"}],
            }],
        },
        "kind": kind.name(),
        "Faults": 1,
        "requestId": request_id,
    });
    format!("{metric}\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_is_what_the_format_asks_for() {
        let line = line(Kind::Trap, "id-1", SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        let metric: serde_json::Value = serde_json::from_str(&line).unwrap();
        let directive = &metric["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metric["_aws"]["Timestamp"], 1_700_000_000_123_u64);
        for dimension in directive["Dimensions"][0].as_array().unwrap() {
            assert!(metric[dimension.as_str().unwrap()].is_string(), "{dimension}");
        }
        for name in directive["Metrics"].as_array().unwrap() {
            assert!(metric[name["Name"].as_str().unwrap()].is_number(), "{name}");
        }
    }
}
