//! `funcserver init`: looks at the folder of an existing app, and writes `funcserver.toml` for it.

mod app_project;
mod go;
mod guest_settings;
mod languages;
mod rust;
mod settings_file;
mod source_reads;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, bail};
use funcserver_function::config::Variables;
use serde::Serialize;

use crate::args;
use crate::output;
use crate::project::FILE;
use app_project::{AppProject, Look};
use languages::{LANGUAGES, Language};

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
    App(AppProject),
    Built(rust::BuiltProject),
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
    if let Some(app) = &args.app {
        let language = languages::of(app.language());
        return match AppProject::find(language, Some(app), env)? {
            Look::App(project) => Ok(found(language, project)),
            Look::NoApp(why) => bail!("{why}"),
            Look::Nothing => bail!("found nothing of {} in this folder", language.language.name()),
        };
    }
    // Of the languages that have files here, but no app.
    let mut why = None;
    for language in LANGUAGES.into_iter().filter(|language| (language.is_likely)()) {
        match AppProject::find(language, None, env)? {
            Look::App(project) => return Ok(found(language, project)),
            Look::NoApp(reason) => why = why.or(Some(reason)),
            Look::Nothing => {}
        }
    }
    if let Some((language, project)) = rust::with_script() {
        return Ok(Found { file: FILE, language, project: FoundProject::Built(project) });
    }
    if let Some(project) = rust::find()? {
        return Ok(Found { file: FILE, language: "rust", project: FoundProject::Built(project) });
    }
    match why {
        Some(why) => bail!("{why}"),
        None => bail!(
            "found no app in this folder: no Python files, Cargo.toml, go.mod or package.json; run it in your project's \
             folder, or start a project: funcserver new"
        ),
    }
}

fn found(language: &Language, project: AppProject) -> Found {
    project.tell();
    Found { file: FILE, language: language.language.name(), project: FoundProject::App(project) }
}
