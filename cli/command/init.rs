//! `funcserver init`: looks at the folder of an existing app, and writes `funcserver.toml` for it.

mod other_languages;
mod python;
mod settings_file;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use funcserver_function::config::Variables;
use serde::Serialize;

use crate::args;
use crate::output;
use crate::project::FILE;
use python::PythonProject;

/// What was found and written: the output of `--json`.
#[derive(Debug, Serialize)]
struct Found {
    file: &'static str,
    language: &'static str,
    #[serde(flatten)]
    project: FoundProject,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum FoundProject {
    App(PythonProject),
    Built(other_languages::BuiltProject),
}

pub(crate) fn run(args: &args::Init, env: &Variables) -> Result<ExitCode> {
    if Path::new(FILE).exists() {
        bail!("{FILE} is here already, and is not overwritten; change it, or remove it first: rm {FILE}");
    }
    let found = find(args, env)?;
    let (text, next) = match &found.project {
        FoundProject::App(project) => (project.settings(), "funcserver serve --watch"),
        FoundProject::Built(project) => (project.settings(), "funcserver serve --watch"),
    };
    settings_file::write(&text)?;
    output::note(format_args!("wrote {FILE}; next: {next}"));
    if args.json {
        output::json(&found)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn find(args: &args::Init, env: &Variables) -> Result<Found> {
    if args.app.is_some() || python::is_likely() {
        let project = PythonProject::find(args.app.as_ref(), env)?;
        if let Some(project) = project {
            project.tell();
            return Ok(Found { file: FILE, language: "python", project: FoundProject::App(project) });
        }
    }
    let (language, project) = other_languages::find()?;
    Ok(Found { file: FILE, language, project: FoundProject::Built(project) })
}
