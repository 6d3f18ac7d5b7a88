//! `funcserver new`: creates a project from the example of a language or framework.

mod ask;
mod files;
mod name;
mod template;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_function::config::{Config, Variables};
use serde::Serialize;

use crate::args;
use crate::output;
use crate::project::FILE;
use files::{File, files};
pub(crate) use name::Name;
pub(crate) use template::Template;

/// A template in the output of `--list --json`.
#[derive(Debug, Serialize)]
struct Listed {
    name: &'static str,
    language: &'static str,
    framework: Option<&'static str>,
    title: &'static str,
}

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    folder: &'a Path,
    language: &'a str,
    framework: Option<&'a str>,
    files: Vec<&'a str>,
}

pub(crate) fn run(args: &args::New) -> Result<ExitCode> {
    if args.list {
        list(args.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let chosen = Template::chosen(args.language, args.framework).map_err(|error| anyhow!("{error}"))?;
    let (name, template) = match (args.name.clone(), chosen) {
        (Some(name), Some(template)) => (name, template),
        (name, template) if ask::can_ask() => {
            let mut answers = io::stdin().lock();
            let template = template.map_or_else(|| ask::template(&mut answers), Ok)?;
            (name.map_or_else(|| ask::name(&mut answers), Ok)?, template)
        }
        (name, template) => args::wrong_usage(&missing(name.is_none(), template.is_none())),
    };
    make(&name, template, args.json)?;
    Ok(ExitCode::SUCCESS)
}

/// What the command line lacks, with what it could be.
fn missing(name: bool, template: bool) -> String {
    let mut text = String::new();
    if name {
        text += "<NAME> is missing: the project's name, as in: funcserver new shop";
    }
    if template {
        let languages = Template::all().iter().filter(|template| template.is_for_a_language());
        let languages: Vec<_> = languages.map(|template| template.name).collect();
        let frameworks: Vec<_> = Template::frameworks().map(|(framework, _)| framework).collect();
        let gap = if text.is_empty() { "" } else { "\n" };
        text += &format!(
            "{gap}--language <LANG> or --framework <NAME> is missing\n  languages: {}\n  frameworks: {}",
            languages.join(", "),
            frameworks.join(", ")
        );
    }
    text
}

fn list(json: bool) -> Result<()> {
    let templates = Template::all().iter().map(|template| Listed {
        name: template.name,
        language: template.language(),
        framework: template.framework(),
        title: template.title(),
    });
    if json {
        return output::json(&templates.collect::<Vec<_>>());
    }
    for Listed { name, title, .. } in templates {
        output::line(format_args!("{name:<12}{title}"))?;
    }
    Ok(())
}

fn make(name: &Name, template: &Template, json: bool) -> Result<()> {
    let files = files(template, name)?;
    let folder = Path::new(name.as_str());
    claim(folder)?;
    for file in &files {
        write(folder, file).with_context(|| format!("cannot write {}", folder.join(&file.path).display()))?;
    }
    output::note(format_args!("{name}: {}, {} files", template.title(), files.len()));
    let variables: String = inherited(&files)?.iter().map(|name| format!("export {name}=… && ")).collect();
    output::note(format_args!("next: cd {name} && {variables}funcserver serve --watch"));
    if json {
        let files = files.iter().map(|file| file.path.as_str()).collect();
        let (language, framework) = (template.language(), template.framework());
        output::json(&Report { folder, language, framework, files })?;
    }
    Ok(())
}

/// The variables that the project's settings want from the environment.
fn inherited(files: &[File]) -> Result<Vec<String>> {
    let Some(settings) = files.iter().find(|file| file.path == FILE) else { return Ok(Vec::new()) };
    let text = String::from_utf8_lossy(&settings.bytes);
    Ok(Config::read(Some((Path::new(FILE), &text)), &Variables::default())?.guest.inherit_env)
}

/// Creates the folder, or checks that it is empty.
fn claim(folder: &Path) -> Result<()> {
    let name = folder.display();
    match fs::read_dir(folder).map(|mut entries| entries.next().is_some()) {
        Ok(false) => Ok(()),
        Ok(true) => bail!(
            "the folder {name} is not empty, and no file in it is overwritten; choose another name, or remove it: rm -r {name}"
        ),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir(folder).with_context(|| format!("cannot make the folder {name}"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            bail!(
                "{name} is a file, but the project needs a new folder; choose another name, or move it: mv {name} {name}.old"
            )
        }
        Err(error) => Err(error).with_context(|| format!("cannot read the folder {name}")),
    }
}

fn write(folder: &Path, file: &File) -> io::Result<()> {
    let path = folder.join(&file.path);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // The user's umask applies.
    let mode = if file.executable { 0o777 } else { 0o666 };
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?.write_all(&file.bytes)
}
