//! The events that a load balancer sends.

use std::net::IpAddr;

use bytes::Bytes;
use funcserver_events::alb;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Uri, header};

use super::error_page::Refusal;
use super::{BalancerOptions, body, check, forward};

/// The `user-agent`, the only header of a health check (AWS, "Lambda functions as targets", "Health checks").
const HEALTH_CHECKER: HeaderValue = HeaderValue::from_static("ELB-HealthChecker/2.0");

/// The event that the load balancer on `port` sends for a request of `client`, without a socket.
///
/// # Errors
/// [`Refusal`], if the load balancer would reject the request itself.
pub fn event(request: Request<Bytes>, client: IpAddr, port: u16, options: &BalancerOptions) -> Result<Bytes, Refusal> {
    let (head, body) = request.into_parts();
    check::check(&head)?;
    body::check(&body)?;
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
    made(&request, options)
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
    made(&request, options)
}

fn made(request: &Request<Bytes>, options: &BalancerOptions) -> Result<Bytes, Refusal> {
    Ok(alb::event(request, options.header_mode, &options.target_group_arn)?.into())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use serde_json::{Value, json};

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

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
    fn a_health_check_has_one_header() {
        let event = parsed(health_check(PathAndQuery::from_static("/health"), &BalancerOptions::default()));
        assert_eq!(event["headers"], json!({ "user-agent": "ELB-HealthChecker/2.0" }));
        assert_eq!((&event["httpMethod"], &event["path"]), (&json!("GET"), &json!("/health")));
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!(""), &json!(false)));
    }
}
