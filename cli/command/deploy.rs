//! `funcserver deploy`: from the project to a function in AWS.

mod code;

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Result, bail};
use funcserver_deploy::{Account, Change, Deployed, Deployment, Secret, Wanted};
use funcserver_function::config::{Config, SecretReference, SecretService, Variables};
use serde::Serialize;

use super::cloud::{Place, during, first_request, runtime};
use crate::args;
use crate::output;
use crate::project::Project;
use code::Code;

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    function: &'a str,
    region: &'a str,
    account: &'a str,
    /// The ARN of the function with its alias.
    arn: &'a str,
    /// The version to which the alias leads, or null if it is not published yet (`--dry-run`).
    version: Option<&'a str>,
    url: Option<&'a str>,
    /// What was changed, or would be.
    changes: Vec<String>,
    dry_run: bool,
}

pub(crate) fn run(args: &args::Deploy, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env)?;
    let place = Place::of(&args.function, &args.alias, &project)?;
    let runtime = runtime()?;
    // Before the slow work.
    let account = runtime.block_on(place.account())?;
    let code = Code::of(args, &project, env)?;
    let wanted = wanted(args, &project, &place, code)?;
    let mut deployment = runtime.block_on(Deployment::plan(&account, &wanted))?;
    let changes = deployment.changes();
    if args.dry_run {
        for change in &changes {
            output::note(format_args!("would {change}"));
        }
    } else {
        for (done, change) in changes.iter().enumerate() {
            let result = during(change, || runtime.block_on(deployment.run(change)));
            if let Err(error) = result {
                let (done, left) = changes.split_at(done);
                tell_done(done, left.len());
                return Err(error.into());
            }
        }
    }
    if changes.is_empty() {
        output::note(format_args!("{} in {account} is as it should be: nothing to do", place.name));
    }
    tell(args, &place, &account, &deployment.deployed(), &changes)?;
    Ok(ExitCode::SUCCESS)
}

/// What was done before a change failed.
fn tell_done(done: &[Change], left: usize) {
    let done = match done {
        [] => "nothing was changed".to_owned(),
        done => format!("done: {}", done.iter().map(Change::to_string).collect::<Vec<_>>().join("; ")),
    };
    output::note(format_args!("{done}; {left} of the changes are left: run the same command again to go on"));
}

fn tell(args: &args::Deploy, place: &Place, account: &Account, deployed: &Deployed, changes: &[Change]) -> Result<()> {
    let Deployed { arn, version, url } = deployed;
    let is_published = version.parse::<u64>().is_ok();
    if args.json {
        return output::json(&Report {
            function: &place.name,
            region: &account.region,
            account: &account.number,
            arn,
            version: is_published.then_some(version),
            url: url.as_deref(),
            changes: changes.iter().map(Change::to_string).collect(),
            dry_run: args.dry_run,
        });
    }
    if args.dry_run {
        return Ok(());
    }
    output::note(format_args!("version {version} is live: {arn}"));
    if let Some(url) = url {
        output::line(url)?;
        output::note(format_args!("the first request: curl -i {url}"));
    }
    Ok(())
}

/// What is to be there: the arguments, before the settings.
fn wanted(args: &args::Deploy, project: &Project, place: &Place, code: Code) -> Result<Wanted> {
    let settings = &project.config.deploy;
    let mut env = settings.env.clone();
    env.extend(args.env.iter().cloned());
    // As the function will read them, and not as this machine does.
    let config =
        Config::read(code.settings.as_deref().map(|text| ("funcserver.toml".as_ref(), text)), &variables(&env))?;
    let arch = code.arch.name().to_owned();
    let timeout = args.timeout.or(settings.timeout);
    if timeout.is_some_and(|timeout| timeout.subsec_nanos() != 0) {
        bail!("deploy.timeout has a fraction of a second: Lambda takes whole seconds, as in \"10s\"");
    }
    let target_group = args.target_group.clone().or(settings.target_group.clone());
    Ok(Wanted {
        name: place.name.clone(),
        zip: code.zip,
        arch,
        role: args.role.clone().or(settings.role.clone()),
        memory: args.memory.or(settings.memory.and_then(|memory| memory.try_into().ok())),
        timeout: timeout.and_then(|timeout| timeout.as_secs().try_into().ok()),
        secrets: config.guest.secrets.values().map(secret).collect(),
        url: args.url || settings.url,
        stream: config.response.stream,
        alias: place.alias.clone(),
        bucket: args.bucket.clone().or(settings.bucket.clone()),
        adopt: args.adopt,
        event: first_request(&config, target_group.is_some())?,
        target_group,
        env,
    })
}

fn variables(env: &BTreeMap<String, String>) -> Variables {
    env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

fn secret(reference: &SecretReference) -> Secret {
    match reference.service {
        SecretService::SecretsManager => Secret::SecretsManager(reference.id.clone()),
        SecretService::ParameterStore => Secret::ParameterStore(reference.id.clone()),
    }
}
