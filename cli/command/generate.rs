//! `funcserver schema`, `completions` and `man`: files that are generated from the tool's own tables.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use funcserver_function::config::SETTINGS;
use serde_json::{Map, Value, json};

use crate::args::{self, Cli};
use crate::output;
use crate::project::FILE;

/// Prints the JSON schema of `funcserver.toml`.
pub(crate) fn schema() -> Result<ExitCode> {
    output::json(&settings_schema())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the completions of a shell for our command line.
pub(crate) fn completions(args: &args::Completions) -> Result<ExitCode> {
    // Into memory first, because the generator panics if the reader of stdout is gone.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "funcserver", &mut script);
    output::bytes(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the help as man pages.
pub(crate) fn man(args: &args::Man) -> Result<ExitCode> {
    let folder = &args.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("cannot write to {}", folder.display()))?;
    output::note(format_args!("funcserver.1 and a page for each subcommand are in {}", folder.display()));
    Ok(ExitCode::SUCCESS)
}

/// JSON Schema, draft 2020-12: one object for each section, which allows only its settings.
fn settings_schema() -> Value {
    let mut sections = Map::new();
    for setting in SETTINGS {
        let (section, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
        let section = sections.entry(section).or_insert_with(|| table(Map::new()));
        section["properties"][key] = setting.schema();
    }
    let mut schema = table(sections);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = FILE.into();
    schema["description"] = "The settings of a function that funcserver runs.".into();
    schema
}

fn table(properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
