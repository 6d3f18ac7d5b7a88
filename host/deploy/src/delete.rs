//! Deletes what deployments have made.

use crate::change::foreign;
use crate::{Account, Change, DeployError, alias, function, log_group, role, target_group, url};

/// What is deleted.
#[derive(Debug)]
pub struct Deletion<'a> {
    account: &'a Account,
    name: &'a str,
    alias: &'a str,
    changes: Vec<Change>,
    policies: Vec<&'static str>,
    leftover: Option<Leftover>,
}

/// What stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leftover {
    /// The log group, which was not asked for.
    LogGroup(String),
}

impl<'a> Deletion<'a> {
    /// Finds what there is. Changes nothing.
    ///
    /// # Errors
    /// The function was made by something else, or AWS cannot be asked.
    pub async fn plan(
        account: &'a Account,
        name: &'a str,
        alias: &'a str,
        group: Option<&str>,
        with_logs: bool,
    ) -> Result<Deletion<'a>, DeployError> {
        let latest = function::find(account, name).await?;
        if latest.as_ref().is_some_and(|latest| !latest.ours) {
            return Err(DeployError::Refused(format!(
                "the function {name} in {account} was not made by funcserver deploy: delete it with what made it"
            )));
        }
        let mut changes = Vec::new();
        if let Some(group) = group {
            let own = account.arn("lambda", &format!("function:{name}"));
            let there = target_group::find(account, group).await?.function;
            let is_own = |there: &String| *there == own || there.starts_with(&format!("{own}:"));
            changes
                .extend(there.filter(is_own).map(|function| Change::Deregister { group: group.to_owned(), function }));
        }
        if latest.is_some() {
            let has_alias = alias::find(account, name, alias).await?.is_some();
            if has_alias && url::find(account, name, alias).await?.is_some() {
                changes.push(Change::DeleteUrl);
            }
            changes.push(Change::DeleteFunction { name: name.to_owned() });
        }
        let role = role::find(account, name).await?;
        if role.exists {
            changes.push(Change::DeleteRole { role: role::name(account, name) });
        }
        let there = log_group::find(account, name).await?.map(|_| log_group::name(name));
        let (asked, left) = if with_logs { (there, None) } else { (None, there) };
        changes.extend(asked.map(|name| Change::DeleteLogGroup { name }));
        let policies = role.policies.into_keys().collect();
        Ok(Deletion { account, name, alias, changes, policies, leftover: left.map(Leftover::LogGroup) })
    }

    /// The deletions, in their order.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.changes.clone()
    }

    /// What stays.
    #[must_use]
    pub fn leftover(&self) -> Option<&Leftover> {
        self.leftover.as_ref()
    }

    /// Makes one of them.
    ///
    /// # Errors
    /// AWS refused it. A new plan begins there.
    pub async fn run(&self, change: &Change) -> Result<(), DeployError> {
        let (account, name) = (self.account, self.name);
        match change {
            Change::Deregister { group, function } => target_group::deregister(account, group, function).await,
            Change::DeleteUrl => url::delete(account, name, self.alias).await,
            Change::DeleteFunction { .. } => function::delete(account, name).await,
            Change::DeleteRole { .. } => {
                for policy in &self.policies {
                    role::remove_policy(account, name, policy).await?;
                }
                role::delete(account, name).await
            }
            Change::DeleteLogGroup { .. } => log_group::delete(account, name).await,
            _ => Err(foreign(change)),
        }
    }
}
