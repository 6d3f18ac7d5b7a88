//! `funcserver logs`: the lines of a deployed function.

use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use funcserver_deploy::LogLines;
use funcserver_function::config::Variables;

use super::cloud::{Place, runtime};
use crate::args::{self, AliasArgs};
use crate::output;
use crate::project::Project;

/// How often new lines are asked for. The service allows five requests a second to an account.
const PAUSE: Duration = Duration::from_secs(2);

pub(crate) fn run(args: &args::Logs, env: &Variables) -> Result<ExitCode> {
    let place = Place::of(&args.function, &AliasArgs { alias: None }, &Project::read(env)?)?;
    runtime()?.block_on(print(args, &place))?;
    Ok(ExitCode::SUCCESS)
}

async fn print(args: &args::Logs, place: &Place) -> Result<()> {
    let account = place.account().await?;
    let since = SystemTime::now().checked_sub(args.since).unwrap_or(UNIX_EPOCH);
    let since = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut lines = LogLines::since(&account, &place.name, since.try_into().unwrap_or(0));
    let mut none = true;
    loop {
        for line in lines.next().await? {
            none = false;
            output::line(output::printable(&line.text))?;
        }
        if !args.follow {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    if none {
        output::note(format_args!("no lines of {} in that time: --since 60m looks further back", place.name));
    }
    Ok(())
}
