//! The function itself, as it is changed: its code and settings.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, FunctionConfiguration, LastUpdateStatus, LogFormat, LoggingConfig,
    PackageType, Runtime, State,
};

use crate::error::{Naming as _, there};
use crate::wanted::NEW;
use crate::{Account, DeployError, TAG, Wanted, log_group};

/// The runtime that starts a program called `bootstrap`, on the newest Amazon Linux.
pub(crate) const RUNTIME: Runtime = Runtime::Providedal2023;

/// The older one. A function with it is brought to the newer.
const OLDER: Runtime = Runtime::Providedal2;

const DESCRIPTION: &str = "A wasi:http component";

/// How often the state of a change is asked for, and how long.
const POLL: Duration = Duration::from_secs(1);
const POLLS: u32 = 300;

/// How long a new role may take until Lambda may assume it: IAM's changes reach other services some seconds later.
const ROLE_RETRY: Duration = Duration::from_secs(2);
const ROLE_RETRIES: u32 = 30;

/// The code and settings of the function or of one of its versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DeployedFunction {
    /// The SHA-256 of the zip in base64.
    pub(crate) code: String,
    pub(crate) arch: String,
    pub(crate) role: String,
    pub(crate) memory: i32,
    pub(crate) timeout: i32,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) runtime: String,
    /// Whether its log is in JSON, if Lambda says so.
    pub(crate) json_log: bool,
    /// What a deployment leaves as it is, and a version has too: networks, layers, storage and so on.
    pub(crate) rest: Vec<String>,
}

/// The function as it is to be next, and what else Lambda knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Latest {
    pub(crate) function: DeployedFunction,
    /// Whether a deployment has made it.
    pub(crate) ours: bool,
}

impl DeployedFunction {
    /// What is wanted, where `latest` is there now and a new function has the role `role`.
    pub(crate) fn wanted(wanted: &Wanted, latest: Option<&DeployedFunction>, role: String) -> DeployedFunction {
        let mut env = latest.map(|latest| latest.env.clone()).unwrap_or_default();
        env.extend(wanted.env.clone());
        DeployedFunction {
            code: wanted.hash(),
            arch: wanted.arch.clone(),
            role: wanted.role.clone().or(latest.map(|latest| latest.role.clone())).unwrap_or(role),
            memory: wanted.memory.or(latest.map(|latest| latest.memory)).unwrap_or(NEW.0),
            timeout: wanted.timeout.or(latest.map(|latest| latest.timeout)).unwrap_or(NEW.1),
            env,
            runtime: RUNTIME.as_str().to_owned(),
            json_log: true,
            rest: latest.map(|latest| latest.rest.clone()).unwrap_or_default(),
        }
    }

    /// The settings that differ from another's, in words. No values of variables, which may be secret.
    pub(crate) fn changes(&self, to: &DeployedFunction) -> Vec<String> {
        let mut changes = Vec::new();
        let mut change = |what: &str, from: &str, to: &str| {
            if from != to {
                changes.push(format!("{what} from {from} to {to}"));
            }
        };
        change("runtime", &self.runtime, &to.runtime);
        change("role", &self.role, &to.role);
        change("memory", &format!("{} MB", self.memory), &format!("{} MB", to.memory));
        change("timeout", &format!("{} s", self.timeout), &format!("{} s", to.timeout));
        change("log", if self.json_log { "JSON" } else { "text" }, if to.json_log { "JSON" } else { "text" });
        let differ = |(name, value): &(&String, &String)| self.env.get(*name) != Some(value);
        changes.extend(to.env.iter().filter(differ).map(|(name, _)| format!("the variable {name}")));
        changes
    }

    /// Whether it has the code that the other has.
    pub(crate) fn has_code_of(&self, other: &DeployedFunction) -> bool {
        (&self.code, &self.arch) == (&other.code, &other.arch)
    }
}

impl From<&FunctionConfiguration> for DeployedFunction {
    fn from(found: &FunctionConfiguration) -> DeployedFunction {
        let env = found.environment().and_then(|environment| environment.variables()).cloned().unwrap_or_default();
        DeployedFunction {
            code: found.code_sha256().unwrap_or_default().to_owned(),
            arch: found.architectures().first().map(Architecture::as_str).unwrap_or_default().to_owned(),
            role: found.role().unwrap_or_default().to_owned(),
            memory: found.memory_size().unwrap_or_default(),
            timeout: found.timeout().unwrap_or_default(),
            env: env.into_iter().collect(),
            runtime: found.runtime().map(Runtime::as_str).unwrap_or_default().to_owned(),
            rest: rest(found),
            json_log: found
                .logging_config()
                .and_then(LoggingConfig::log_format)
                .is_none_or(|it| *it == LogFormat::Json),
        }
    }
}

/// What somebody may have set that a deployment does not mind, so that a change of it is published too.
fn rest(found: &FunctionConfiguration) -> Vec<String> {
    let mut rest = Vec::new();
    if let Some(network) = found.vpc_config() {
        rest.extend(network.subnet_ids().iter().chain(network.security_group_ids()).cloned());
    }
    rest.extend(found.layers().iter().filter_map(|layer| layer.arn().map(str::to_owned)));
    rest.extend(found.file_system_configs().iter().map(|files| files.arn().to_owned()));
    rest.extend(found.ephemeral_storage().map(|storage| format!("{} MB", storage.size())));
    rest.extend(found.tracing_config().and_then(|tracing| Some(format!("{:?}", tracing.mode()?))));
    rest.extend(found.snap_start().and_then(|snapshots| Some(format!("{:?}", snapshots.apply_on()?))));
    rest.extend(found.kms_key_arn().map(str::to_owned));
    rest.extend(found.dead_letter_config().and_then(|queue| queue.target_arn().map(str::to_owned)));
    rest
}

/// What there is.
///
/// # Errors
/// It is not one that a zip with a `bootstrap` may replace.
pub(crate) async fn find(account: &Account, name: &str) -> Result<Option<Latest>, DeployError> {
    let found = account.lambda.get_function().function_name(name).send().await.named("GetFunction", name);
    let Some(found) = there(found)? else { return Ok(None) };
    let Some(settings) = found.configuration() else { return Ok(None) };
    let kind = match (settings.package_type(), settings.runtime()) {
        (Some(PackageType::Image), _) => "an image",
        (_, Some(runtime)) if [RUNTIME, OLDER].contains(runtime) => "",
        (_, Some(runtime)) => runtime.as_str(),
        (_, None) => "another runtime",
    };
    if !kind.is_empty() {
        return Err(DeployError::Refused(format!(
            "the function {name} in {account} is for {kind}, and funcserver's is for {}: give another name with --name or \
             deploy.name, or delete that function first: aws lambda delete-function --function-name {name}",
            RUNTIME.as_str()
        )));
    }
    let ours = found.tags().is_some_and(|tags| tags.contains_key(TAG));
    Ok(Some(Latest { function: settings.into(), ours }))
}

/// Creates it with the zip's bytes, or with what is in a bucket.
pub(crate) async fn create(
    account: &Account,
    wanted: &Wanted,
    function: &DeployedFunction,
    bucket: Option<&str>,
    new_role: bool,
) -> Result<(), DeployError> {
    let code = match bucket {
        Some(bucket) => FunctionCode::builder().s3_bucket(bucket).s3_key(wanted.key()),
        None => FunctionCode::builder().zip_file(Blob::new(wanted.zip.clone())),
    };
    let create = account.lambda.create_function().function_name(&wanted.name).description(DESCRIPTION);
    let create = create.runtime(RUNTIME).handler("bootstrap").package_type(PackageType::Zip).code(code.build());
    let create = create.architectures(function.arch.as_str().into()).role(&function.role);
    let create = create.memory_size(function.memory).timeout(function.timeout).environment(environment(function));
    let create = create.logging_config(logging(&wanted.name)).tags(TAG, "deploy");
    let mut tries = 0;
    loop {
        match create.clone().send().await.named("CreateFunction", &wanted.name) {
            Ok(_) => return ready(account, &wanted.name, None).await,
            Err(error) if is_of_role(&error) && new_role && tries < ROLE_RETRIES => {
                tries += 1;
                tokio::time::sleep(ROLE_RETRY).await;
            }
            Err(error) => return Err(explained(error, &function.role)),
        }
    }
}

/// Sets the settings that are not the code.
pub(crate) async fn update_settings(
    account: &Account,
    name: &str,
    function: &DeployedFunction,
) -> Result<(), DeployError> {
    ready(account, name, None).await?;
    let update = account.lambda.update_function_configuration().function_name(name).runtime(RUNTIME);
    let update = update.handler("bootstrap").role(&function.role).memory_size(function.memory);
    let update = update.timeout(function.timeout).environment(environment(function)).logging_config(logging(name));
    let updated = update.send().await.named("UpdateFunctionConfiguration", name);
    updated.map_err(|error| explained(error, &function.role))?;
    ready(account, name, None).await
}

/// Replaces the code.
pub(crate) async fn update_code(account: &Account, wanted: &Wanted, bucket: Option<&str>) -> Result<(), DeployError> {
    let name = &wanted.name;
    ready(account, name, None).await?;
    let update = account.lambda.update_function_code().function_name(name).architectures(wanted.arch.as_str().into());
    let update = match bucket {
        Some(bucket) => update.s3_bucket(bucket).s3_key(wanted.key()),
        None => update.zip_file(Blob::new(wanted.zip.clone())),
    };
    update.send().await.named("UpdateFunctionCode", name)?;
    ready(account, name, None).await
}

/// Marks it as one that a deployment manages.
pub(crate) async fn adopt(account: &Account, name: &str) -> Result<(), DeployError> {
    let arn = account.arn("lambda", &format!("function:{name}"));
    account.lambda.tag_resource().resource(arn).tags(TAG, "deploy").send().await.named("TagResource", name)?;
    Ok(())
}

/// Deletes it, with its versions, aliases and their policies.
pub(crate) async fn delete(account: &Account, name: &str) -> Result<(), DeployError> {
    there(account.lambda.delete_function().function_name(name).send().await.named("DeleteFunction", name))?;
    Ok(())
}

/// Waits until the last change is done, or a version is there: Lambda refuses other changes and invocations until then.
pub(crate) async fn ready(account: &Account, name: &str, version: Option<&str>) -> Result<(), DeployError> {
    for _ in 0..POLLS {
        let found = account.lambda.get_function_configuration().function_name(name);
        let found = found.set_qualifier(version.map(str::to_owned)).send().await;
        if is_ready(name, &found.named("GetFunctionConfiguration", name)?)? {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    let minutes = POLLS / 60;
    Err(DeployError::Refused(format!(
        "the function {name} was not ready after {minutes} minutes: run the command again"
    )))
}

fn is_ready(name: &str, found: &GetFunctionConfigurationOutput) -> Result<bool, DeployError> {
    let failed = |reason: Option<&str>| {
        DeployError::Refused(format!(
            "Lambda cannot set up the function {name}: {}",
            reason.unwrap_or("without a reason")
        ))
    };
    if found.state() == Some(&State::Failed) {
        return Err(failed(found.state_reason()));
    }
    if found.last_update_status() == Some(&LastUpdateStatus::Failed) {
        return Err(failed(found.last_update_status_reason()));
    }
    let pending = found.state() == Some(&State::Pending);
    Ok(!pending && found.last_update_status() != Some(&LastUpdateStatus::InProgress))
}

fn environment(function: &DeployedFunction) -> Environment {
    Environment::builder().set_variables(Some(function.env.clone().into_iter().collect())).build()
}

fn logging(name: &str) -> LoggingConfig {
    LoggingConfig::builder().log_format(LogFormat::Json).log_group(log_group::name(name)).build()
}

/// Whether Lambda says that it may not assume the role.
fn is_of_role(error: &DeployError) -> bool {
    matches!(error, DeployError::Api { code, message, .. }
        if code == "InvalidParameterValueException" && message.contains("assumed"))
}

fn explained(error: DeployError, role: &str) -> DeployError {
    if !is_of_role(&error) {
        return error;
    }
    DeployError::Refused(format!(
        "Lambda cannot assume the role {role}: it must exist, and its trust policy must allow sts:AssumeRole for \
         lambda.amazonaws.com; see aws iam get-role, or give no role, and deploy makes one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function() -> DeployedFunction {
        DeployedFunction {
            code: "old".to_owned(),
            arch: "x86_64".to_owned(),
            role: "arn:role".to_owned(),
            memory: 1024,
            timeout: 30,
            env: [("KEPT".to_owned(), "1".to_owned())].into(),
            runtime: RUNTIME.as_str().to_owned(),
            json_log: true,
            rest: vec!["subnet-1".to_owned()],
        }
    }

    fn wanted() -> Wanted {
        Wanted {
            name: "shop".to_owned(),
            zip: b"zip".to_vec(),
            arch: "x86_64".to_owned(),
            role: None,
            memory: None,
            timeout: None,
            env: BTreeMap::new(),
            secrets: Vec::new(),
            url: false,
            stream: false,
            target_group: None,
            alias: "live".to_owned(),
            bucket: None,
            adopt: false,
            event: Vec::new(),
        }
    }

    #[test]
    fn what_is_not_wanted_stays() {
        let latest = function();
        let next = DeployedFunction::wanted(&wanted(), Some(&latest), "arn:new".to_owned());
        assert!(latest.changes(&next).is_empty() && !latest.has_code_of(&next));
        let first = DeployedFunction::wanted(&wanted(), None, "arn:new".to_owned());
        assert_eq!((first.memory, first.timeout, first.role.as_str()), (512, 10, "arn:new"));
    }

    #[test]
    fn changes_are_named_without_values_of_variables() {
        let env = [("NEW".to_owned(), "secret".to_owned()), ("KEPT".to_owned(), "1".to_owned())].into();
        let wanted = Wanted { memory: Some(2048), role: Some("arn:other".to_owned()), env, ..wanted() };
        let latest = DeployedFunction { json_log: false, ..function() };
        let changes = latest.changes(&DeployedFunction::wanted(&wanted, Some(&latest), String::new()));
        assert_eq!(
            changes,
            [
                "role from arn:role to arn:other",
                "memory from 1024 MB to 2048 MB",
                "log from text to JSON",
                "the variable NEW"
            ]
        );
    }
}
