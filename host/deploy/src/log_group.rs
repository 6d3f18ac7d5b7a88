//! The group of the function's log.

use crate::error::Naming as _;
use crate::{Account, DeployError};

/// How long a new group keeps lines, in days. Without a limit it would keep them, and cost, for ever.
pub(crate) const DAYS: i32 = 14;

/// Its name, as Lambda would name it.
pub(crate) fn name(function: &str) -> String {
    format!("/aws/lambda/{function}")
}

/// Whether it exists, and how long it keeps lines, if it is limited.
pub(crate) async fn find(account: &Account, function: &str) -> Result<Option<Option<i32>>, DeployError> {
    let name = name(function);
    let groups = account.logs.describe_log_groups().log_group_name_prefix(&name).send().await;
    let groups = groups.named("DescribeLogGroups", &name)?;
    let group = groups.log_groups().iter().find(|group| group.log_group_name() == Some(name.as_str()));
    Ok(group.map(|group| group.retention_in_days()))
}

/// Creates it.
pub(crate) async fn create(account: &Account, function: &str) -> Result<(), DeployError> {
    let name = name(function);
    let created = account.logs.create_log_group().log_group_name(&name).send().await;
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
    crate::error::there(deleted.named("DeleteLogGroup", &name))?;
    Ok(())
}
