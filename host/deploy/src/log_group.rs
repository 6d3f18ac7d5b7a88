//! The group of the function's log.

use crate::error::{Naming as _, there};
use crate::{Account, DeployError, TAG};

/// How long a new group keeps lines, in days. Without a limit it would keep them, and cost, for ever.
pub(crate) const DAYS: i32 = 14;

/// Its name, as Lambda would name it.
pub(crate) fn name(function: &str) -> String {
    format!("/aws/lambda/{function}")
}

/// A group that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogGroup {
    /// Whether a deployment has made it, and has not limited it. Another's may be meant to keep its lines for ever.
    pub(crate) is_unfinished: bool,
}

/// What there is.
pub(crate) async fn find(account: &Account, function: &str) -> Result<Option<LogGroup>, DeployError> {
    let name = name(function);
    let groups = account.logs.describe_log_groups().log_group_name_prefix(&name).send().await;
    let groups = groups.named("DescribeLogGroups", &name)?;
    let group = groups.log_groups().iter().find(|group| group.log_group_name() == Some(name.as_str()));
    let Some(group) = group else { return Ok(None) };
    if group.retention_in_days().is_some() {
        return Ok(Some(LogGroup { is_unfinished: false }));
    }
    let arn = account.arn("logs", &format!("log-group:{name}"));
    let tags = account.logs.list_tags_for_resource().resource_arn(arn).send().await;
    let tags = tags.named("ListTagsForResource", &name)?;
    Ok(Some(LogGroup { is_unfinished: tags.tags().is_some_and(|tags| tags.contains_key(TAG)) }))
}

/// Creates it.
pub(crate) async fn create(account: &Account, function: &str) -> Result<(), DeployError> {
    let name = name(function);
    let created = account.logs.create_log_group().log_group_name(&name).tags(TAG, "deploy").send().await;
    match created.named("CreateLogGroup", &name) {
        Err(error) if !error.is_there() => Err(error),
        _ => Ok(()),
    }
}

/// Limits how long it keeps lines.
pub(crate) async fn limit(account: &Account, function: &str) -> Result<(), DeployError> {
    let name = name(function);
    let put = account.logs.put_retention_policy().log_group_name(&name).retention_in_days(DAYS).send().await;
    put.named("PutRetentionPolicy", &name)?;
    Ok(())
}

/// Deletes it, with its lines.
pub(crate) async fn delete(account: &Account, function: &str) -> Result<(), DeployError> {
    let name = name(function);
    let deleted = account.logs.delete_log_group().log_group_name(&name).send().await;
    there(deleted.named("DeleteLogGroup", &name))?;
    Ok(())
}
