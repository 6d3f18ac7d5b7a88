//! Reads what the signature of a guest is for. The host replaces that signature by its own.

use std::borrow::Cow;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::scope::CredentialScope;
use crate::services::HostFacts;
use crate::sign::{PAYLOAD, Stated};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The credentials of a session with S3 Express.
const EXPRESS_TOKEN: HeaderName = HeaderName::from_static("x-amz-s3session-token");
/// The longest name of a service or region.
const MAX_NAME: usize = 64;

/// What a guest's signature is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The service and the region.
    pub scope: CredentialScope,
    /// What is in place of the body's hash, if it is not to be hashed.
    pub stated: Option<Stated>,
}

/// The reason why a request is not signed. None of them has a value of the request that may be secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntentError {
    /// There is no signature.
    #[error(
        "the request is not signed: send it with an AWS SDK, whose signature the host replaces, or, if it needs none, \
         move the origin from network.sign-aws to network.allow"
    )]
    Unsigned,
    /// The request is presigned.
    #[error(
        "the address is presigned, and the host signs in headers only: send the request with an AWS SDK instead; an \
         address that somebody else has signed needs its origin in network.allow, not in network.sign-aws"
    )]
    Presigned,
    /// The authorization is of another kind.
    #[error(
        "the authorization is not of Signature Version 4 (AWS4-HMAC-SHA256), which is all that the host signs with: use \
         an AWS SDK with its default, or move the origin from network.sign-aws to network.allow"
    )]
    Other,
    /// The signature is of several regions.
    #[error(
        "the host does not sign with SigV4A (AWS4-ECDSA-P256-SHA256), as for multi-region access points and global \
         endpoints: call the endpoint of one region"
    )]
    Asymmetric,
    /// The pieces of the body are signed.
    #[error(
        "the pieces of the body are signed (STREAMING-AWS4-HMAC-SHA256-PAYLOAD), for which the host has no keys to give: \
         switch chunk signatures off in the SDK, so that it sends UNSIGNED-PAYLOAD or the hash of the body"
    )]
    Chunks,
    /// The body is a stream of signed events.
    #[error("the host does not sign event streams: call an operation of the service that has a body instead")]
    Events,
    /// The request belongs to a session of S3 Express.
    #[error(
        "the host does not sign for S3 Express, whose sessions have keys of their own: use a general purpose bucket"
    )]
    Express,
    /// A header of the signature cannot be understood.
    #[error("the header {0} of the request is not as an AWS SDK writes it, once and in its documented form")]
    Malformed(HeaderName),
    /// The signature is for another region than the host's.
    #[error(
        "the handler's SDK signs for the region {asked}, but {host} is in {region}: give its client the region {region}"
    )]
    Region {
        /// The region of the signature.
        asked: String,
        /// The host's region.
        region: String,
        /// The host of the request.
        host: String,
    },
    /// The signature is for another service than the host's.
    #[error("the handler's SDK signs for the service {asked}, but {host} is one of {service}: check its endpoint")]
    Service {
        /// The service of the signature.
        asked: String,
        /// The host's service.
        service: &'static str,
        /// The host of the request.
        host: String,
    },
}

impl Intent {
    /// Reads the signature of a request to the host of its address.
    ///
    /// # Errors
    /// There is none, or none that the host can replace.
    pub fn of(parts: &Parts) -> Result<Self, IntentError> {
        let query = parts.uri.query().unwrap_or_default();
        if is_presigned(query) {
            return Err(IntentError::Presigned);
        }
        let headers = &parts.headers;
        if headers.contains_key(EXPRESS_TOKEN) {
            return Err(IntentError::Express);
        }
        let payload = one(headers, &PAYLOAD)?;
        let stated = payload.map_or(Ok(None), stated)?;
        if headers.get_all(CONTENT_TYPE).iter().any(is_events) {
            return Err(IntentError::Events);
        }
        let scope = scope(one(headers, &AUTHORIZATION)?.ok_or(IntentError::Unsigned)?)?;
        if scope.service == "s3express" {
            return Err(IntentError::Express);
        }
        scope.fits(parts.uri.host().unwrap_or_default())?;
        Ok(Self { scope, stated })
    }
}

impl CredentialScope {
    /// Checks that the host is of this service and region, as far as its name tells.
    fn fits(&self, host: &str) -> Result<(), IntentError> {
        let facts = HostFacts::of(host);
        if let Some(service) = facts.service.filter(|service| *service != self.service) {
            return Err(IntentError::Service { asked: self.service.clone(), service, host: host.to_owned() });
        }
        if let Some(region) = facts.region.filter(|region| *region != self.region) {
            let region = region.to_owned();
            return Err(IntentError::Region { asked: self.region.clone(), region, host: host.to_owned() });
        }
        Ok(())
    }
}

/// The value of a header that may be there once.
fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h str>, IntentError> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    text.map(|text| Some(text.trim())).ok_or_else(|| IntentError::Malformed(name.clone()))
}

/// The scope in `AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/SERVICE/aws4_request, …`.
fn scope(authorization: &str) -> Result<CredentialScope, IntentError> {
    let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
    match algorithm {
        ALGORITHM => {}
        _ if algorithm.starts_with("AWS4-ECDSA-") => return Err(IntentError::Asymmetric),
        _ => return Err(IntentError::Other),
    }
    let credential = rest.split(',').find_map(|part| part.trim().strip_prefix("Credential="));
    let mut parts = credential.unwrap_or_default().rsplit('/');
    match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("aws4_request"), Some(service), Some(region), Some(_), Some(_))
            if [service, region].iter().all(is_name) =>
        {
            Ok(CredentialScope { service: service.to_owned(), region: region.to_owned() })
        }
        _ => Err(IntentError::Malformed(AUTHORIZATION)),
    }
}

/// Whether a service or region may have this name.
fn is_name(name: &&str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_part)
}

/// What `x-amz-content-sha256` states in place of a hash.
fn stated(payload: &str) -> Result<Option<Stated>, IntentError> {
    match payload {
        "UNSIGNED-PAYLOAD" => Ok(Some(Stated::Unsigned)),
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Ok(Some(Stated::UnsignedTrailer)),
        "STREAMING-AWS4-HMAC-SHA256-EVENTS" => Err(IntentError::Events),
        _ if payload.starts_with("STREAMING-AWS4-ECDSA-") => Err(IntentError::Asymmetric),
        _ if payload.starts_with("STREAMING-") => Err(IntentError::Chunks),
        _ if payload.len() == 64 && payload.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(None),
        _ => Err(IntentError::Malformed(PAYLOAD)),
    }
}

/// Whether the body is a stream of events, each of which has a signature.
fn is_events(kind: &HeaderValue) -> bool {
    let kind = kind.as_bytes().to_ascii_lowercase();
    kind.starts_with(b"application/vnd.amazon.eventstream")
}

/// Whether the query has a signature: of Version 4, or of S3's Version 2.
fn is_presigned(query: &str) -> bool {
    let is_signature = |name: &str| {
        let name = decoded(name);
        ["x-amz-signature", "x-amz-credential", "x-amz-algorithm"].iter().any(|known| name.eq_ignore_ascii_case(known))
            || name == "AWSAccessKeyId"
    };
    query.split('&').any(|pair| is_signature(pair.split('=').next().unwrap_or_default()))
}

/// The name of a parameter, as a server reads it.
fn decoded(name: &str) -> Cow<'_, str> {
    percent_encoding::percent_decode_str(name).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKID/20261130/eu-west-1/dynamodb/aws4_request, \
                          SignedHeaders=host;x-amz-date, Signature=abc";
    const DYNAMODB: &str = "https://dynamodb.eu-west-1.amazonaws.com/";

    fn read(uri: &str, headers: &[(&str, &str)]) -> Result<Intent, IntentError> {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Intent::of(&request.body(()).unwrap().into_parts().0)
    }

    fn signed_for(service: &str, region: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential=A/20261130/{region}/{service}/aws4_request,SignedHeaders=host,Signature=0")
    }

    #[test]
    fn scope_and_payload_are_read() {
        let scope = CredentialScope { service: "dynamodb".to_owned(), region: "eu-west-1".to_owned() };
        let hash = "E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        for (payload, stated) in [
            (None, None),
            (Some(hash), None),
            (Some("UNSIGNED-PAYLOAD"), Some(Stated::Unsigned)),
            (Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), Some(Stated::UnsignedTrailer)),
        ] {
            let mut headers = vec![("authorization", SIGNED)];
            headers.extend(payload.map(|payload| ("x-amz-content-sha256", payload)));
            assert_eq!(read(DYNAMODB, &headers), Ok(Intent { scope: scope.clone(), stated }));
        }
        // Keys of other makers may have slashes.
        let slashed = SIGNED.replace("AKID", "A/K/ID");
        assert_eq!(read(DYNAMODB, &[("authorization", &slashed)]).unwrap().scope, scope);
    }

    #[test]
    fn what_the_host_does_not_sign_is_refused() {
        let malformed = |name| IntentError::Malformed(HeaderName::from_static(name));
        let authorization = |value: &'static str| vec![("authorization", value)];
        let payload = |value: &'static str| vec![("authorization", SIGNED), ("x-amz-content-sha256", value)];
        let presigned = format!("{DYNAMODB}?a=b&X-Amz-Signature=0");
        let hidden = format!("{DYNAMODB}?x%2Damz-%41lgorithm=0");
        let old = format!("{DYNAMODB}?AWSAccessKeyId=A&Signature=0");
        for (uri, headers, expected) in [
            (DYNAMODB, vec![], IntentError::Unsigned),
            (&presigned, authorization(SIGNED), IntentError::Presigned),
            (&hidden, vec![], IntentError::Presigned),
            (&old, vec![], IntentError::Presigned),
            (DYNAMODB, authorization("Bearer AWS4-HMAC-SHA256"), IntentError::Other),
            (DYNAMODB, authorization("AWS AKID:abc"), IntentError::Other),
            (DYNAMODB, authorization(""), IntentError::Other),
            (
                DYNAMODB,
                authorization("AWS4-ECDSA-P256-SHA256 Credential=A/20261130/s3/aws4_request"),
                IntentError::Asymmetric,
            ),
            (DYNAMODB, authorization("AWS4-HMAC-SHA256"), malformed("authorization")),
            (
                DYNAMODB,
                authorization("AWS4-HMAC-SHA256 Credential=A/eu-west-1/s3/aws4_request"),
                malformed("authorization"),
            ),
            (
                DYNAMODB,
                authorization("AWS4-HMAC-SHA256 Credential=A/1/eu-west-1/S3/aws4_request"),
                malformed("authorization"),
            ),
            (DYNAMODB, authorization("AWS4-HMAC-SHA256 Credential=A/1//s3/aws4_request"), malformed("authorization")),
            (DYNAMODB, vec![("authorization", SIGNED), ("authorization", SIGNED)], malformed("authorization")),
            (DYNAMODB, payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), IntentError::Chunks),
            (DYNAMODB, payload("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"), IntentError::Chunks),
            (DYNAMODB, payload("STREAMING-AWS4-HMAC-SHA256-EVENTS"), IntentError::Events),
            (DYNAMODB, payload("STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"), IntentError::Asymmetric),
            (DYNAMODB, payload("hunter2"), malformed("x-amz-content-sha256")),
            (
                DYNAMODB,
                vec![("authorization", SIGNED), ("content-type", "Application/vnd.amazon.eventstream")],
                IntentError::Events,
            ),
            (DYNAMODB, vec![("authorization", SIGNED), ("x-amz-s3session-token", "t")], IntentError::Express),
        ] {
            assert_eq!(read(uri, &headers), Err(expected), "{uri} {headers:?}");
        }
        let express = signed_for("s3express", "eu-west-1");
        assert_eq!(read("https://a.example/", &[("authorization", &express)]), Err(IntentError::Express));
    }

    #[test]
    fn service_and_region_fit_the_host_where_it_tells_them() {
        let ask = |uri: &str, service, region| read(uri, &[("authorization", &signed_for(service, region))]).map(drop);
        assert_eq!(ask("https://a.b.s3.eu-west-1.amazonaws.com/k", "s3", "eu-west-1"), Ok(()));
        assert_eq!(ask("https://iam.amazonaws.com/", "iam", "us-east-1"), Ok(()));
        assert_eq!(ask("http://127.0.0.1:5000/", "anything", "us-west-2"), Ok(()));
        let wrong_region = ask(DYNAMODB, "dynamodb", "us-west-2").unwrap_err().to_string();
        assert!(wrong_region.contains("us-west-2") && wrong_region.contains("eu-west-1"), "{wrong_region}");
        let wrong_service = ask("https://b.s3.eu-west-1.amazonaws.com/", "dynamodb", "eu-west-1");
        let wrong_service = wrong_service.unwrap_err().to_string();
        assert!(wrong_service.contains("dynamodb") && wrong_service.contains("of s3"), "{wrong_service}");
    }
}
