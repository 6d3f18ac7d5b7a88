//! A deployment: from what is there to what is wanted.

use std::collections::BTreeSet;

use crate::alias::subject;
use crate::change::foreign;
use crate::function::{DeployedFunction, Latest};
use crate::log_group::LogGroup;
use crate::permission::Permission;
use crate::role::{Policies, Role};
use crate::target_group::Targets;
use crate::url::Url;
use crate::version::{Version, matching};
use crate::{
    Account, Change, DeployError, Wanted, alias, function, log_group, permission, probe, role, target_group, upload,
    url, version,
};

/// The variable that decides, before the settings in the zip, whether answers are streamed.
const STREAM: &str = "FUNCSERVER_RESPONSE_STREAM";

/// What there is, as far as a deployment minds.
#[derive(Debug, Default)]
struct Found {
    /// The role that a deployment makes, if it is to be the function's.
    role: Option<Role>,
    log_group: Option<LogGroup>,
    uploaded: bool,
    latest: Option<Latest>,
    versions: Vec<Version>,
    alias: Option<String>,
    url: Option<Url>,
    permissions: BTreeSet<String>,
    targets: Targets,
}

/// A plan, and what comes of it.
#[derive(Debug)]
pub struct Deployment<'a> {
    account: &'a Account,
    wanted: &'a Wanted,
    function: DeployedFunction,
    policies: Policies,
    bucket: Option<&'a str>,
    changes: Vec<Change>,
    /// Whether the role has been changed just now.
    new_role: bool,
    version: Option<String>,
    url: Option<String>,
}

/// What is there after a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The ARN of the function with its alias.
    pub arn: String,
    /// The version to which the alias leads.
    pub version: String,
    /// The URL, if there is one.
    pub url: Option<String>,
}

impl<'a> Deployment<'a> {
    /// Compares what is there with what is wanted. Changes nothing.
    ///
    /// # Errors
    /// What is there cannot become what is wanted, or AWS cannot be asked.
    pub async fn plan(account: &'a Account, wanted: &'a Wanted) -> Result<Deployment<'a>, DeployError> {
        let bucket = upload::is_needed(wanted)?;
        let own_role = role::arn(account, &wanted.name);
        let latest = function::find(account, &wanted.name).await?;
        if let Some(latest) = &latest
            && !latest.ours
            && !wanted.adopt
        {
            return Err(DeployError::Refused(format!(
                "the function {} in {account} was not made by funcserver deploy, which would replace its code: give another \
                 name with --name or deploy.name, or add --adopt",
                wanted.name
            )));
        }
        let function =
            DeployedFunction::wanted(wanted, latest.as_ref().map(|latest| &latest.function), own_role.clone());
        let policies = role::policies(account, &wanted.name, &wanted.secrets);
        let found = Found::read(account, wanted, latest, function.role == own_role, bucket).await?;
        let mut deployment = Deployment {
            account,
            wanted,
            function,
            policies,
            bucket,
            changes: Vec::new(),
            new_role: false,
            version: None,
            url: None,
        };
        deployment.changes = deployment.changes_from(&found)?;
        deployment.url = found.url.map(|url| url.address);
        Ok(deployment)
    }

    /// The changes, in their order. None, if everything is as wanted.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.changes.clone()
    }

    fn changes_from(&mut self, found: &Found) -> Result<Vec<Change>, DeployError> {
        let wanted = self.wanted;
        let mut changes = self.role_changes(found);
        let group = log_group::name(&wanted.name);
        match found.log_group {
            None => {
                changes.push(Change::CreateLogGroup { name: group.clone() });
                changes.push(Change::LimitLogGroup { name: group });
            }
            Some(LogGroup { is_unfinished: true }) => changes.push(Change::LimitLogGroup { name: group }),
            Some(LogGroup { is_unfinished: false }) => {}
        }
        changes.extend(self.function_changes(found));
        changes.extend(self.version_changes(found));
        changes.extend(self.url_changes(found));
        changes.extend(self.target_changes(found)?);
        Ok(changes)
    }

    fn role_changes(&self, found: &Found) -> Vec<Change> {
        let Some(there) = &found.role else { return Vec::new() };
        let role = role::name(self.account, &self.wanted.name);
        let mut changes = Vec::new();
        if !there.exists {
            changes.push(Change::CreateRole { role: role.clone() });
        }
        for (policy, document) in &self.policies {
            if there.policies.get(policy) != Some(document) {
                changes.push(Change::SetPolicy { role: role.clone(), policy });
            }
        }
        for policy in there.policies.keys().filter(|policy| !self.policies.contains_key(*policy)) {
            changes.push(Change::RemovePolicy { role: role.clone(), policy });
        }
        changes
    }

    fn function_changes(&self, found: &Found) -> Vec<Change> {
        let name = self.wanted.name.clone();
        let Some(Latest { function: latest, ours }) = &found.latest else {
            let create = Change::CreateFunction { name, region: self.account.region.clone() };
            return self.upload_change(found).into_iter().chain([create]).collect();
        };
        let mut changes = Vec::new();
        if !ours {
            changes.push(Change::Adopt { name: name.clone() });
        }
        let settings = latest.changes(&self.function);
        if !settings.is_empty() {
            changes.push(Change::UpdateSettings { name: name.clone(), settings });
        }
        if !latest.has_code_of(&self.function) {
            changes.extend(self.upload_change(found));
            changes.push(Change::UpdateCode { name });
        }
        changes
    }

    fn upload_change(&self, found: &Found) -> Option<Change> {
        let bucket = self.bucket.filter(|_| !found.uploaded)?;
        Some(Change::Upload { bucket: bucket.to_owned(), key: self.wanted.key() })
    }

    fn version_changes(&mut self, found: &Found) -> Vec<Change> {
        let name = self.wanted.name.clone();
        let published = matching(&found.versions, &self.function, found.alias.as_deref()).map(|it| it.to_string());
        self.version.clone_from(&published);
        let mut changes = Vec::new();
        if published.is_none() {
            changes.push(Change::Publish { name: name.clone() });
        }
        if published.is_none() || published != found.alias {
            changes.push(Change::Ask { name, version: published.clone() });
            let alias = self.wanted.alias.clone();
            changes.push(match &found.alias {
                None => Change::CreateAlias { alias, version: published },
                Some(from) => Change::MoveAlias { alias, from: from.clone(), version: published },
            });
        }
        changes
    }

    fn url_changes(&self, found: &Found) -> Vec<Change> {
        if !self.wanted.url {
            return Vec::new();
        }
        let streams = match self.function.env.get(STREAM) {
            Some(value) => value == "true",
            None => self.wanted.stream,
        };
        let mut changes = Vec::new();
        match &found.url {
            None => changes.push(Change::CreateUrl { streams }),
            Some(url) if url.streams != streams => changes.push(Change::UpdateUrl { streams }),
            Some(_) => {}
        }
        // Somebody has closed it.
        if found.url.as_ref().is_none_or(|url| url.public) {
            let needed = [Permission::Url, Permission::ThroughUrl].into_iter();
            let missing = needed.filter(|permission| !found.permissions.contains(&permission.id()));
            changes.extend(missing.map(|permission| Change::Allow { permission }));
        }
        changes
    }

    fn target_changes(&self, found: &Found) -> Result<Vec<Change>, DeployError> {
        let Some(group) = &self.wanted.target_group else { return Ok(Vec::new()) };
        let own = self.account.arn("lambda", &format!("function:{}", self.wanted.name));
        let function = format!("{own}:{}", self.wanted.alias);
        let mut changes = Vec::new();
        let permission = Permission::TargetGroup(group.clone());
        if !found.permissions.contains(&permission.id()) {
            changes.push(Change::Allow { permission });
        }
        match &found.targets.function {
            Some(there) if *there == function => return Ok(changes),
            None => {}
            // Another alias of the same function.
            Some(there) if *there == own || there.starts_with(&format!("{own}:")) => {
                changes.push(Change::Deregister { group: group.clone(), function: there.clone() });
            }
            Some(there) => {
                return Err(DeployError::Refused(format!(
                    "the target group {group} sends its requests to {there}, and it can have one function only: name another \
                     target group, or remove that function: aws elbv2 deregister-targets --target-group-arn {group} --targets \
                     Id={there}"
                )));
            }
        }
        changes.push(Change::Register { group: group.clone(), function });
        Ok(changes)
    }

    /// Makes one of the changes.
    ///
    /// # Errors
    /// AWS refused it. What was done before stays, and a new plan begins there.
    pub async fn run(&mut self, change: &Change) -> Result<(), DeployError> {
        let (account, wanted) = (self.account, self.wanted);
        let (name, to) = (wanted.name.as_str(), wanted.alias.as_str());
        match change {
            Change::CreateRole { .. } => {
                self.new_role = true;
                role::create(account, name).await
            }
            Change::SetPolicy { policy, .. } => {
                self.new_role = true;
                let document = self.policies.get(policy).ok_or_else(|| foreign(change))?;
                role::put_policy(account, name, policy, document).await
            }
            Change::RemovePolicy { policy, .. } => role::remove_policy(account, name, policy).await,
            Change::CreateLogGroup { .. } => log_group::create(account, name).await,
            Change::LimitLogGroup { .. } => log_group::limit(account, name).await,
            Change::Upload { bucket, .. } => upload::put(account, bucket, wanted).await,
            // The role may have been made a moment ago, by a deployment that ended there.
            Change::CreateFunction { .. } => {
                function::create(account, wanted, &self.function, self.bucket, wanted.role.is_none()).await
            }
            Change::Adopt { .. } => function::adopt(account, name).await,
            Change::UpdateSettings { .. } => function::update_settings(account, name, &self.function).await,
            Change::UpdateCode { .. } => function::update_code(account, wanted, self.bucket).await,
            Change::Publish { .. } => {
                self.version = Some(version::publish(account, name).await?);
                Ok(())
            }
            Change::Ask { .. } => probe::ask(account, name, self.version(), &wanted.event, self.new_role).await,
            Change::CreateAlias { .. } => alias::create(account, name, to, self.version()).await,
            Change::MoveAlias { .. } => alias::update(account, name, to, self.version()).await,
            Change::CreateUrl { streams } => {
                self.url = Some(url::create(account, name, to, *streams).await?);
                Ok(())
            }
            Change::UpdateUrl { streams } => url::update(account, name, to, *streams).await,
            Change::Allow { permission } => permission::add(account, name, to, permission).await,
            Change::Deregister { group, function } => target_group::deregister(account, group, function).await,
            Change::Register { group, function } => target_group::register(account, group, function).await,
            Change::DeleteUrl
            | Change::DeleteFunction { .. }
            | Change::DeleteRole { .. }
            | Change::DeleteLogGroup { .. } => Err(foreign(change)),
        }
    }

    fn version(&self) -> &str {
        self.version.as_deref().unwrap_or("$LATEST")
    }

    /// What is there after all changes.
    #[must_use]
    pub fn deployed(&self) -> Deployed {
        let function = subject(&self.wanted.name, &self.wanted.alias);
        Deployed {
            arn: self.account.arn("lambda", &format!("function:{function}")),
            version: self.version().to_owned(),
            url: self.url.clone(),
        }
    }
}

impl Found {
    async fn read(
        account: &Account,
        wanted: &Wanted,
        latest: Option<Latest>,
        own_role: bool,
        bucket: Option<&str>,
    ) -> Result<Found, DeployError> {
        let (name, to) = (wanted.name.as_str(), wanted.alias.as_str());
        let mut found = Found { latest, log_group: log_group::find(account, name).await?, ..Found::default() };
        if own_role {
            found.role = Some(role::find(account, name).await?);
        }
        if let Some(bucket) = bucket {
            found.uploaded = upload::find(account, bucket, &wanted.key()).await?;
        }
        if let Some(group) = &wanted.target_group {
            found.targets = target_group::find(account, group).await?;
        }
        if found.latest.is_none() {
            return Ok(found);
        }
        found.versions = version::list(account, name).await?;
        found.alias = alias::find(account, name, to).await?;
        // Both are the alias's.
        if found.alias.is_some() {
            found.url = url::find(account, name, to).await?;
            found.permissions = permission::find(account, name, to).await?;
        }
        Ok(found)
    }
}
