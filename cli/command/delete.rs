//! `funcserver delete`: deletes what `deploy` has made.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::process::ExitCode;

use anyhow::{Result, bail};
use funcserver_deploy::{Change, Deletion, Leftover};
use funcserver_function::config::Variables;

use super::cloud::{Place, during, runtime};
use crate::args;
use crate::output;
use crate::project::Project;

pub(crate) fn run(args: &args::Delete, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env)?;
    let place = Place::of(&args.function, &args.alias, &project)?;
    let runtime = runtime()?;
    let account = runtime.block_on(place.account())?;
    let group = args.target_group.as_deref().or(project.config.deploy.target_group.as_deref());
    let plan = Deletion::plan(&account, &place.name, &place.alias, group, args.with_logs);
    let deletion = runtime.block_on(plan)?;
    let changes = deletion.changes();
    if changes.is_empty() {
        output::note(format_args!("there is nothing of {} in {account} to delete", place.name));
    }
    if args.dry_run || (!changes.is_empty() && !args.yes) {
        changes.iter().for_each(|change| output::note(format_args!("would {change}")));
    }
    if !args.dry_run {
        if !changes.is_empty() && !args.yes {
            confirm(&place.name)?;
        }
        delete(&changes, |change| runtime.block_on(deletion.run(change)))?;
    }
    if let Some(Leftover::LogGroup(group)) = deletion.leftover() {
        output::note(format_args!("the log group {group} stays: --with-logs deletes it too"));
    }
    Ok(ExitCode::SUCCESS)
}

fn delete<E: Into<anyhow::Error>>(changes: &[Change], mut run: impl FnMut(&Change) -> Result<(), E>) -> Result<()> {
    for (done, change) in changes.iter().enumerate() {
        if let Err(error) = during(change, || run(change)) {
            output::note(format_args!(
                "{done} of {} deletions were done: run the same command again to go on",
                changes.len()
            ));
            return Err(error.into());
        }
    }
    Ok(())
}

/// Asks for the function's name, so that nobody deletes one by a slip.
fn confirm(name: &str) -> Result<()> {
    if !io::stdin().is_terminal() {
        bail!("nobody can be asked whether to delete {name}: add --yes");
    }
    output::note(format_args!("Type the function's name, {name}, to delete it:"));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if answer.trim() != name {
        bail!("that is not its name; nothing was deleted");
    }
    Ok(())
}
