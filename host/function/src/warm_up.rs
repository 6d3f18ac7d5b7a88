//! A request of the host before the first event. It maps the code that it runs and fills caches while no request waits,
//! and while Lambda gives a start more processor time than an event.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use funcserver_engine::{Call, Facts, Guest, WholeAnswer};
use http::uri::PathAndQuery;
use http::{Request, StatusCode, header};

use crate::facts;
use crate::invocation::{Context, Invocation, Margins};
use crate::log::{Log, Value};
use crate::observer::Observers;

/// The time limit. Lambda gives a whole start ten seconds.
const TIME: Duration = Duration::from_secs(5);
/// The user agent by which a handler can recognize the request.
const USER_AGENT: &str = "funcserver-warmup";
const HOST: &str = "localhost";
/// The largest response, in bytes: the limit of a load balancer for a health check.
const MAX_BODY: usize = 1 << 20;

/// Lets the guest answer `GET path`, like a health check. The answer is dropped. If it is an error, a warning is
/// logged.
pub(crate) async fn warm_up(guest: &Guest, path: &PathAndQuery, log: &Log, observers: Observers) {
    let started = Instant::now();
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + TIME;
    let deadline_ms = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
    let context = Context { deadline_ms, ..Context::default() };
    let margins = Margins { margin: Duration::ZERO, timeout: Some(TIME) };
    let call = Arc::new(Invocation::new(context, margins, observers));
    let request = match request(path, &call.facts()) {
        Ok(request) => request,
        Err(error) => return failed(log, path, &error),
    };
    let WholeAnswer { result, after } = guest.handle(request, call).await.whole(MAX_BODY).await;
    match result {
        Ok(response) if is_good(response.status()) => {}
        Ok(response) => failed(log, path, &format_args!("the answer has status {}", response.status().as_u16())),
        Err(fault) => failed(log, path, &fault),
    }
    if let Some(fault) = after.finish().await {
        failed(log, path, &fault);
    }
    let milliseconds = started.elapsed().as_millis().to_string();
    log.host().debug("the warm-up has ended", &[("ms", milliseconds.as_str().into())]);
}

fn request(path: &PathAndQuery, facts: &Facts<'_>) -> http::Result<Request<Bytes>> {
    let uri = http::Uri::builder().scheme("https").authority(HOST).path_and_query(path.clone()).build()?;
    let builder = Request::get(uri).header(header::HOST, HOST).header(header::USER_AGENT, USER_AGENT);
    let mut request = builder.body(Bytes::new())?;
    facts::insert(request.headers_mut(), facts, None);
    Ok(request)
}

fn is_good(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

fn failed(log: &Log, path: &PathAndQuery, error: &dyn std::fmt::Display) {
    let fields = [("path", path.as_str().into()), ("error", Value::Shown(error))];
    log.host().warn("the warm-up failed; events are answered anyway", &fields);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_like_a_health_check_with_its_user_agent() {
        let path = PathAndQuery::from_static("/ready?deep=1");
        let request = request(&path, &Facts { deadline_ms: 5, ..Facts::default() }).unwrap();
        assert_eq!(request.uri(), "https://localhost/ready?deep=1");
        assert_eq!(request.headers()["host"], "localhost");
        assert_eq!(request.headers()["user-agent"], "funcserver-warmup");
        assert!(request.headers()["x-amzn-lambda-context"].to_str().unwrap().contains("\"deadline\":5"));
        assert!(!request.headers().contains_key("x-funcserver-client"));
    }

    #[test]
    fn redirects_are_good_answers_and_errors_are_not() {
        assert!(is_good(StatusCode::NO_CONTENT) && is_good(StatusCode::SEE_OTHER));
        assert!(!is_good(StatusCode::NOT_FOUND) && !is_good(StatusCode::INTERNAL_SERVER_ERROR));
    }
}
