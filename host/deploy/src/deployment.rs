//! A deployment: from what is there to what is wanted.

use std::collections::BTreeSet;

use crate::alias::subject;
use crate::function::{Function, Latest};
use crate::permission::Permission;
use crate::role::{Policies, Role};
use crate::step::foreign;
use crate::target_group::Targets;
use crate::url::Url;
use crate::version::{Version, matching};
use crate::{
    Account, DeployError, Step, Wanted, alias, function, log_group, permission, probe, role, target_group, upload, url,
    version,
};

/// The variable that decides, before the settings in the zip, whether answers are streamed.
const STREAM: &str = "FUNCSERVER_RESPONSE_STREAM";

/// What there is, as far as a deployment minds.
#[derive(Debug, Default)]
struct Found {
    /// The role that a deployment makes, if it is to be the function's.
    role: Option<Role>,
    log_group: Option<Option<i32>>,
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
    function: Function,
    policies: Policies,
    bucket: Option<&'a str>,
    steps: Vec<Step>,
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
        let function = Function::wanted(wanted, latest.as_ref().map(|latest| &latest.function), own_role.clone());
        let policies = role::policies(account, &wanted.name, &wanted.secrets);
        let found = Found::read(account, wanted, latest, function.role == own_role, bucket).await?;
        let mut deployment = Deployment {
            account,
            wanted,
            function,
            policies,
            bucket,
            steps: Vec::new(),
            new_role: false,
            version: None,
            url: None,
        };
        deployment.steps = deployment.steps_from(&found)?;
        deployment.url = found.url.map(|url| url.address);
        Ok(deployment)
    }

    /// The changes, in their order. None, if everything is as wanted.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        self.steps.clone()
    }

    fn steps_from(&mut self, found: &Found) -> Result<Vec<Step>, DeployError> {
        let wanted = self.wanted;
        let mut steps = self.role_steps(found);
        let group = log_group::name(&wanted.name);
        match found.log_group {
            None => {
                steps.push(Step::CreateLogGroup { name: group.clone() });
                steps.push(Step::LimitLogGroup { name: group });
            }
            // One that was created and not limited, because the deployment ended between the two, or Lambda's own.
            Some(None) => steps.push(Step::LimitLogGroup { name: group }),
            Some(Some(_)) => {}
        }
        steps.extend(self.function_steps(found));
        steps.extend(self.version_steps(found));
        steps.extend(self.url_steps(found));
        steps.extend(self.target_steps(found)?);
        Ok(steps)
    }

    fn role_steps(&self, found: &Found) -> Vec<Step> {
        let Some(there) = &found.role else { return Vec::new() };
        let role = role::name(self.account, &self.wanted.name);
        let mut steps = Vec::new();
        if !there.exists {
            steps.push(Step::CreateRole { role: role.clone() });
        }
        for (policy, document) in &self.policies {
            if there.policies.get(policy) != Some(document) {
                steps.push(Step::SetPolicy { role: role.clone(), policy });
            }
        }
        for policy in there.policies.keys().filter(|policy| !self.policies.contains_key(*policy)) {
            steps.push(Step::RemovePolicy { role: role.clone(), policy });
        }
        steps
    }

    fn function_steps(&self, found: &Found) -> Vec<Step> {
        let name = self.wanted.name.clone();
        let Some(Latest { function: latest, ours }) = &found.latest else {
            let create = Step::CreateFunction { name, region: self.account.region.clone() };
            return self.upload_step(found).into_iter().chain([create]).collect();
        };
        let mut steps = Vec::new();
        if !ours {
            steps.push(Step::Adopt { name: name.clone() });
        }
        let changes = latest.changes(&self.function);
        if !changes.is_empty() {
            steps.push(Step::UpdateSettings { name: name.clone(), changes });
        }
        if !latest.has_code_of(&self.function) {
            steps.extend(self.upload_step(found));
            steps.push(Step::UpdateCode { name });
        }
        steps
    }

    fn upload_step(&self, found: &Found) -> Option<Step> {
        let bucket = self.bucket.filter(|_| !found.uploaded)?;
        Some(Step::Upload { bucket: bucket.to_owned(), key: self.wanted.key() })
    }

    fn version_steps(&mut self, found: &Found) -> Vec<Step> {
        let name = self.wanted.name.clone();
        let published = matching(&found.versions, &self.function, found.alias.as_deref()).map(|it| it.to_string());
        self.version.clone_from(&published);
        let mut steps = Vec::new();
        if published.is_none() {
            steps.push(Step::Publish { name: name.clone() });
        }
        if published.is_none() || published != found.alias {
            steps.push(Step::Ask { name, version: published.clone() });
            let alias = self.wanted.alias.clone();
            steps.push(match &found.alias {
                None => Step::CreateAlias { alias, version: published },
                Some(from) => Step::MoveAlias { alias, from: from.clone(), version: published },
            });
        }
        steps
    }

    fn url_steps(&self, found: &Found) -> Vec<Step> {
        if !self.wanted.url {
            return Vec::new();
        }
        let streams = match self.function.env.get(STREAM) {
            Some(value) => value == "true",
            None => self.wanted.stream,
        };
        let mut steps = Vec::new();
        match &found.url {
            None => steps.push(Step::CreateUrl { streams }),
            Some(url) if url.streams != streams => steps.push(Step::UpdateUrl { streams }),
            Some(_) => {}
        }
        // Somebody has closed it.
        if found.url.as_ref().is_none_or(|url| url.public) {
            let needed = [Permission::Url, Permission::ThroughUrl].into_iter();
            let missing = needed.filter(|permission| !found.permissions.contains(&permission.id()));
            steps.extend(missing.map(|permission| Step::Allow { permission }));
        }
        steps
    }

    fn target_steps(&self, found: &Found) -> Result<Vec<Step>, DeployError> {
        let Some(group) = &self.wanted.target_group else { return Ok(Vec::new()) };
        let own = self.account.arn("lambda", &format!("function:{}", self.wanted.name));
        let function = format!("{own}:{}", self.wanted.alias);
        let mut steps = Vec::new();
        let permission = Permission::TargetGroup(group.clone());
        if !found.permissions.contains(&permission.id()) {
            steps.push(Step::Allow { permission });
        }
        match &found.targets.function {
            Some(there) if *there == function => return Ok(steps),
            None => {}
            // Another alias of the same function.
            Some(there) if *there == own || there.starts_with(&format!("{own}:")) => {
                steps.push(Step::Deregister { group: group.clone(), function: there.clone() });
            }
            Some(there) => {
                return Err(DeployError::Refused(format!(
                    "the target group {group} sends its requests to {there}, and it can have one function only: name another \
                     target group, or remove that function: aws elbv2 deregister-targets --target-group-arn {group} --targets \
                     Id={there}"
                )));
            }
        }
        steps.push(Step::Register { group: group.clone(), function });
        Ok(steps)
    }

    /// Makes one of the changes.
    ///
    /// # Errors
    /// AWS refused it. What was done before stays, and a new plan begins there.
    pub async fn run(&mut self, step: &Step) -> Result<(), DeployError> {
        let (account, wanted) = (self.account, self.wanted);
        let (name, to) = (wanted.name.as_str(), wanted.alias.as_str());
        match step {
            Step::CreateRole { .. } => {
                self.new_role = true;
                role::create(account, name).await
            }
            Step::SetPolicy { policy, .. } => {
                self.new_role = true;
                let document = self.policies.get(policy).ok_or_else(|| foreign(step))?;
                role::put_policy(account, name, policy, document).await
            }
            Step::RemovePolicy { policy, .. } => role::remove_policy(account, name, policy).await,
            Step::CreateLogGroup { .. } => log_group::create(account, name).await,
            Step::LimitLogGroup { .. } => log_group::limit(account, name).await,
            Step::Upload { bucket, .. } => upload::put(account, bucket, wanted).await,
            // The role may have been made a moment ago, by a deployment that ended there.
            Step::CreateFunction { .. } => {
                function::create(account, wanted, &self.function, self.bucket, wanted.role.is_none()).await
            }
            Step::Adopt { .. } => function::adopt(account, name).await,
            Step::UpdateSettings { .. } => function::update_settings(account, name, &self.function).await,
            Step::UpdateCode { .. } => function::update_code(account, wanted, self.bucket).await,
            Step::Publish { .. } => {
                self.version = Some(version::publish(account, name).await?);
                Ok(())
            }
            Step::Ask { .. } => probe::ask(account, name, self.version(), &wanted.event, self.new_role).await,
            Step::CreateAlias { .. } => alias::create(account, name, to, self.version()).await,
            Step::MoveAlias { .. } => alias::update(account, name, to, self.version()).await,
            Step::CreateUrl { streams } => {
                self.url = Some(url::create(account, name, to, *streams).await?);
                Ok(())
            }
            Step::UpdateUrl { streams } => url::update(account, name, to, *streams).await,
            Step::Allow { permission } => permission::add(account, name, to, permission).await,
            Step::Deregister { group, function } => target_group::deregister(account, group, function).await,
            Step::Register { group, function } => target_group::register(account, group, function).await,
            Step::DeleteUrl | Step::DeleteFunction { .. } | Step::DeleteRole { .. } | Step::DeleteLogGroup { .. } => {
                Err(foreign(step))
            }
        }
    }

    fn version(&self) -> &str {
        self.version.as_deref().unwrap_or("$LATEST")
    }

    /// What is there after all steps.
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
