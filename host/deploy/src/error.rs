//! What can go wrong, in words that say what to do.

use std::error::Error;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};

/// The codes of the services for something that does not exist.
const ABSENT: [&str; 8] = [
    "ResourceNotFoundException",
    "NoSuchEntity",
    "NoSuchEntityException",
    "NotFound",
    "NoSuchKey",
    "TargetGroupNotFound",
    "TargetGroupNotFoundException",
    "404",
];

/// The codes for credentials that are not accepted.
const CREDENTIALS: [&str; 7] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
    "InvalidSignatureException",
];

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// No credentials were found, or they are not valid.
    #[error(
        "there are no AWS credentials that work: {0}; give them as for the AWS CLI: run `aws configure sso` or `aws sso \
         login`, set AWS_PROFILE, or name a profile of ~/.aws/config with --profile"
    )]
    Credentials(String),
    /// No region was found.
    #[error("no region is set: add --region, as in --region eu-west-1, or set AWS_REGION or deploy.region")]
    Region,
    /// AWS was not reached.
    #[error("AWS was not reached ({call} for {subject}): {reason}; is there a network, and is the region right?")]
    Unreachable {
        /// The API call.
        call: &'static str,
        /// What it was for.
        subject: String,
        /// The cause.
        reason: String,
    },
    /// An API call was answered by an error.
    #[error("{call} failed for {subject}: {code}: {message}{}", hint(.code))]
    Api {
        /// The API call.
        call: &'static str,
        /// What it was for.
        subject: String,
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
    /// What is there does not allow it.
    #[error("{0}")]
    Refused(String),
}

/// What to do about an error that AWS's own message does not say.
fn hint(code: &str) -> &'static str {
    match code {
        "AccessDeniedException" | "AccessDenied" => {
            "; the credentials lack that permission: docs/deploy.md lists what deploying needs"
        }
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" | "RequestLimitExceeded" => {
            "; AWS limits how often it may be called: wait for a minute"
        }
        _ => "",
    }
}

impl DeployError {
    /// The error of a call of the SDK.
    pub(crate) fn of<E>(call: &'static str, subject: &str, error: &SdkError<E, HttpResponse>) -> DeployError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let subject = subject.to_owned();
        if let Some(code) = error.as_service_error().and_then(ProvideErrorMetadata::code) {
            let message = error.message().unwrap_or("without a message").to_owned();
            if CREDENTIALS.contains(&code) {
                return DeployError::Credentials(format!("{code}: {message}"));
            }
            return DeployError::Api { call, subject, code: code.to_owned(), message };
        }
        // HeadObject has no body, and so no code.
        if let Some(status) = error.raw_response().map(|response| response.status().as_u16()) {
            let message = chain(error);
            return DeployError::Api { call, subject, code: status.to_string(), message };
        }
        let reason = chain(error);
        match reason.contains("credential") {
            true => DeployError::Credentials(reason),
            false => DeployError::Unreachable { call, subject, reason },
        }
    }

    /// Whether the thing does not exist.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, DeployError::Api { code, .. } if ABSENT.contains(&code.as_str()))
    }

    /// Whether it exists already.
    pub(crate) fn is_there(&self) -> bool {
        matches!(self, DeployError::Api { code, .. }
            if ["ResourceAlreadyExistsException", "ResourceConflictException", "EntityAlreadyExists",
                "EntityAlreadyExistsException"].contains(&code.as_str()))
    }
}

/// An error with all its causes, each once.
fn chain(error: &dyn Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.join(": ")
}

/// What exists, or nothing.
pub(crate) fn there<T>(result: Result<T, DeployError>) -> Result<Option<T>, DeployError> {
    match result {
        Ok(there) => Ok(Some(there)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names a call and its subject in the error of the SDK.
pub(crate) trait Naming<T> {
    fn named(self, call: &'static str, subject: &str) -> Result<T, DeployError>;
}

impl<T, E> Naming<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    fn named(self, call: &'static str, subject: &str) -> Result<T, DeployError> {
        self.map_err(|error| DeployError::of(call, subject, &error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(code: &str) -> DeployError {
        DeployError::Api {
            call: "GetRole",
            subject: "shop".to_owned(),
            code: code.to_owned(),
            message: "no".to_owned(),
        }
    }

    #[test]
    fn what_is_absent_is_no_error() {
        assert!(matches!(there::<()>(Err(api("NoSuchEntity"))), Ok(None)));
        assert!(there::<()>(Err(api("AccessDenied"))).is_err());
        assert!(api("EntityAlreadyExists").is_there() && !api("NoSuchEntity").is_there());
    }

    #[test]
    fn an_error_says_what_to_do() {
        assert_eq!(api("Odd").to_string(), "GetRole failed for shop: Odd: no");
        assert!(api("AccessDenied").to_string().contains("docs/deploy.md lists"));
        assert!(api("ThrottlingException").to_string().contains("wait for a minute"));
    }
}
