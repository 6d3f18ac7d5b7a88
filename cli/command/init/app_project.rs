//! An app that the tool makes a component of: which one, and when it is to be imported.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Result, bail};
use funcserver_function::config::{App, Import, Variables};
use serde::{Deserialize, Serialize};

use super::guest_settings::{guest_settings, quoted};
use super::languages::Language;
use crate::output;

/// The most reads that are listed.
const LISTED: usize = 5;

/// The app and its settings.
#[derive(Debug, Serialize)]
pub(super) struct AppProject {
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
    #[serde(skip)]
    language: &'static Language,
}

/// A variable that many apps read for a server of their own, which a component has not.
const PORT: &str = "PORT";

/// What the sources in a folder have, as the builders of Python and JavaScript print it.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Sources {
    pub(super) apps: Vec<FoundApp>,
    pub(super) reads: Vec<SourceRead>,
    /// How many files of the language there are.
    #[serde(default)]
    pub(super) modules: usize,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct FoundApp {
    pub(super) app: String,
    #[serde(default)]
    pub(super) framework: String,
    pub(super) file: String,
    pub(super) line: u32,
}

/// What a folder has of one language.
pub(super) enum Look {
    App(AppProject),
    /// Files of the language without an app, as an error says it.
    NoApp(String),
    /// Nothing but, say, a `pyproject.toml` for the tools of another language.
    Nothing,
}

/// A read of the environment, of randomness or of the clock.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub(super) struct SourceRead {
    pub(super) kind: ReadKind,
    pub(super) what: String,
    pub(super) file: String,
    pub(super) line: u32,
    pub(super) name: Option<String>,
    pub(super) required: bool,
    pub(super) at_import: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ReadKind {
    Environment,
    Random,
    Clock,
}

impl AppProject {
    /// Looks at the sources in the working folder.
    ///
    /// # Errors
    /// They cannot be read, or there are several apps.
    pub(super) fn find(language: &'static Language, named: Option<&App>, env: &Variables) -> Result<Look> {
        let mut sources = (language.read)(env)?;
        sources.reads.retain(|read| read.name.as_deref() != Some(PORT));
        let candidates = without_twins(sources.apps);
        let app = match (named, candidates.as_slice()) {
            (Some(app), candidates) => choice(app, candidates),
            (None, [app]) => app.clone(),
            (None, []) if sources.modules == 0 => return Ok(Look::Nothing),
            (None, []) => return Ok(Look::NoApp((language.no_app)(sources.modules))),
            (None, [first, ..]) => bail!("{}", several(&candidates, first)),
        };
        let others = candidates.iter().map(|other| other.app.clone()).filter(|other| *other != app.app).collect();
        Ok(Look::App(AppProject {
            import: import(&sources.reads).name(),
            inherit_env: variables(&sources.reads, true),
            optional_env: variables(&sources.reads, false),
            reads: sources.reads,
            packages: language.packages.iter().copied().find(|file| Path::new(file).exists()),
            framework: (!app.framework.is_empty()).then_some(app.framework),
            app: app.app,
            others,
            language,
        }))
    }

    /// Says what was found.
    pub(super) fn tell(&self) {
        match &self.framework {
            Some(framework) => {
                let article = if framework.starts_with(['A', 'E', 'I', 'O', 'a', 'e', 'i', 'o']) { "an" } else { "a" };
                output::note(format_args!("found {article} {framework} app: {}", self.app));
            }
            None => output::note(format_args!("the app is {}", self.app)),
        }
        for other in &self.others {
            output::note(format_args!("found another app, which is left out: {other}"));
        }
        match self.packages {
            Some(file) => output::note(format_args!("found {file}, which lists the packages")),
            None => output::note(self.language.no_packages),
        }
        for read in self.reads_at_import().take(LISTED) {
            output::note(format_args!(
                "found {}:{}, read {}: {}",
                read.file, read.line, self.language.early, read.what
            ));
        }
        if self.imports_at_start() {
            output::note(format_args!(
                "so the app is {} when an instance starts: component.import = \"start\"",
                self.language.imported
            ));
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
                "# The app reads {what} {} ({}:{}). So it is {} when an\n\
                 # instance starts, with the values of that moment, and not when it is built.\nimport = \"start\"\n",
                self.language.early, read.file, read.line, self.language.imported
            );
        }
        text += &guest_settings(&self.inherit_env, &self.optional_env);
        text
    }

    fn imports_at_start(&self) -> bool {
        self.import == Import::Start.name()
    }

    fn reads_at_import(&self) -> impl Iterator<Item = &SourceRead> + Clone {
        self.reads.iter().filter(|read| is_frozen(read))
    }
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

/// The error if there are several apps.
fn several(candidates: &[FoundApp], first: &FoundApp) -> String {
    let what = |app: &FoundApp| match app.framework.as_str() {
        "" => format!("{} ({}:{})", app.app, app.file, app.line),
        framework => format!("{} ({framework}, {}:{})", app.app, app.file, app.line),
    };
    let listed: Vec<_> = candidates.iter().map(what).collect();
    format!("found {} apps: {}; choose one: funcserver init --app {}", candidates.len(), listed.join(", "), first.app)
}

/// Whether the value would be that of the build. A time is in most cases meant to be the start's, and the build warns.
fn is_frozen(read: &SourceRead) -> bool {
    read.at_import && read.kind != ReadKind::Clock
}

fn import(reads: &[SourceRead]) -> Import {
    if reads.iter().any(is_frozen) { Import::Start } else { Import::Build }
}

/// The names of the variables that the app needs, or of those that it reads if they are set.
pub(super) fn variables(reads: &[SourceRead], required: bool) -> Vec<String> {
    let mut names: BTreeMap<&String, bool> = BTreeMap::new();
    for read in reads {
        if let Some(name) = &read.name {
            *names.entry(name).or_default() |= read.required;
        }
    }
    names.into_iter().filter(|(_, needed)| *needed == required).map(|(name, _)| name.clone()).collect()
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
        let error = several(&two, &two[0]);
        for part in ["found 2 apps", "a:app (Flask, a.py:1)", "b.main:app (FastAPI", "--app a:app"] {
            assert!(error.contains(part), "{error}");
        }
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
