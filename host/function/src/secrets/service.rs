//! Calls of the services that store secrets: JSON over HTTPS, signed, and repeated if that may help.
//!
//! Sources: "GetSecretValue" in the API reference of AWS Secrets Manager, "GetParameters" in that of AWS Systems
//! Manager, and "AWS JSON 1.1 protocol" in the documentation of Smithy.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use funcserver_aws::{ContainerError, CredentialScope, Payload, Provider, RefusedCredentials, sign};
use funcserver_engine::{Allow, HostClient, Network};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::endpoint::{Endpoint, EndpointError};
use super::problem::SecretProblem;
use crate::config::{AwsEnv, Config, Env, SecretService};

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const AGENT: HeaderValue = HeaderValue::from_static(concat!("funcserver/", env!("CARGO_PKG_VERSION")));

/// The largest answer: a secret has at most 64 KiB, ten parameters 80 KiB, and JSON has up to six bytes for one.
const MAX_ANSWER: usize = 1 << 20;
/// How often a call is tried, and the pause before the second try. The pause doubles each time.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// The services that store secrets, as the function reaches them.
pub(super) struct SecretServices {
    client: HostClient,
    credentials: Provider,
    region: String,
    endpoints: [Endpoint; SecretService::ALL.len()],
}

/// The reason why the services cannot be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretServicesError {
    /// There is no region.
    #[error("guest.secrets: neither AWS_REGION nor AWS_DEFAULT_REGION is set, but Lambda always sets both")]
    Region,
    /// The variable with the region has something else.
    #[error("guest.secrets: AWS_REGION is not the name of a region, such as eu-north-1")]
    RegionName,
    /// The endpoint for the function's credentials cannot be used.
    #[error("guest.secrets needs the function's AWS credentials: {0}")]
    Credentials(#[from] ContainerError),
    /// An endpoint is wrong.
    #[error("guest.secrets: {0}")]
    Endpoint(#[from] EndpointError),
}

/// An operation of a service, as the header for it names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) service: SecretService,
    pub(super) target: &'static str,
}

/// The reason why a call failed, and whether it may succeed if it is repeated.
struct Failure {
    problem: SecretProblem,
    may_pass: bool,
}

/// The body of an error. Its message may quote the request, so that it is compared and not shown.
#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(rename = "__type", default)]
    kind: String,
    #[serde(alias = "Message", default)]
    message: String,
}

impl SecretServices {
    /// The services of the function's region, or those that the environment names. Nothing is called yet.
    ///
    /// # Errors
    /// The environment does not say where they are.
    pub(super) fn new(config: &Config, env: &dyn Env) -> Result<Self, SecretServicesError> {
        let region = AwsEnv(env).region().ok_or(SecretServicesError::Region)?.to_owned();
        if !region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
            return Err(SecretServicesError::RegionName);
        }
        let [secrets_manager, parameter_store] = SecretService::ALL.map(|service| Endpoint::of(service, &region, env));
        let endpoints = [secrets_manager?, parameter_store?];
        let entries = endpoints.each_ref().map(Endpoint::entry);
        // Every endpoint is a valid entry. If one were not, each request would be refused.
        let allow = Allow::parse(entries.iter().map(String::as_str)).unwrap_or_default();
        let network = Network { allow, roots: config.network.roots.clone(), ..Network::default() };
        Ok(Self {
            client: HostClient::new(&network),
            credentials: Provider::new(AwsEnv(env).credentials()?),
            region,
            endpoints,
        })
    }

    /// Where a service answers, for messages.
    pub(super) fn endpoint(&self, service: SecretService) -> &Endpoint {
        let [secrets_manager, parameter_store] = &self.endpoints;
        match service {
            SecretService::SecretsManager => secrets_manager,
            SecretService::ParameterStore => parameter_store,
        }
    }

    /// Calls an operation, and returns its answer. A failure that may pass is followed by other tries.
    pub(super) async fn call(&self, operation: Operation, input: &impl Serialize) -> Result<Bytes, SecretProblem> {
        let body = serde_json::to_vec(input).map_or_else(|_| Bytes::new(), Bytes::from);
        let mut tries = 1;
        loop {
            match self.try_once(operation, body.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) if !failure.may_pass || tries >= TRIES => return Err(failure.problem),
                Err(_) => sleep(pause(tries)).await,
            }
            tries += 1;
        }
    }

    async fn try_once(&self, operation: Operation, body: Bytes) -> Result<Bytes, Failure> {
        let request = self.request(operation, body).await.map_err(Failure::last)?;
        let endpoint = self.endpoint(operation.service);
        let answer = self.client.send(request, MAX_ANSWER).await.map_err(|error| Failure {
            problem: SecretProblem::Unreachable { endpoint: endpoint.to_string(), error: error.to_string() },
            may_pass: true,
        })?;
        if answer.status() == StatusCode::OK {
            return Ok(answer.into_body());
        }
        Err(self.refused(operation.service, &answer))
    }

    /// A signed request.
    async fn request(&self, operation: Operation, body: Bytes) -> Result<Request<Bytes>, SecretProblem> {
        let credentials = self.credentials.current().await;
        let credentials = credentials.map_err(|error| SecretProblem::Credentials(error.to_string()))?;
        let Operation { service, target } = operation;
        let endpoint = self.endpoint(service);
        let request = Request::post(endpoint.uri())
            .header(CONTENT_TYPE, JSON)
            .header(USER_AGENT, AGENT)
            .header(TARGET, target)
            .body(body);
        let request = request
            .map_err(|error| SecretProblem::Unreachable { endpoint: endpoint.to_string(), error: error.to_string() })?;
        let (mut parts, body) = request.into_parts();
        let scope = CredentialScope { service: service.name().to_owned(), region: self.region.clone() };
        sign(&mut parts, Payload::Bytes(&body), &scope, &credentials, SystemTime::now())
            .map_err(|error| SecretProblem::Credentials(error.to_string()))?;
        Ok(Request::from_parts(parts, body))
    }

    /// The reason for an answer with an error.
    fn refused(&self, service: SecretService, answer: &Response<Bytes>) -> Failure {
        let body: ErrorBody = serde_json::from_slice(answer.body()).unwrap_or_default();
        let header = answer.headers().get(ERROR_TYPE).and_then(|value| value.to_str().ok());
        let code = code(header.unwrap_or(&body.kind));
        let status = answer.status();
        let is_throttled = code.contains("Throttl") || status == StatusCode::TOO_MANY_REQUESTS;
        let refusal = RefusedCredentials::of_code(code);
        let problem = match code {
            _ if is_throttled => SecretProblem::Throttled(service),
            "ResourceNotFoundException" | "ParameterNotFound" => self.not_found(service),
            "AccessDeniedException" | "AccessDenied" if body.is_about_a_key() => SecretProblem::KeyDenied,
            "AccessDeniedException" | "AccessDenied" => SecretProblem::Denied(service),
            "DecryptionFailure" | "InvalidKeyId" => SecretProblem::KeyDenied,
            "InvalidRequestException" => SecretProblem::NotReadable,
            "InvalidSignatureException" | "SignatureDoesNotMatch" if body.is_about_the_time() => SecretProblem::Clock,
            _ => refusal.map_or_else(
                || SecretProblem::Status {
                    endpoint: self.endpoint(service).to_string(),
                    status: status.as_u16(),
                    code: code.to_owned(),
                },
                SecretProblem::Rejected,
            ),
        };
        Failure { problem, may_pass: is_throttled || status.is_server_error() }
    }

    pub(super) fn not_found(&self, service: SecretService) -> SecretProblem {
        SecretProblem::NotFound { service, region: self.region.clone() }
    }

    /// The problem of an answer that is not one of the service.
    pub(super) fn strange(&self, service: SecretService) -> SecretProblem {
        SecretProblem::Answer(self.endpoint(service).to_string())
    }

    /// Drops the open connections, which no call needs for a while.
    pub(super) fn forget_connections(&self) {
        self.client.forget_connections();
    }
}

impl Failure {
    /// One that no other try changes.
    fn last(problem: SecretProblem) -> Self {
        Self { problem, may_pass: false }
    }
}

impl ErrorBody {
    /// Whether the KMS key of a secret is denied, and not the secret.
    fn is_about_a_key(&self) -> bool {
        self.message.contains("Access to KMS") || self.message.contains("kms:")
    }

    /// Whether a signature has expired, or is for later.
    fn is_about_the_time(&self) -> bool {
        self.message.contains("Signature expired") || self.message.contains("Signature not yet current")
    }
}

/// The code of an error without its namespace and documentation (`com.amazonaws#Name:http://…`). What no code can be is
/// none, because it is shown.
fn code(text: &str) -> &str {
    const LONGEST: usize = 64;
    let name = text.split_once(':').map_or(text, |(name, _)| name);
    let name = name.rsplit_once('#').map_or(name, |(_, name)| name);
    let is_name = name.len() <= LONGEST && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if is_name { name } else { "" }
}

/// The pause before the next try, in part at random: environments that start at the same time should not ask at the
/// same time again.
fn pause(tries: u32) -> Duration {
    let longest = PAUSE * 2_u32.pow(tries - 1);
    let part = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_micros() % 1000;
    longest / 2 + (longest / 2) * part / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_errors_have_several_forms() {
        for (text, expected) in [
            ("ResourceNotFoundException", "ResourceNotFoundException"),
            ("com.amazonaws.ssm#ThrottlingException", "ThrottlingException"),
            ("AccessDeniedException:http://internal.amazon.com/x/#y", "AccessDeniedException"),
            ("hunter 2", ""),
            ("", ""),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn pauses_grow_and_are_never_longer_than_the_tries_allow() {
        for tries in 1..TRIES {
            let longest = PAUSE * 2_u32.pow(tries - 1);
            assert!((longest / 2..=longest).contains(&pause(tries)));
        }
    }
}
