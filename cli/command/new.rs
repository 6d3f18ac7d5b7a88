//! `funcserver new`: creates a project from the example of a language.

mod files;
mod name;
mod template;

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use crate::args;
use crate::output;
use files::{File, files};
pub(crate) use name::Name;
pub(crate) use template::Template;

/// A language in the output of `--list --json`.
#[derive(Debug, Serialize)]
struct Language {
    language: &'static str,
    title: &'static str,
}

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    folder: &'a Path,
    language: &'a str,
    files: Vec<&'a str>,
}

pub(crate) fn run(args: &args::New) -> Result<ExitCode> {
    match (&args.name, args.language) {
        (Some(name), Some(template)) => make(name, template, args.json)?,
        _ => list(args.json)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(json: bool) -> Result<()> {
    let languages =
        Template::all().iter().map(|template| Language { language: template.language, title: template.title() });
    if json {
        return output::json(&languages.collect::<Vec<_>>());
    }
    for Language { language, title } in languages {
        output::line(format_args!("{language:<12}{title}"))?;
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
    output::note(format_args!("next: cd {name} && funcserver serve --watch"));
    if json {
        let files = files.iter().map(|file| file.path.as_str()).collect();
        output::json(&Report { folder, language: template.language, files })?;
    }
    Ok(())
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
