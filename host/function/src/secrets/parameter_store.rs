//! Reads parameters of Parameter Store, decrypted if they are encrypted.

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::problem::SecretProblem;
use super::service::{Operation, SecretServices};
use crate::config::SecretService;

const SERVICE: SecretService = SecretService::ParameterStore;
const GET: Operation = Operation { service: SERVICE, target: "AmazonSSM.GetParameters" };

/// The most parameters that one call reads.
pub(super) const BATCH: usize = 10;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Input<'a> {
    names: &'a [&'a str],
    with_decryption: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    #[serde(rename = "ARN", default)]
    arn: String,
    /// The version or label that was asked for, with its colon.
    #[serde(default)]
    selector: String,
    value: String,
}

impl Parameter {
    fn is(&self, asked: &str) -> bool {
        let bare = asked.strip_suffix(&*self.selector).unwrap_or(asked);
        [&self.name, &self.arn].into_iter().any(|name| name == bare || name == asked)
    }
}

/// The texts of at most [`BATCH`] parameters, in their order. If one of several is denied, the service denies all of
/// them, and each is then read by itself.
pub(super) async fn texts(services: &SecretServices, names: &[&str]) -> Vec<Result<String, SecretProblem>> {
    match batch(services, names).await {
        Err(SecretProblem::Denied(_) | SecretProblem::KeyDenied) if names.len() > 1 => {
            join_all(names.iter().map(|name| alone(services, name))).await
        }
        Err(problem) => names.iter().map(|_| Err(problem.clone())).collect(),
        Ok(texts) => texts,
    }
}

async fn batch(services: &SecretServices, names: &[&str]) -> Result<Vec<Result<String, SecretProblem>>, SecretProblem> {
    let answer = services.call(GET, &Input { names, with_decryption: true }).await?;
    // The error of the parser would quote the parameters.
    let Output { mut parameters } = serde_json::from_slice(&answer).map_err(|_| services.strange(SERVICE))?;
    let text = |name: &&str| {
        let at = parameters.iter().position(|parameter| parameter.is(name));
        at.map(|at| parameters.swap_remove(at).value).ok_or_else(|| services.not_found(SERVICE))
    };
    Ok(names.iter().map(text).collect())
}

async fn alone(services: &SecretServices, name: &str) -> Result<String, SecretProblem> {
    let texts = batch(services, &[name]).await?;
    texts.into_iter().next().unwrap_or_else(|| Err(services.not_found(SERVICE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_its_name_or_arn_with_its_version() {
        let arn = "arn:aws:ssm:eu-north-1:111122223333:parameter/prod/key";
        let parameter = |selector: &str| Parameter {
            name: "/prod/key".to_owned(),
            arn: arn.to_owned(),
            selector: selector.to_owned(),
            value: String::new(),
        };
        assert!(parameter("").is("/prod/key") && parameter("").is(arn));
        assert!(parameter(":3").is("/prod/key:3") && parameter(":3").is(&format!("{arn}:3")));
        assert!(!parameter(":3").is("/prod/key:4") && !parameter("").is("/prod/key2"));
    }
}
