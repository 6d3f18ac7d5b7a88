//! The lines of the function's log.

use std::collections::BTreeSet;

use crate::error::{Naming as _, there};
use crate::{Account, DeployError, log_group};

/// How long the service may take to show a line after a newer one, in milliseconds: streams are written independently.
const LATE: i64 = 30_000;

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, in milliseconds since 1970.
    pub time: i64,
    /// Its text.
    pub text: String,
}

/// The lines from a moment on, each once.
#[derive(Debug)]
pub struct LogLines<'a> {
    account: &'a Account,
    function: &'a str,
    /// From here on is asked, in milliseconds since 1970.
    from: i64,
    newest: i64,
    /// The lines since then that were given.
    given: BTreeSet<String>,
}

impl<'a> LogLines<'a> {
    /// The lines from a time on, in milliseconds since 1970.
    #[must_use]
    pub fn since(account: &'a Account, function: &'a str, time: i64) -> LogLines<'a> {
        LogLines { account, function, from: time, newest: time, given: BTreeSet::new() }
    }

    /// The lines that are there now and were not given before.
    ///
    /// # Errors
    /// There is no log group, or AWS cannot be asked.
    pub async fn next(&mut self) -> Result<Vec<LogLine>, DeployError> {
        let group = log_group::name(self.function);
        let filter = self.account.logs.filter_log_events().log_group_name(&group).start_time(self.from);
        let mut pages = filter.into_paginator().send();
        let (mut lines, mut seen) = (Vec::new(), BTreeSet::new());
        while let Some(page) = pages.next().await {
            let Some(page) = there(page.named("FilterLogEvents", &group))? else {
                return Err(DeployError::Refused(format!(
                    "there is no log group {group} in {}: deploy the function first, or name another with --name and --region",
                    self.account
                )));
            };
            for event in page.events() {
                let (id, time) = (event.event_id().unwrap_or_default(), event.timestamp().unwrap_or_default());
                self.newest = self.newest.max(time);
                if !self.given.contains(id) {
                    let text = event.message().unwrap_or_default().trim_end().to_owned();
                    lines.push(LogLine { time, text });
                }
                seen.insert(id.to_owned());
            }
        }
        lines.sort_by_key(|line| line.time);
        self.from = self.from.max(self.newest - LATE);
        self.given = seen;
        Ok(lines)
    }
}
