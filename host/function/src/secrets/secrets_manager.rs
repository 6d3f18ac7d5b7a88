//! Reads secrets of AWS Secrets Manager.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::problem::SecretProblem;
use super::service::{Operation, SecretServices};
use crate::config::SecretService;

const SERVICE: SecretService = SecretService::SecretsManager;
const GET: Operation = Operation { service: SERVICE, target: "secretsmanager.GetSecretValue" };

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    secret_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    secret_string: Option<String>,
    secret_binary: Option<IgnoredAny>,
}

/// The text of the current version of a secret.
pub(super) async fn text(services: &SecretServices, id: &str) -> Result<String, SecretProblem> {
    let answer = services.call(GET, &Input { secret_id: id }).await?;
    // The error of the parser would quote the secret.
    match serde_json::from_slice(&answer) {
        Ok(Output { secret_string: Some(text), .. }) => Ok(text),
        Ok(Output { secret_binary: Some(_), .. }) => Err(SecretProblem::Binary),
        Ok(Output { .. }) | Err(_) => Err(services.strange(SERVICE)),
    }
}
