//! Signature Version 4, in headers.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::borrow::Cow;
use std::time::SystemTime;

use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings, UriPathNormalizationMode,
    sign as sign_http,
};
use aws_sigv4::sign::v4;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRAILER, TRANSFER_ENCODING, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::credentials::Credentials;
use crate::scope::CredentialScope;

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
pub(crate) const PAYLOAD: HeaderName = HeaderName::from_static("x-amz-content-sha256");
const TRACE: HeaderName = HeaderName::from_static("x-amzn-trace-id");

/// Headers that are not signed: connections and proxies set or change them.
const UNSIGNED: [HeaderName; 9] =
    [AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, TE, TRAILER, TRANSFER_ENCODING, USER_AGENT, TRACE];

/// What the signature says of the request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// The hash of these bytes.
    Bytes(&'a [u8]),
    /// A word in place of the hash.
    Stated(Stated),
}

/// A word of S3 in place of a body's hash, which says how the body is protected instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stated {
    /// `UNSIGNED-PAYLOAD`: by TLS.
    Unsigned,
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`: by TLS, and a checksum at its end.
    UnsignedTrailer,
}

/// The reason why a request cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A header's value is not text.
    #[error("the header {0} has bytes that are not UTF-8, which no signature can contain")]
    Header(HeaderName),
    /// The address cannot be signed.
    #[error(
        "the request's address cannot be signed: it must be absolute, with characters that are valid in an address"
    )]
    Address,
    /// The credentials cannot be in a header.
    #[error("the AWS credentials have characters that no header may have: set them again")]
    Credentials,
}

/// Signs a request with an absolute address: sets `authorization`, `x-amz-date`, and, if the credentials have a token,
/// `x-amz-security-token`. With S3, or where the request has it already, `x-amz-content-sha256` is set too.
///
/// All other headers are signed, except those that connections and proxies change. The host is that of the address; the
/// request must have no other one.
///
/// # Errors
/// The request cannot be signed. It is then without a signature.
pub fn sign(
    parts: &mut Parts,
    payload: Payload<'_>,
    scope: &CredentialScope,
    credentials: &Credentials,
    now: SystemTime,
) -> Result<(), SignError> {
    let states_payload = scope.is_s3() || matches!(payload, Payload::Stated(_)) || parts.headers.contains_key(&PAYLOAD);
    for name in [&AUTHORIZATION, &DATE, &TOKEN, &PAYLOAD] {
        parts.headers.remove(name);
    }
    let identity = credentials.keys().clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&scope.region)
        .name(&scope.service)
        .time(now)
        .settings(settings(scope, states_payload))
        .build()
        .map_err(|_| SignError::Credentials)?
        .into();
    let headers = text(&parts.headers)?;
    let body = match payload {
        Payload::Bytes(bytes) => SignableBody::Bytes(bytes),
        Payload::Stated(Stated::Unsigned) => SignableBody::UnsignedPayload,
        Payload::Stated(Stated::UnsignedTrailer) => SignableBody::StreamingUnsignedPayloadTrailer,
    };
    if parts.uri.authority().is_none() {
        return Err(SignError::Address);
    }
    let uri = parts.uri.to_string();
    let request = SignableRequest::new(parts.method.as_str(), uri, headers.into_iter(), body);
    let request = request.map_err(|_| SignError::Address)?;
    let signed = sign_http(request, &params).map_err(|_| SignError::Credentials)?;
    let (signature, _) = signed.into_parts();
    let set = signature.into_parts().0.into_iter().map(|header| {
        let mut value = HeaderValue::try_from(header.value()).map_err(|_| SignError::Credentials)?;
        value.set_sensitive(header.sensitive());
        Ok((HeaderName::from_static(header.name()), value))
    });
    parts.headers.extend(set.collect::<Result<HeaderMap, _>>()?);
    Ok(())
}

fn settings(scope: &CredentialScope, states_payload: bool) -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.excluded_headers = Some(UNSIGNED.iter().map(|name| Cow::Owned(name.as_str().to_owned())).collect());
    if states_payload {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    if scope.is_s3() {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

/// The headers that are signed, as text.
fn text(headers: &HeaderMap) -> Result<Vec<(&str, &str)>, SignError> {
    let signed = headers.iter().filter(|(name, _)| !UNSIGNED.contains(name));
    let text = signed.map(|(name, value)| {
        let value = std::str::from_utf8(value.as_bytes()).map_err(|_| SignError::Header(name.clone()))?;
        Ok((name.as_str(), value))
    });
    text.collect()
}

#[cfg(test)]
mod tests;
