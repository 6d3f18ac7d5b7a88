//! `funcserver doctor`: what is found on this machine, and what fits together. It runs no program of the project.

mod cache_folder;
mod javascript;
mod program;
mod python;
mod toolchains;

use std::env::current_exe;
use std::process::ExitCode;

use anyhow::Result;
use funcserver_engine::{Arch, WASMTIME_VERSION};
use funcserver_function::config::{Env, Variables};
use funcserver_function::marker;
use serde::Serialize;

use crate::args;
use crate::bootstrap_file::{BootstrapFile, is_there};
use crate::output;
use crate::project::{FILE, Project};

/// One thing that was looked for.
#[derive(Debug, Serialize)]
struct Finding {
    name: String,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// What it is for, or what is wrong and what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// It is not here, and nothing here needs it.
    Absent,
    /// What is here does not fit, or is needed and missing.
    Problem,
}

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report {
    funcserver: Finding,
    wasmtime: &'static str,
    bootstraps: Vec<Finding>,
    cache: Finding,
    project: Option<Finding>,
    toolchains: Vec<Finding>,
    /// Whether there is no problem.
    fits: bool,
}

pub(crate) fn run(args: &args::Doctor, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env);
    let language = project.as_ref().ok().and_then(|project| {
        let app = project.config.component.app.as_ref()?;
        Some(app.language())
    });
    let mut report = Report {
        funcserver: tool(env),
        wasmtime: WASMTIME_VERSION,
        bootstraps: Arch::ALL.map(|arch| bootstrap(arch, env)).into(),
        cache: cache_folder::finding(env),
        project: settings(project),
        toolchains: toolchains::findings(language, env),
        fits: true,
    };
    report.fits = report.problems() == 0;
    if args.json {
        output::json(&report)?;
    } else {
        report.print()?;
    }
    Ok(if report.fits { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Report {
    /// All findings, each with the heading that it is below.
    fn findings(&self) -> impl Iterator<Item = (&'static str, &Finding)> {
        let below = |heading| move |finding| (heading, finding);
        let tool = [&self.funcserver].into_iter().map(below("tool"));
        tool.chain(self.bootstraps.iter().map(below("bootstraps for Lambda")))
            .chain([&self.cache].into_iter().map(below("cache")))
            .chain(self.project.iter().map(below("project")))
            .chain(self.toolchains.iter().map(below("languages")))
    }

    fn problems(&self) -> usize {
        self.findings().filter(|(_, finding)| finding.status == Status::Problem).count()
    }

    fn print(&self) -> Result<()> {
        let mut last = "";
        for (heading, finding) in self.findings() {
            if heading != last {
                output::line(heading)?;
                last = heading;
            }
            output::line(finding.text())?;
        }
        output::line(match self.problems() {
            0 => "no problem found".to_owned(),
            1 => "1 problem found".to_owned(),
            more => format!("{more} problems found"),
        })?;
        Ok(())
    }
}

impl Finding {
    fn ok(name: impl Into<String>) -> Finding {
        Finding { name: name.into(), status: Status::Ok, version: None, place: None, note: None }
    }

    fn absent(name: impl Into<String>, note: impl Into<String>) -> Finding {
        Finding { status: Status::Absent, note: Some(note.into()), ..Finding::ok(name) }
    }

    fn problem(name: impl Into<String>, note: impl Into<String>) -> Finding {
        Finding { status: Status::Problem, note: Some(note.into()), ..Finding::ok(name) }
    }

    /// The line for people.
    fn text(&self) -> String {
        let sign = match self.status {
            Status::Ok => "ok",
            Status::Absent => "--",
            Status::Problem => "!!",
        };
        let mut line = format!("  {sign}  {}", self.name);
        for part in [self.version.as_ref(), self.place.as_ref().map(|place| format!("({place})")).as_ref()]
            .into_iter()
            .flatten()
        {
            line += " ";
            line += &output::printable(part);
        }
        if let Some(note) = &self.note {
            line += ": ";
            line += &output::printable(note);
        }
        line
    }
}

/// This program, and the one that the user's shell would run.
fn tool(env: &dyn Env) -> Finding {
    let own = current_exe().ok();
    let place = own.as_ref().map(|path| path.display().to_string());
    let found = Finding { version: Some(marker::VERSION.to_owned()), place, ..Finding::ok("funcserver") };
    match program::find("funcserver", env) {
        Some(first) if own.is_some_and(|own| own.canonicalize().ok() != first.canonicalize().ok()) => {
            let note = format!("the first funcserver on the PATH is another one, {}", first.display());
            Finding { note: Some(note), ..found }
        }
        _ => found,
    }
}

fn bootstrap(arch: Arch, env: &dyn Env) -> Finding {
    let name = format!("bootstrap for {arch}");
    match BootstrapFile::find(None, arch, env) {
        Ok(found) => Finding {
            version: Some(marker::VERSION.to_owned()),
            place: Some(found.origin.to_string()),
            ..Finding::ok(name)
        },
        Err(error) if is_there(arch, env) || Arch::host().unwrap_or(Arch::X86_64) == arch => {
            Finding::problem(name, format!("{error:#}"))
        }
        Err(error) => Finding::absent(name, format!("{error:#}")),
    }
}

fn settings(project: Result<Project>) -> Option<Finding> {
    match project {
        Ok(project) => project.config.component.app.map(|app| Finding {
            note: Some(format!("component.app is {}, an app in {}", app.as_str(), app.language().name())),
            ..Finding::ok(FILE)
        }),
        Err(error) => Some(Finding::problem(FILE, format!("{error:#}"))),
    }
}
