//! Responses to the host.

use http::Response;
use wasip2::http::types::{ErrorCode, OutgoingResponse, ResponseOutparam};

use crate::{Body, body, fields};

/// Sends what the service has answered. An error is logged, and the host answers for it.
pub(crate) async fn send(out: ResponseOutparam, answer: Result<Response<Body>, String>) {
    let response = match answer {
        Ok(response) => response,
        Err(error) => {
            eprintln!("{error}");
            return ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(error))));
        }
    };
    let (head, body) = response.into_parts();
    let outgoing = OutgoingResponse::new(fields::write(&head.headers));
    let started = outgoing.set_status_code(head.status.as_u16()).and_then(|()| outgoing.body());
    let Ok(to) = started else {
        let error = format!("the host refuses the status {}", head.status);
        return ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(error))));
    };
    ResponseOutparam::set(out, Ok(outgoing));
    if let Err(error) = body::send(body, to).await {
        eprintln!("the response's body broke off: {error}");
    }
}
