//! Signs outgoing requests with the function's AWS credentials, which no handler sees.
//!
//! A guest signs with stand-ins, as an AWS SDK does by itself. The host replaces that signature by one for the same
//! service and region, for the host that the request goes to and for nothing else: the signature covers it.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use funcserver_aws::{CredentialsError, Intent, IntentError, Payload, Provider, SignError, sign};
use http::header::{CONTENT_LENGTH, TRAILER};
use http::request::Parts;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::{Error, WasiBody};

use super::allow::Allow;
use super::buffered_body::{BufferError, buffered, drain};
use super::framing;
use crate::memory_left::MemoryLeft;

/// What the host signs, and with which credentials.
#[derive(Clone)]
pub struct Signing {
    /// The origins whose requests are signed. They are allowed too.
    pub origins: Allow,
    /// The function's credentials.
    pub credentials: Arc<Provider>,
}

/// The reason why a request is not signed. The text is for operators and for the guest, and contains no key.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unsigned {
    #[error(transparent)]
    Refused(IntentError),
    #[error(transparent)]
    Credentials(CredentialsError),
    #[error(transparent)]
    Signature(SignError),
    #[error(transparent)]
    Body(BufferError),
}

impl Signing {
    /// Signs a request, whose address is the checked origin's. A body that is hashed is buffered in `memory` first.
    pub(super) async fn sign(
        &self,
        request: Request<WasiBody>,
        memory: &Arc<MemoryLeft>,
    ) -> Result<Request<WasiBody>, Unsigned> {
        let (mut parts, mut body) = request.into_parts();
        match self.sign_parts(&mut parts, &mut body, memory).await {
            Ok(()) => Ok(Request::from_parts(parts, body)),
            Err(reason) => {
                drain(body).await;
                Err(reason)
            }
        }
    }

    async fn sign_parts(
        &self,
        parts: &mut Parts,
        body: &mut WasiBody,
        memory: &Arc<MemoryLeft>,
    ) -> Result<(), Unsigned> {
        let Intent { scope, stated } = Intent::of(parts).map_err(Unsigned::Refused)?;
        let bytes = match stated {
            Some(_) => Bytes::new(),
            None => {
                let length = framing::stated_length(&parts.headers);
                let read = std::mem::replace(body, whole(Bytes::new()));
                buffered(read, length, memory.clone()).await.map_err(Unsigned::Body)?
            }
        };
        let credentials = self.credentials.current().await.map_err(Unsigned::Credentials)?;
        let payload = stated.map_or(Payload::Bytes(&bytes), Payload::Stated);
        sign(parts, payload, &scope, &credentials, SystemTime::now()).map_err(Unsigned::Signature)?;
        if stated.is_none() {
            frame(parts, bytes.len());
            *body = whole(bytes);
        }
        Ok(())
    }
}

fn whole(bytes: Bytes) -> WasiBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// States the length of a buffered body, which has no trailers.
fn frame(parts: &mut Parts, length: usize) {
    parts.headers.remove(TRAILER);
    if length > 0 {
        parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

impl Unsigned {
    /// Whether the request itself is the reason, and not what the host lacks.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Signature(SignError::Header(_)))
    }

    /// The error that the guest gets: its own, or one with the reason in words.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Body(BufferError::Guest(error)) => error,
            reason => Error::InternalError(Some(format!("the host did not sign the request: {reason}"))),
        }
    }
}
