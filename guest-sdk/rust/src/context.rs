//! The Lambda invocation behind a request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use serde::Deserialize;

/// The Lambda invocation behind a request. [`serve`](crate::serve) adds it to the request's extensions, so that axum's
/// `Extension<LambdaContext>` extracts it. A request without the header `x-amzn-lambda-context` has none: use
/// `Option<Extension<LambdaContext>>` where the app also runs natively.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct LambdaContext {
    /// The request's id, which is in each of its log records too.
    pub request_id: String,
    /// Lambda ends the invocation at this time: milliseconds since 1970.
    #[serde(rename = "deadline")]
    pub deadline_ms: u64,
    /// The function's ARN, with the version or alias that was called.
    pub invoked_function_arn: String,
    /// The value for the header `x-amzn-trace-id` of requests that belong to the trace.
    pub xray_trace_id: Option<String>,
}

impl LambdaContext {
    /// The context in the headers of a request; `None` if there is none, or no whole one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<LambdaContext> {
        serde_json::from_slice(headers.get("x-amzn-lambda-context")?.as_bytes()).ok()
    }

    /// The time that is left.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Duration::from_millis(self.deadline_ms).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(header: &'static str) -> Option<LambdaContext> {
        LambdaContext::of(&HeaderMap::from_iter([("x-amzn-lambda-context".parse().unwrap(), header.parse().unwrap())]))
    }

    #[test]
    fn the_header_is_read() {
        let context = of(r#"{"request_id":"8476","deadline":1,"invoked_function_arn":"arn:f","xray_trace_id":null}"#);
        let context = context.unwrap();
        assert_eq!((context.request_id.as_str(), context.invoked_function_arn.as_str()), ("8476", "arn:f"));
        assert_eq!(context.xray_trace_id, None);
        assert_eq!(context.remaining(), Duration::ZERO);
    }

    #[test]
    fn the_deadline_is_ahead() {
        let context =
            of(r#"{"request_id":"r","deadline":99999999999999,"invoked_function_arn":"","xray_trace_id":"t"}"#);
        let context = context.unwrap();
        assert!(context.remaining() > Duration::from_hours(1));
        assert_eq!(context.xray_trace_id.as_deref(), Some("t"));
    }

    #[test]
    fn without_a_whole_header_there_is_none() {
        assert_eq!(LambdaContext::of(&HeaderMap::new()), None);
        for header in ["", "{", "\"text\"", r#"{"request_id":"r"}"#] {
            assert_eq!(of(header), None, "{header}");
        }
    }
}
