//! An app in Python: which one, and when it is to be imported.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow, bail};
use funcserver_function::config::{App, Import, Variables};
use serde::{Deserialize, Serialize};

use crate::output;
use crate::python::run_isolated;
use crate::subprocess::Subprocesses;

/// The module of the SDK that reads the sources.
const FINDER: &str = "funcserver.build.find";

/// Files of which one at least is in a Python project.
const SIGNS: [&str; 6] = ["requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "manage.py"];

/// The files that the tool can install packages from.
const INSTALLED: [&str; 2] = ["requirements.txt", "pyproject.toml"];

/// How many requests an instance answers. An instance must not live forever, in case the app leaks.
const REUSE: u32 = 1000;

/// The most reads that are listed.
const LISTED: usize = 5;

/// The app and its settings.
#[derive(Debug, Serialize)]
pub(super) struct PythonProject {
    app: String,
    framework: Option<String>,
    import: &'static str,
    /// The variables without which the app fails.
    inherit_env: Vec<String>,
    /// Variables that the app reads if they are set.
    optional_env: Vec<String>,
    reads: Vec<SourceRead>,
    /// The file that lists the packages.
    packages: Option<&'static str>,
    /// The other apps in the folder.
    others: Vec<String>,
}

/// What `find.py` prints.
#[derive(Debug, Deserialize)]
struct Sources {
    apps: Vec<FoundApp>,
    reads: Vec<SourceRead>,
    modules: usize,
}

#[derive(Debug, Clone, Deserialize)]
struct FoundApp {
    app: String,
    framework: String,
    file: String,
    line: u32,
}

/// A read of the environment, of randomness or of the clock.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct SourceRead {
    kind: ReadKind,
    what: String,
    file: String,
    line: u32,
    name: Option<String>,
    required: bool,
    at_import: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum ReadKind {
    Environment,
    Random,
    Clock,
}

/// Whether the folder looks like a project in Python.
pub(super) fn is_likely() -> bool {
    let has_sources = || {
        let entries = fs::read_dir(".").into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).any(|path| path.extension().is_some_and(|ending| ending == "py"))
    };
    SIGNS.iter().any(|sign| Path::new(sign).exists()) || has_sources()
}

impl PythonProject {
    /// Looks at the sources in the working folder. `None` if there is nothing of Python but, say, a `pyproject.toml` for
    /// the tools of another language.
    ///
    /// # Errors
    /// There is no Python to read them with, or no app or several of them.
    pub(super) fn find(named: Option<&App>, env: &Variables) -> Result<Option<PythonProject>> {
        let sources = read_sources(env)?;
        let candidates = without_twins(sources.apps);
        let app = match named {
            Some(app) => choice(app, &candidates),
            None if candidates.is_empty() && sources.modules == 0 => return Ok(None),
            None => only(&candidates, sources.modules)?,
        };
        let others = candidates.iter().map(|other| other.app.clone()).filter(|other| *other != app.app).collect();
        Ok(Some(PythonProject {
            import: import(&sources.reads).name(),
            inherit_env: variables(&sources.reads, true),
            optional_env: variables(&sources.reads, false),
            reads: sources.reads,
            packages: INSTALLED.into_iter().find(|file| Path::new(file).exists()),
            framework: (!app.framework.is_empty()).then_some(app.framework),
            app: app.app,
            others,
        }))
    }

    /// Says what was found.
    pub(super) fn tell(&self) {
        match &self.framework {
            Some(framework) => output::note(format_args!("found a {framework} app: {}", self.app)),
            None => output::note(format_args!("the app is {}", self.app)),
        }
        for other in &self.others {
            output::note(format_args!("found another app, which is left out: {other}"));
        }
        match self.packages {
            Some(file) => output::note(format_args!("found {file}, which lists the packages")),
            None => output::note(
                "found no requirements.txt and no pyproject.toml: the packages are those of the active environment, \
                 .venv or venv",
            ),
        }
        for read in self.reads_at_import().take(LISTED) {
            output::note(format_args!(
                "found {}:{}, read while the app is imported: {}",
                read.file, read.line, read.what
            ));
        }
        if self.imports_at_start() {
            output::note("so the app is imported when an instance starts: component.import = \"start\"");
        }
    }

    /// The text of `funcserver.toml`.
    pub(super) fn settings(&self) -> String {
        let mut text = format!(
            "# The app that `funcserver` builds, serves and bundles. `funcserver schema` prints all settings.\n\n\
             [component]\napp = {}\n",
            quoted(&self.app)
        );
        let mut reads = self.reads_at_import();
        if let Some(read) = reads.clone().find(|read| read.kind == ReadKind::Environment).or_else(|| reads.next()) {
            let what = if read.kind == ReadKind::Environment { "the environment" } else { "random bytes" };
            let _ = write!(
                text,
                "# The app reads {what} while it is imported ({}:{}). So it is imported when an instance\n\
                 # starts, with the values of that moment, and not when it is built.\nimport = \"start\"\n",
                read.file, read.line
            );
        }
        let _ = write!(
            text,
            "\n[guest]\n\
             # One instance of the app answers up to {REUSE} requests, one after the other. Globals and caches live as \
             long.\n\
             # With 1, each request gets a fresh instance: nothing is shared, and each request is slower.\n\
             reuse = {REUSE}\n"
        );
        if !self.inherit_env.is_empty() {
            let names: Vec<_> = self.inherit_env.iter().map(|name| quoted(name)).collect();
            let _ = write!(
                text,
                "# The variables of the function that the app gets. One that is not set is an error at start.\n\
                 inherit-env = [{}]\n",
                names.join(", ")
            );
        }
        if !self.optional_env.is_empty() {
            let names = self.optional_env.join(", ");
            let _ = writeln!(
                text,
                "# The app also reads these if they are set; add them to inherit-env if you use them: {names}"
            );
        }
        text
    }

    fn imports_at_start(&self) -> bool {
        self.import == Import::Start.name()
    }

    fn reads_at_import(&self) -> impl Iterator<Item = &SourceRead> + Clone {
        self.reads.iter().filter(|read| is_frozen(read))
    }
}

fn read_sources(env: &Variables) -> Result<Sources> {
    let found = run_isolated(FINDER, &Subprocesses::in_foreground(), env)?;
    serde_json::from_str(&found).map_err(|error| anyhow!("{FINDER} printed something else than expected: {error}"))
}

/// Without the ASGI side of a Django project that has a WSGI side.
fn without_twins(apps: Vec<FoundApp>) -> Vec<FoundApp> {
    let folder = |app: &FoundApp| Path::new(&app.file).parent().map(Path::to_owned);
    let is = |app: &FoundApp, file: &str| app.framework == "Django" && Path::new(&app.file).ends_with(file);
    let wsgi: Vec<_> = apps.iter().filter(|app| is(app, "wsgi.py")).map(folder).collect();
    apps.into_iter().filter(|app| !(is(app, "asgi.py") && wsgi.contains(&folder(app)))).collect()
}

/// The app that the command line names.
fn choice(app: &App, candidates: &[FoundApp]) -> FoundApp {
    let known = candidates.iter().find(|found| found.app == app.as_str()).cloned();
    known.unwrap_or_else(|| {
        output::warn(format_args!("{app} is written as you name it: the sources here show no such app"));
        FoundApp { app: app.to_string(), framework: String::new(), file: String::new(), line: 0 }
    })
}

/// The app, if there is only one.
fn only(candidates: &[FoundApp], modules: usize) -> Result<FoundApp> {
    match candidates {
        [app] => Ok(app.clone()),
        [] => bail!(
            "found {}, but no app of Flask, FastAPI, Starlette, Django, Falcon or Bottle there; \
             name yours: funcserver init --app MODULE:NAME",
            if modules == 1 { "1 Python file".to_owned() } else { format!("{modules} Python files") }
        ),
        [first, ..] => {
            let listed: Vec<_> = candidates
                .iter()
                .map(|app| format!("{} ({}, {}:{})", app.app, app.framework, app.file, app.line))
                .collect();
            bail!(
                "found {} apps: {}; choose one: funcserver init --app {}",
                candidates.len(),
                listed.join(", "),
                first.app
            )
        }
    }
}

/// Whether the value would be that of the build. A time is in most cases meant to be the start's, and the build warns.
fn is_frozen(read: &SourceRead) -> bool {
    read.at_import && read.kind != ReadKind::Clock
}

fn import(reads: &[SourceRead]) -> Import {
    if reads.iter().any(is_frozen) { Import::Start } else { Import::Build }
}

/// The names of the variables that the app needs, or of those that it reads if they are set.
fn variables(reads: &[SourceRead], required: bool) -> Vec<String> {
    let mut names: BTreeMap<&String, bool> = BTreeMap::new();
    for read in reads {
        if let Some(name) = &read.name {
            *names.entry(name).or_default() |= read.required;
        }
    }
    names.into_iter().filter(|(_, needed)| *needed == required).map(|(name, _)| name.clone()).collect()
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(app: &str, framework: &str, file: &str) -> FoundApp {
        FoundApp { app: app.to_owned(), framework: framework.to_owned(), file: file.to_owned(), line: 1 }
    }

    fn read(kind: ReadKind, name: Option<&str>, required: bool, at_import: bool) -> SourceRead {
        let (what, file) = ("what".to_owned(), "shop.py".to_owned());
        SourceRead { kind, what, file, line: 3, name: name.map(str::to_owned), required, at_import }
    }

    #[test]
    fn a_django_project_is_one_app_and_others_are_several() {
        let django =
            [found("a.wsgi:application", "Django", "a/wsgi.py"), found("a.asgi:application", "Django", "a/asgi.py")];
        assert_eq!(without_twins(django.to_vec()).len(), 1);
        assert_eq!(without_twins(django[1..].to_vec()).len(), 1);
        let two = [found("a:app", "Flask", "a.py"), found("b.main:app", "FastAPI", "b/main.py")];
        let error = only(&two, 2).unwrap_err().to_string();
        for part in ["found 2 apps", "a:app (Flask, a.py:1)", "b.main:app (FastAPI", "--app a:app"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(only(&[], 3).unwrap_err().to_string().contains("3 Python files"));
    }

    #[test]
    fn what_the_build_would_freeze_is_imported_at_start() {
        use ReadKind::{Clock, Environment, Random};
        for (kind, at_import, expected) in [
            (Environment, true, Import::Start),
            (Random, true, Import::Start),
            (Clock, true, Import::Build),
            (Environment, false, Import::Build),
        ] {
            assert_eq!(import(&[read(kind, None, false, at_import)]), expected, "{kind:?}");
        }
    }

    #[test]
    fn a_variable_is_needed_if_one_read_needs_it() {
        let reads = [
            read(ReadKind::Environment, Some("A"), false, true),
            read(ReadKind::Environment, Some("A"), true, false),
            read(ReadKind::Environment, Some("B"), false, true),
            read(ReadKind::Environment, None, false, true),
        ];
        assert_eq!(variables(&reads, true), ["A"]);
        assert_eq!(variables(&reads, false), ["B"]);
    }
}
