//! The error responses of the load balancer itself.

use bytes::Bytes;
use funcserver_events::{EventError, ReplyError};
use http::{HeaderValue, Response, StatusCode, header};

use crate::{InvocationError, InvocationErrorKind};

/// The reason why the load balancer answers a request itself, instead of the function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {}: {detail}", status.as_str(), phrase(*status))]
pub struct Refusal {
    /// The status of the response.
    pub status: StatusCode,
    /// The access log's `error_reason`.
    pub reason: Option<&'static str>,
    /// The found and the accepted value.
    pub detail: String,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, reason: None, detail: detail.into() }
    }

    pub(super) fn with_reason(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// The HTML page with the error.
    pub(super) fn page(&self, front: &str) -> Response<Bytes> {
        let title = format!("{} {}", self.status.as_str(), phrase(self.status));
        let reason = self.reason.map(|reason| format!("{reason}: ")).unwrap_or_default();
        let detail = escaped(&self.detail);
        let html = format!(
            "<!doctype html>\n<title>{title}</title>\n<h1>{title}</h1>\n<p>{reason}{detail}</p>\n\
             <hr>\n<p>funcserver, in the place of {front}</p>\n"
        );
        let mut page = Response::new(Bytes::from(html));
        *page.status_mut() = self.status;
        page.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        page
    }
}

impl From<EventError> for Refusal {
    fn from(error: EventError) -> Self {
        let refusal = Self::new(StatusCode::BAD_REQUEST, error.to_string());
        match error {
            EventError::Target { .. } => refusal,
            EventError::Value { .. } => refusal.with_reason("LambdaBadRequest"),
        }
    }
}

impl From<InvocationError> for Refusal {
    fn from(error: InvocationError) -> Self {
        let reason = match error.kind {
            InvocationErrorKind::Throttled => "LambdaThrottling",
            InvocationErrorKind::TooLarge => "LambdaResponseTooLarge",
            InvocationErrorKind::Function(_)
            | InvocationErrorKind::Init(_)
            | InvocationErrorKind::Entrypoint
            | InvocationErrorKind::Exited
            | InvocationErrorKind::TimedOut => "LambdaUnhandled",
        };
        Self::new(StatusCode::BAD_GATEWAY, error.to_string()).with_reason(reason)
    }
}

impl From<ReplyError> for Refusal {
    fn from(error: ReplyError) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, error.to_string()).with_reason(error.reason())
    }
}

/// The reason phrase of a status. A load balancer's own statuses have no registered one.
pub(super) fn phrase(status: StatusCode) -> &'static str {
    match status.as_u16() {
        463 => "Too Many Forwarded Addresses",
        _ => status.canonical_reason().unwrap_or("Unknown"),
    }
}

/// Escapes text for HTML. The detail of an error may contain text from a client or a function.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_escapes_markup() {
        let refusal =
            Refusal::new(StatusCode::BAD_GATEWAY, "<script>'x' & \"y\"</script>").with_reason("LambdaUnhandled");
        let body = refusal.page("the load balancer").into_body();
        let html = std::str::from_utf8(&body).unwrap();
        assert!(
            html.contains("<p>LambdaUnhandled: &lt;script&gt;&#39;x&#39; &amp; &quot;y&quot;&lt;/script&gt;</p>"),
            "{html}"
        );
    }
}
