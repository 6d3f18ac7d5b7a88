//! `funcserver invoke`: answers events, and prints or compares the replies.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use funcserver_events::StreamForm;
use funcserver_function::Outcome;
use funcserver_function::config::Variables;

use funcserver_local::{MAX_STREAM, request_id};

use crate::args;
use crate::diff;
use crate::event_file;
use crate::local::LocalFunction;
use crate::output;
use crate::recording::{self, Pair};

/// The exit code for an invocation that was an error.
const INVOCATION_ERROR: u8 = 3;
/// The exit code for a reply that is not the recorded one.
const DIFFERENT: u8 = 4;

/// An event to answer.
struct Event {
    name: String,
    bytes: Bytes,
    /// Its recorded reply, if it is compared.
    recorded: Option<Vec<u8>>,
}

pub(crate) fn run(args: &args::Invoke, env: &Variables) -> Result<ExitCode> {
    let (component, files) = args.component_and_events();
    let events = events(files, args.diff)?;
    let (function, _) = LocalFunction::load(component, args.timeout.duration(), 1, env)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let outcome = |event: &Event| {
        runtime.block_on(async {
            let (outcome, after) = function.invoke(&request_id(), event.bytes.clone()).await;
            let outcome = outcome.whole(MAX_STREAM).await;
            after.finish().await;
            outcome
        })
    };
    if args.diff { compare(&events, args.all, outcome) } else { print(&events, args.raw, outcome) }
}

/// Prints the reply to each event.
fn print(events: &[Event], raw: bool, outcome: impl Fn(&Event) -> Outcome) -> Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for event in events {
        if events.len() > 1 {
            output::note(format_args!("{}:", event.name));
        }
        let outcome = outcome(event);
        let json = json(&outcome);
        match raw {
            // Byte for byte, so without a line break.
            true if events.len() == 1 => output::bytes(&json)?,
            true => output::json_line(&String::from_utf8_lossy(&json))?,
            false => pretty(&json)?,
        }
        if let Outcome::Error { kind, message } = outcome {
            output::note(format_args!("error: the invocation failed, {kind}: {message}"));
            code = INVOCATION_ERROR.into();
        }
    }
    Ok(code)
}

/// Prints a reply. The body of a streamed one follows its prelude as it is.
fn pretty(reply: &[u8]) -> Result<()> {
    let Some(end) = StreamForm::prelude_len(reply) else { return output::pretty(reply) };
    let (prelude, body) = reply.split_at(end);
    output::pretty(prelude)?;
    Ok(output::bytes(body.get(StreamForm::DELIMITER.len()..).unwrap_or_default())?)
}

/// Prints the differences from the recorded replies.
fn compare(events: &[Event], all: bool, outcome: impl Fn(&Event) -> Outcome) -> Result<ExitCode> {
    let mut different = 0;
    for event in events {
        let reply = json(&outcome(event));
        let changes = diff::changes(&event.bytes, event.recorded.as_deref().unwrap_or_default(), &reply, all);
        if changes.is_empty() {
            output::line(format_args!("{}: same", event.name))?;
        } else {
            different += 1;
            output::line(format_args!("{}: different\n{}", event.name, changes.trim_end_matches('\n')))?;
        }
    }
    output::note(format_args!("{} replayed, {different} different", events.len()));
    Ok(if different == 0 { ExitCode::SUCCESS } else { DIFFERENT.into() })
}

fn json(outcome: &Outcome) -> Bytes {
    match outcome {
        Outcome::Reply(json) => json.clone(),
        Outcome::Stream(_) => Bytes::new(),
        Outcome::Error { kind, message } => {
            serde_json::json!({ "errorMessage": message, "errorType": kind }).to_string().into()
        }
    }
}

/// Reads all events before the first is answered, so that a wrong name is reported at once.
fn events(files: &[PathBuf], with_replies: bool) -> Result<Vec<Event>> {
    if files.is_empty() {
        bail!("no event given; after the component, name an event file, a folder of recorded events, or - for stdin");
    }
    let mut events = Vec::new();
    for file in files {
        let named = if file.is_dir() { in_folder(file, with_replies)? } else { vec![file.clone()] };
        for file in named {
            let recorded = with_replies.then(|| event_file::recorded_reply(&file)).transpose()?;
            events.push(Event { name: file.display().to_string(), bytes: event_file::event(&file)?.into(), recorded });
        }
    }
    Ok(events)
}

fn in_folder(folder: &Path, with_replies: bool) -> Result<Vec<PathBuf>> {
    let mut events = recording::events(folder)?;
    if with_replies {
        events.retain(|event| has_reply(event));
    }
    Ok(events)
}

/// An event may have no reply if the server ended before. It is skipped, so that the others of its folder can be
/// compared.
fn has_reply(event: &Path) -> bool {
    let has_reply = Pair::of(event).is_ok_and(|pair| pair.reply.exists());
    if !has_reply {
        output::warn(format_args!("{} is skipped: no reply to it was recorded", event.display()));
    }
    has_reply
}
