//! `funcserver schema`: the JSON schema of `funcserver.toml`, from the table of settings.

use std::process::ExitCode;

use anyhow::Result;
use funcserver_function::config::SETTINGS;
use serde_json::{Map, Value, json};

use crate::output;
use crate::project::FILE;

pub(crate) fn run() -> Result<ExitCode> {
    output::json(&schema())?;
    Ok(ExitCode::SUCCESS)
}

/// JSON Schema, draft 2020-12: one object for each section, and nothing that is no setting.
fn schema() -> Value {
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
