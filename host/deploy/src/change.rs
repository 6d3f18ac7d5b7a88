//! One change in the account.

use std::fmt;

use crate::permission::Permission;
use crate::{DeployError, log_group};

/// One change, displayed as what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is displayed in words")]
pub enum Change {
    CreateRole { role: String },
    SetPolicy { role: String, policy: &'static str },
    RemovePolicy { role: String, policy: &'static str },
    CreateLogGroup { name: String },
    LimitLogGroup { name: String },
    Upload { bucket: String, key: String },
    CreateFunction { name: String, region: String },
    Adopt { name: String },
    UpdateSettings { name: String, settings: Vec<String> },
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

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers = |streams: &bool| if *streams { "streamed" } else { "whole" };
        let version = |version: &Option<String>| {
            version.as_ref().map_or("the new version".to_owned(), |it| format!("version {it}"))
        };
        match self {
            Change::CreateRole { role } => write!(f, "create the role {role}"),
            Change::SetPolicy { role, policy } => write!(f, "set the policy {policy} of the role {role}"),
            Change::RemovePolicy { role, policy } => write!(f, "remove the policy {policy} of the role {role}"),
            Change::CreateLogGroup { name } => write!(f, "create the log group {name}"),
            Change::LimitLogGroup { name } => write!(f, "let {name} keep lines for {} days", log_group::DAYS),
            Change::Upload { bucket, key } => write!(f, "upload the zip to s3://{bucket}/{key}"),
            Change::CreateFunction { name, region } => write!(f, "create the function {name} in {region}"),
            Change::Adopt { name } => write!(f, "mark the function {name} as deployed by funcserver"),
            Change::UpdateSettings { name, settings } => write!(f, "change {name}: {}", settings.join(", ")),
            Change::UpdateCode { name } => write!(f, "replace the code of {name}"),
            Change::Publish { name } => write!(f, "publish a version of {name}"),
            Change::Ask { name, version: it } => write!(f, "ask {} of {name} for an answer", version(it)),
            Change::CreateAlias { alias, version: it } => {
                write!(f, "create the alias {alias}, which leads to {}", version(it))
            }
            Change::MoveAlias { alias, from, version: it } => {
                write!(f, "move the alias {alias} from version {from} to {}", version(it))
            }
            Change::CreateUrl { streams } => write!(f, "create a URL for everyone, with {} answers", answers(streams)),
            Change::UpdateUrl { streams } => write!(f, "let the URL have {} answers", answers(streams)),
            Change::Allow { permission: Permission::Url } => f.write_str("allow everyone to call the URL"),
            Change::Allow { permission: Permission::ThroughUrl } => {
                f.write_str("allow everyone to invoke the function through its URL")
            }
            Change::Allow { permission: Permission::TargetGroup(arn) } => {
                write!(f, "allow the load balancer of {arn} to invoke the function")
            }
            Change::Deregister { group, function } => write!(f, "remove {function} from {group}"),
            Change::Register { group, function } => write!(f, "let {group} send requests to {function}"),
            Change::DeleteUrl => f.write_str("delete the URL"),
            Change::DeleteFunction { name } => write!(f, "delete the function {name} with its versions"),
            Change::DeleteRole { role } => write!(f, "delete the role {role}"),
            Change::DeleteLogGroup { name } => write!(f, "delete the log group {name} with its lines"),
        }
    }
}

/// A change that no plan of this kind has.
pub(crate) fn foreign(change: &Change) -> DeployError {
    DeployError::Refused(format!("\"{change}\" is no change of this"))
}
