//! `funcserver rollback`: lets the alias lead to an older version.

use std::process::ExitCode;

use anyhow::Result;
use funcserver_deploy::{Rollback, RolledBack};
use funcserver_function::config::Variables;
use serde::Serialize;

use super::cloud::{Place, during, first_request, runtime};
use crate::args;
use crate::output;
use crate::project::Project;

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    function: &'a str,
    alias: &'a str,
    from: &'a str,
    to: &'a str,
    dry_run: bool,
}

pub(crate) fn run(args: &args::RollbackArgs, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env)?;
    let place = Place::of(&args.function, &args.alias, &project)?;
    let runtime = runtime()?;
    let account = runtime.block_on(place.account())?;
    let Place { name, alias, .. } = &place;
    let rollback = runtime.block_on(Rollback::plan(&account, name, alias, args.to))?;
    let RolledBack { from, to } = rollback.rolled_back();
    if args.dry_run {
        output::note(format_args!("would move the alias {alias} of {name} from version {from} to {to}"));
    } else {
        let event = first_request(&project.config, project.config.deploy.target_group.is_some())?;
        during(format_args!("ask version {to} of {name} for an answer, and move the alias {alias} to it"), || {
            runtime.block_on(rollback.run(&event))
        })?;
        output::note(format_args!("version {to} of {name} is live, after version {from}"));
    }
    if args.json {
        output::json(&Report { function: name, alias, from, to, dry_run: args.dry_run })?;
    }
    Ok(ExitCode::SUCCESS)
}
