//! Who may invoke the alias: statements of its policy.

use std::collections::BTreeSet;

use aws_sdk_lambda::types::FunctionUrlAuthType;
use serde_json::Value;

use crate::alias::subject;
use crate::error::{Naming as _, there};
use crate::{Account, DeployError};

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permission {
    /// Everyone may call the URL. Since October 2025 a URL needs [`Permission::ThroughUrl`] too (Lambda developer guide,
    /// "Control access to Lambda function URLs").
    Url,
    /// Everyone may invoke the function through its URL.
    ThroughUrl,
    /// A load balancer may invoke it, for the target group with this ARN.
    TargetGroup(String),
}

impl Permission {
    /// The id of the statement.
    pub(crate) fn id(&self) -> String {
        match self {
            Permission::Url => "AllowInvocationOfUrl".to_owned(),
            Permission::ThroughUrl => "AllowInvocationThroughUrl".to_owned(),
            // Each target group has its own, so that a function may move from one to another.
            Permission::TargetGroup(arn) => {
                format!("AllowInvocationByTargetGroup-{}", arn.rsplit('/').next().unwrap_or_default())
            }
        }
    }
}

/// The ids of the statements that there are.
pub(crate) async fn find(account: &Account, function: &str, alias: &str) -> Result<BTreeSet<String>, DeployError> {
    let policy = account.lambda.get_policy().function_name(function).qualifier(alias).send().await;
    let policy = there(policy.named("GetPolicy", &subject(function, alias)))?;
    let policy = policy.and_then(|policy| policy.policy).unwrap_or_default();
    let policy: Value = serde_json::from_str(&policy).unwrap_or_default();
    let statements = policy["Statement"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(statements.iter().filter_map(|statement| Some(statement["Sid"].as_str()?.to_owned())).collect())
}

/// Adds a statement.
pub(crate) async fn add(
    account: &Account,
    function: &str,
    alias: &str,
    permission: &Permission,
) -> Result<(), DeployError> {
    let add = account.lambda.add_permission().function_name(function).qualifier(alias).statement_id(permission.id());
    let add = match permission {
        Permission::Url => {
            add.action("lambda:InvokeFunctionUrl").principal("*").function_url_auth_type(FunctionUrlAuthType::None)
        }
        Permission::ThroughUrl => add.action("lambda:InvokeFunction").principal("*").invoked_via_function_url(true),
        Permission::TargetGroup(arn) => {
            add.action("lambda:InvokeFunction").principal("elasticloadbalancing.amazonaws.com").source_arn(arn)
        }
    };
    match add.send().await.named("AddPermission", &subject(function, alias)) {
        Err(error) if !error.is_there() => Err(error),
        _ => Ok(()),
    }
}
