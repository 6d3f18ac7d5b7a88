//! The arguments of `funcserver deploy`, and of what works on a deployed function: `logs`, `rollback`, `delete`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use funcserver_function::config::{SETTINGS, duration};

use super::{ComponentArgs, ForArch, seconds};

/// Which function, of which account.
#[derive(Debug, Args)]
pub(crate) struct FunctionArgs {
    /// The function's name; by default deploy.name, else the name of this folder
    #[arg(long, value_name = "NAME", value_parser = of_setting("deploy.name"))]
    pub(crate) name: Option<String>,
    /// The region; by default deploy.region, else that of the AWS CLI
    #[arg(long, value_name = "REGION", value_parser = of_setting("deploy.region"))]
    pub(crate) region: Option<String>,
    /// The profile of ~/.aws/config; by default deploy.profile, else the credentials of the AWS CLI
    #[arg(long, value_name = "PROFILE")]
    pub(crate) profile: Option<String>,
}

/// The alias of it that front ends invoke.
#[derive(Debug, Args)]
pub(crate) struct AliasArgs {
    /// The alias that front ends invoke; by default deploy.alias, else live
    #[arg(long, value_name = "NAME", value_parser = of_setting("deploy.alias"))]
    pub(crate) alias: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Deploy {
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
    /// Deploy this zip, which bundle wrote, instead of bundling the project
    #[arg(long, value_name = "FILE", conflicts_with_all = ["path", "arch", "bootstrap"])]
    pub(crate) zip: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) function: FunctionArgs,
    #[command(flatten)]
    pub(crate) alias: AliasArgs,
    #[command(flatten)]
    pub(crate) arch: ForArch,
    /// The bootstrap for it; by default the one that bundle finds
    #[arg(long, value_name = "PATH")]
    pub(crate) bootstrap: Option<PathBuf>,
    /// The ARN of the function's role; by default one is made
    #[arg(long, value_name = "ARN", value_parser = of_setting("deploy.role"))]
    pub(crate) role: Option<String>,
    /// Its memory in MB; by default 512 for a new function, else what it has
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(i32).range(128..=10_240))]
    pub(crate) memory: Option<i32>,
    /// Its timeout in seconds (up to 900); by default 10 for a new function, else what it has
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
    /// An environment variable of the function; may be repeated. Others that it has stay
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    pub(crate) env: Vec<(String, String)>,
    /// Give it a URL that everyone may call
    #[arg(long)]
    pub(crate) url: bool,
    /// The ARN of a load balancer's target group that sends requests to it
    #[arg(long, value_name = "ARN", value_parser = of_setting("deploy.target-group"))]
    pub(crate) target_group: Option<String>,
    /// The bucket through which a zip of more than 50 MB is uploaded
    #[arg(long, value_name = "NAME", value_parser = of_setting("deploy.bucket"))]
    pub(crate) bucket: Option<String>,
    /// Take over a function of this name that something else has made
    #[arg(long)]
    pub(crate) adopt: bool,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the result as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    pub(crate) function: FunctionArgs,
    /// How far back, such as 90s, 10m or 60m
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = age)]
    pub(crate) since: Duration,
    /// Go on with new lines until Ctrl-C
    #[arg(short, long)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RollbackArgs {
    #[command(flatten)]
    pub(crate) function: FunctionArgs,
    #[command(flatten)]
    pub(crate) alias: AliasArgs,
    /// The version to go back to; by default the newest before the one that is live
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<u64>,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print the result as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Delete {
    #[command(flatten)]
    pub(crate) function: FunctionArgs,
    #[command(flatten)]
    pub(crate) alias: AliasArgs,
    /// The ARN of the target group that sends requests to it; by default deploy.target-group
    #[arg(long, value_name = "ARN", value_parser = of_setting("deploy.target-group"))]
    pub(crate) target_group: Option<String>,
    /// Delete its log group too, with all lines
    #[arg(long)]
    pub(crate) with_logs: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Print what would be deleted, and delete nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) const DEPLOY: &str = "\
It bundles the project, creates or updates the Lambda function with its role and log group, publishes a version, asks it for an \
answer, and then lets the alias, which front ends invoke, lead to it. Only what differs is changed, so that a second run does \
nothing, and one after a failure goes on where it ended. Permanent values belong into [deploy] of funcserver.toml. What it \
needs in AWS, and what it makes there, is in docs/deploy.md.

Examples:
  funcserver deploy --url
  funcserver deploy --dry-run
  funcserver deploy --name shop --region eu-west-1 --memory 1024 --env FUNCSERVER_LOG_METRICS=true
  funcserver deploy --zip release.zip --target-group arn:aws:elasticloadbalancing:…:targetgroup/shop/0123456789abcdef";

pub(crate) const LOGS: &str = "\
Each line is a record in JSON, as the host and the handler wrote it.

Examples:
  funcserver logs
  funcserver logs --follow
  funcserver logs --name shop --since 60m";

pub(crate) const ROLLBACK: &str = "\
The version is asked for an answer first. The next deploy goes forward again.

Examples:
  funcserver rollback
  funcserver rollback --to 7
  funcserver rollback --name shop --dry-run";

pub(crate) const DELETE: &str = "\
It deletes the function with its versions and its URL, and the role that deploy made. The log stays unless you say \
--with-logs.

Examples:
  funcserver delete --dry-run
  funcserver delete --yes
  funcserver delete --name shop --with-logs --yes";

/// A value that the setting allows, in whose place the option is.
fn of_setting(key: &'static str) -> impl Fn(&str) -> Result<String, String> + Clone {
    move |text| {
        let setting = SETTINGS.iter().find(|setting| setting.key == key).ok_or("no such setting")?;
        setting.check(text).map(|()| text.to_owned()).map_err(|allowed| format!("allowed: {allowed}"))
    }
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

fn age(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|error| error.to_string())
}
