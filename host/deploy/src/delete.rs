//! Deletes what deployments have made.

use crate::step::foreign;
use crate::{Account, DeployError, Step, alias, function, log_group, role, target_group, url};

/// What is deleted.
#[derive(Debug)]
pub struct Deletion<'a> {
    account: &'a Account,
    name: &'a str,
    alias: &'a str,
    steps: Vec<Step>,
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
        let mut steps = Vec::new();
        if let Some(group) = group {
            let own = account.arn("lambda", &format!("function:{name}"));
            let there = target_group::find(account, group).await?.function;
            let is_own = |there: &String| *there == own || there.starts_with(&format!("{own}:"));
            steps.extend(there.filter(is_own).map(|function| Step::Deregister { group: group.to_owned(), function }));
        }
        if latest.is_some() {
            let has_alias = alias::find(account, name, alias).await?.is_some();
            if has_alias && url::find(account, name, alias).await?.is_some() {
                steps.push(Step::DeleteUrl);
            }
            steps.push(Step::DeleteFunction { name: name.to_owned() });
        }
        let role = role::find(account, name).await?;
        if role.exists {
            steps.push(Step::DeleteRole { role: role::name(account, name) });
        }
        let there = log_group::find(account, name).await?.map(|_| log_group::name(name));
        let (asked, left) = if with_logs { (there, None) } else { (None, there) };
        steps.extend(asked.map(|name| Step::DeleteLogGroup { name }));
        let policies = role.policies.into_keys().collect();
        Ok(Deletion { account, name, alias, steps, policies, leftover: left.map(Leftover::LogGroup) })
    }

    /// The deletions, in their order.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.steps.clone()
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
    pub async fn run(&self, step: &Step) -> Result<(), DeployError> {
        let (account, name) = (self.account, self.name);
        match step {
            Step::Deregister { group, function } => target_group::deregister(account, group, function).await,
            Step::DeleteUrl => url::delete(account, name, self.alias).await,
            Step::DeleteFunction { .. } => function::delete(account, name).await,
            Step::DeleteRole { .. } => {
                for policy in &self.policies {
                    role::remove_policy(account, name, policy).await?;
                }
                role::delete(account, name).await
            }
            Step::DeleteLogGroup { .. } => log_group::delete(account, name).await,
            _ => Err(foreign(step)),
        }
    }
}
