//! The events that the front end sends.

use std::net::{IpAddr, Ipv4Addr};
use std::time::SystemTime;

use bytes::Bytes;
use funcserver_events::{EventFacts, FrontKind};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, StatusCode, Uri, header};

use super::error_page::Refusal;
use super::{BalancerOptions, DEFAULT_STAGE, body, check, forward};
use crate::id;

/// The `user-agent`, the only header of a health check (AWS, "Lambda functions as targets", "Health checks").
const HEALTH_CHECKER: HeaderValue = HeaderValue::from_static("ELB-HealthChecker/2.0");

/// The domains of the local front ends. A function URL is told from an API by its own.
const URL_DOMAIN: &str = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws";
const API_DOMAIN: &str = "a1b2c3d4e5.execute-api.us-east-1.amazonaws.com";

/// The event that the load balancer on `port` sends for a request of `client`, without a socket.
///
/// # Errors
/// [`Refusal`], if the load balancer would reject the request itself.
pub fn event(request: Request<Bytes>, client: IpAddr, port: u16, options: &BalancerOptions) -> Result<Bytes, Refusal> {
    let (head, body) = request.into_parts();
    check::check(&head)?;
    body::check(&body, options.max_body())?;
    forwarded(Request::from_parts(head, body), client, port, options)
}

/// The event of a health check of this path. It has only what a load balancer sends: no `host` and no `x-forwarded-…`
/// headers.
///
/// # Errors
/// The path does not begin with `/`.
pub fn health_check(path: PathAndQuery, options: &BalancerOptions) -> Result<Bytes, Refusal> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = Uri::from(path);
    request.headers_mut().insert(header::USER_AGENT, HEALTH_CHECKER);
    made(&request, IpAddr::V4(Ipv4Addr::LOCALHOST), options)
}

/// The event of a checked request, with the headers that the load balancer adds.
pub(super) fn forwarded(
    mut request: Request<Bytes>,
    client: IpAddr,
    port: u16,
    options: &BalancerOptions,
) -> Result<Bytes, Refusal> {
    let uri = request.uri().clone();
    forward::forward(request.headers_mut(), &uri, client, port);
    leave_stage(&mut request, options)?;
    made(&request, client, options)
}

/// Removes the stage of an API from the path. The event has it again, where its front end puts it.
fn leave_stage(request: &mut Request<Bytes>, options: &BalancerOptions) -> Result<(), Refusal> {
    let is_api = matches!(options.front, FrontKind::HttpApi1 | FrontKind::HttpApi2 | FrontKind::Rest);
    if !is_api || options.stage == DEFAULT_STAGE {
        return Ok(());
    }
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = target.strip_prefix('/').and_then(|target| target.strip_prefix(options.stage.as_str()));
    let rest = match rest {
        Some("") => Some("/".to_owned()),
        Some(rest) if rest.starts_with('/') => Some(rest.to_owned()),
        Some(rest) if rest.starts_with('?') => Some(format!("/{rest}")),
        _ => None,
    };
    let rest: Option<PathAndQuery> = rest.and_then(|rest| rest.parse().ok());
    let Some(rest) = rest else {
        let detail = format!("the stage of the API is {0}: ask for paths that begin with /{0}/", options.stage);
        return Err(Refusal::new(StatusCode::FORBIDDEN, detail));
    };
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.path_and_query = Some(rest);
    *request.uri_mut() =
        Uri::from_parts(parts).map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, error.to_string()))?;
    Ok(())
}

fn made(request: &Request<Bytes>, client: IpAddr, options: &BalancerOptions) -> Result<Bytes, Refusal> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let domain = if options.front == FrontKind::Url { URL_DOMAIN } else { API_DOMAIN };
    let facts = EventFacts {
        target_group_arn: options.target_group_arn.clone(),
        domain: domain.into(),
        stage: options.stage.clone(),
        client: client.to_canonical().to_string(),
        request_id: id::request_id(),
        time_ms: u64::try_from(now.as_millis()).unwrap_or_default(),
    };
    Ok(options.front.event(request, &facts)?.into())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::{Value, json};

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn parsed(event: Result<Bytes, Refusal>) -> Value {
        serde_json::from_slice(&event.unwrap()).unwrap()
    }

    #[test]
    fn an_event_has_what_the_load_balancer_adds() {
        let request = Request::post("/a?b=1").header("host", "x").body(Bytes::from_static(b"hi")).unwrap();
        let event = parsed(event(request, CLIENT, 8080, &BalancerOptions::default()));
        assert_eq!((&event["path"], &event["queryStringParameters"]["b"]), (&json!("/a"), &json!("1")));
        assert_eq!(event["headers"]["x-forwarded-for"], "127.0.0.1");
        assert_eq!(event["headers"]["x-forwarded-port"], "8080");
        assert!(event["headers"]["x-amzn-trace-id"].as_str().unwrap().starts_with("Root=1-"), "{event}");
    }

    #[test]
    fn a_rejected_request_makes_no_event() {
        let refused = |request: http::request::Builder, body: usize| {
            let request = request.header("host", "x").body(Bytes::from(vec![b'x'; body])).unwrap();
            event(request, CLIENT, 80, &BalancerOptions::default())
                .map_or_else(|refusal| refusal.status, |_| StatusCode::OK)
        };
        assert_eq!(refused(Request::post("/"), 1 << 20), 200);
        assert_eq!(refused(Request::post("/"), (1 << 20) + 1), 413);
        assert_eq!(refused(Request::builder().method("TRACE"), 0), 405);
        assert_eq!(refused(Request::options("*"), 0), 400);
    }

    #[test]
    fn each_front_end_sends_its_own_event() {
        let options = |front| BalancerOptions { front, ..BalancerOptions::default() };
        let sent = |options: &BalancerOptions, path: &str| {
            event(Request::get(path).header("host", "x").body(Bytes::new()).unwrap(), CLIENT, 8080, options)
        };
        let url = parsed(sent(&options(FrontKind::Url), "/a%20b?c"));
        assert_eq!((&url["rawPath"], &url["rawQueryString"]), (&json!("/a%20b"), &json!("c")));
        assert_eq!(url["requestContext"]["http"]["sourceIp"], "127.0.0.1");
        let live = |front| options(front).at_stage(Some("live".into()));
        let api = parsed(sent(&live(FrontKind::HttpApi2), "/live/a%20b"));
        assert_eq!(api["rawPath"], "/live/a b");
        let rest = parsed(sent(&live(FrontKind::Rest), "/live?x=a+b"));
        assert_eq!((&rest["path"], &rest["requestContext"]["path"]), (&json!("/"), &json!("/live/")));
        assert_eq!(rest["multiValueQueryStringParameters"]["x"], json!(["a b"]));
        assert_eq!(sent(&live(FrontKind::Rest), "/lively").unwrap_err().status, 403);
        let lattice = parsed(sent(&options(FrontKind::Lattice2), "/live"));
        assert_eq!((&lattice["path"], &lattice["headers"]["host"]), (&json!("/live"), &json!(["x"])));
    }

    #[test]
    fn a_health_check_has_one_header() {
        let event = parsed(health_check(PathAndQuery::from_static("/health"), &BalancerOptions::default()));
        assert_eq!(event["headers"], json!({ "user-agent": "ELB-HealthChecker/2.0" }));
        assert_eq!((&event["httpMethod"], &event["path"]), (&json!("GET"), &json!("/health")));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(""), &json!(false)));
    }
}
