//! One change in the account.

use std::fmt;

use crate::permission::Permission;
use crate::{DeployError, log_group};

/// One change, displayed as what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is displayed in words")]
pub enum Step {
    CreateRole { role: String },
    SetPolicy { role: String, policy: &'static str },
    RemovePolicy { role: String, policy: &'static str },
    CreateLogGroup { name: String },
    LimitLogGroup { name: String },
    Upload { bucket: String, key: String },
    CreateFunction { name: String, region: String },
    Adopt { name: String },
    UpdateSettings { name: String, changes: Vec<String> },
    UpdateCode { name: String },
    Publish { name: String },
    Ask { name: String, version: Option<String> },
    CreateAlias { alias: String, version: Option<String> },
    MoveAlias { alias: String, from: String, version: Option<String> },
    CreateUrl { streams: bool },
    UpdateUrl { streams: bool },
    Allow { permission: Permission },
    Deregister { group: String, function: String },
    Register { group: String, function: String },
    DeleteUrl,
    DeleteFunction { name: String },
    DeleteRole { role: String },
    DeleteLogGroup { name: String },
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = |streams: &bool| if *streams { "streamed" } else { "whole" };
        let version = |version: &Option<String>| {
            version.as_ref().map_or("the new version".to_owned(), |it| format!("version {it}"))
        };
        match self {
            Step::CreateRole { role } => write!(f, "create the role {role}"),
            Step::SetPolicy { role, policy } => write!(f, "set the policy {policy} of the role {role}"),
            Step::RemovePolicy { role, policy } => write!(f, "remove the policy {policy} of the role {role}"),
            Step::CreateLogGroup { name } => write!(f, "create the log group {name}"),
            Step::LimitLogGroup { name } => write!(f, "let {name} keep lines for {} days", log_group::DAYS),
            Step::Upload { bucket, key } => write!(f, "upload the zip to s3://{bucket}/{key}"),
            Step::CreateFunction { name, region } => write!(f, "create the function {name} in {region}"),
            Step::Adopt { name } => write!(f, "mark the function {name} as deployed by funcserver"),
            Step::UpdateSettings { name, changes } => write!(f, "change {name}: {}", changes.join(", ")),
            Step::UpdateCode { name } => write!(f, "replace the code of {name}"),
            Step::Publish { name } => write!(f, "publish a version of {name}"),
            Step::Ask { name, version: it } => write!(f, "ask {} of {name} for an answer", version(it)),
            Step::CreateAlias { alias, version: it } => {
                write!(f, "create the alias {alias}, which leads to {}", version(it))
            }
            Step::MoveAlias { alias, from, version: it } => {
                write!(f, "move the alias {alias} from version {from} to {}", version(it))
            }
            Step::CreateUrl { streams } => write!(f, "create a URL for everyone, with {} answers", answers(streams)),
            Step::UpdateUrl { streams } => write!(f, "let the URL have {} answers", answers(streams)),
            Step::Allow { permission: Permission::Url } => f.write_str("allow everyone to call the URL"),
            Step::Allow { permission: Permission::ThroughUrl } => {
                f.write_str("allow everyone to invoke the function through its URL")
            }
            Step::Allow { permission: Permission::TargetGroup(arn) } => {
                write!(f, "allow the load balancer of {arn} to invoke the function")
            }
            Step::Deregister { group, function } => write!(f, "remove {function} from {group}"),
            Step::Register { group, function } => write!(f, "let {group} send requests to {function}"),
            Step::DeleteUrl => f.write_str("delete the URL"),
            Step::DeleteFunction { name } => write!(f, "delete the function {name} with its versions"),
            Step::DeleteRole { role } => write!(f, "delete the role {role}"),
            Step::DeleteLogGroup { name } => write!(f, "delete the log group {name} with its lines"),
        }
    }
}

/// A change that no plan of this kind has.
pub(crate) fn foreign(step: &Step) -> DeployError {
    DeployError::Refused(format!("\"{step}\" is no step of this"))
}
