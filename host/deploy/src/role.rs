//! The role of the function that a deployment makes: it may write the function's log and read its secrets.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::error::{Naming as _, there};
use crate::wanted::hex;
use crate::{Account, DeployError, Secret, TAG, log_group};

/// The longest name of a role (IAM's user guide, "IAM and AWS STS quotas").
const LONGEST: usize = 64;

/// The policies in it that a deployment sets, by their names.
pub(crate) type Policies = BTreeMap<&'static str, Value>;

const LOGS: &str = "logs";
const SECRETS: &str = "secrets";

/// What IAM knows of the role.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Role {
    pub(crate) exists: bool,
    pub(crate) policies: Policies,
}

/// The name of the role that a deployment makes for a function.
pub(crate) fn name(account: &Account, function: &str) -> String {
    let name = format!("funcserver-{function}-{}", account.region);
    if name.len() <= LONGEST {
        return name;
    }
    let hash = hex(&Sha256::digest(&name));
    let kept: String = name.chars().take(LONGEST - 9).collect();
    format!("{kept}-{}", hash.get(..8).unwrap_or_default())
}

/// Its ARN, which IAM gives it once it exists.
pub(crate) fn arn(account: &Account, function: &str) -> String {
    format!("arn:{}:iam::{}:role/{}", account.partition, account.number, name(account, function))
}

/// The policies that it is to have.
pub(crate) fn policies(account: &Account, function: &str, secrets: &[Secret]) -> Policies {
    let group = account.arn("logs", &format!("log-group:{}:*", log_group::name(function)));
    let write = statement(&["logs:CreateLogStream", "logs:PutLogEvents"], vec![group]);
    let mut policies = Policies::from([(LOGS, policy(vec![write]))]);
    let (mut managed, mut parameters) = (Vec::new(), Vec::new());
    for secret in secrets {
        match secret {
            Secret::SecretsManager(id) if id.starts_with("arn:") => managed.push(id.clone()),
            // Secrets Manager adds six characters to a name.
            Secret::SecretsManager(id) => managed.push(account.arn("secretsmanager", &format!("secret:{id}-??????"))),
            Secret::ParameterStore(id) if id.starts_with("arn:") => parameters.push(without_selector(id, 6)),
            Secret::ParameterStore(id) => {
                let name = without_selector(id, 1);
                parameters.push(account.arn("ssm", &format!("parameter/{}", name.trim_start_matches('/'))));
            }
        }
    }
    let mut read = Vec::new();
    for (action, mut resources) in [("secretsmanager:GetSecretValue", managed), ("ssm:GetParameters", parameters)] {
        resources.sort();
        resources.dedup();
        if !resources.is_empty() {
            read.push(statement(&[action], resources));
        }
    }
    if !read.is_empty() {
        policies.insert(SECRETS, policy(read));
    }
    policies
}

/// A parameter's name without its version or label, which come after the last of `parts` parts.
fn without_selector(id: &str, parts: usize) -> String {
    id.split(':').take(parts).collect::<Vec<_>>().join(":")
}

fn policy(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn statement(actions: &[&str], resources: Vec<String>) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

/// What there is of it.
pub(crate) async fn find(account: &Account, function: &str) -> Result<Role, DeployError> {
    let name = name(account, function);
    let role = account.iam.get_role().role_name(&name).send().await.named("GetRole", &name);
    if there(role)?.is_none() {
        return Ok(Role::default());
    }
    let mut policies = Policies::new();
    for policy in [LOGS, SECRETS] {
        let found = account.iam.get_role_policy().role_name(&name).policy_name(policy).send().await;
        if let Some(found) = there(found.named("GetRolePolicy", &name))? {
            let text = percent_decode_str(found.policy_document()).decode_utf8_lossy();
            policies.insert(policy, serde_json::from_str(&text).unwrap_or_default());
        }
    }
    Ok(Role { exists: true, policies })
}

/// Creates it. Lambda may assume it.
pub(crate) async fn create(account: &Account, function: &str) -> Result<(), DeployError> {
    let name = name(account, function);
    let trust = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "lambda.amazonaws.com" } },
    ]});
    let tag = aws_sdk_iam::types::Tag::builder().key(TAG).value(function).build();
    let tag = tag.map_err(|error| DeployError::Refused(error.to_string()))?;
    let created = account.iam.create_role().role_name(&name).assume_role_policy_document(trust.to_string());
    created.description(format!("The Lambda function {function}")).tags(tag).send().await.named("CreateRole", &name)?;
    Ok(())
}

/// Sets one of its policies.
pub(crate) async fn put_policy(
    account: &Account,
    function: &str,
    policy: &str,
    document: &Value,
) -> Result<(), DeployError> {
    let name = name(account, function);
    let put = account.iam.put_role_policy().role_name(&name).policy_name(policy);
    put.policy_document(document.to_string()).send().await.named("PutRolePolicy", &name)?;
    Ok(())
}

/// Removes one of its policies.
pub(crate) async fn remove_policy(account: &Account, function: &str, policy: &str) -> Result<(), DeployError> {
    let name = name(account, function);
    let removed = account.iam.delete_role_policy().role_name(&name).policy_name(policy).send().await;
    there(removed.named("DeleteRolePolicy", &name))?;
    Ok(())
}

/// Deletes it.
pub(crate) async fn delete(account: &Account, function: &str) -> Result<(), DeployError> {
    let name = name(account, function);
    there(account.iam.delete_role().role_name(&name).send().await.named("DeleteRole", &name))?;
    Ok(())
}
