//! Reads the body of a request, up to the limit of the front end.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use super::error_page::Refusal;

/// The most bytes of a too large body that are read and discarded: most clients read the response only after they have
/// sent the whole body.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;
/// The idle timeout of a load balancer.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// Rejects a body that is too large.
pub(super) fn check(body: &[u8], limit: usize) -> Result<(), Refusal> {
    if body.len() > limit { Err(too_large(limit)) } else { Ok(()) }
}

/// Reads a whole body.
pub(super) async fn read(headers: &HeaderMap, mut body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit && headers.contains_key(header::EXPECT) {
        return Err(too_large(limit));
    }
    let mut bytes = BytesMut::with_capacity(announced.min(limit));
    let mut size = 0;
    while let Some(frame) = tokio::time::timeout(IDLE, body.frame()).await.map_err(|_| too_slow())? {
        let frame =
            frame.map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, format!("unreadable body: {error}")))?;
        // An event cannot represent trailers.
        let Ok(data) = frame.into_data() else { continue };
        size += data.len();
        if size > MAX_DISCARDED {
            break;
        } else if size > limit {
            bytes.clear();
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    if size > limit { Err(too_large(limit)) } else { Ok(bytes.freeze()) }
}

fn too_large(limit: usize) -> Refusal {
    let detail = format!("the body has more than {limit} bytes");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, detail).with_reason("LambdaRequestTooLarge")
}

fn too_slow() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, format!("no part of the body arrived for {} seconds", IDLE.as_secs()))
}
