//! The languages in which the tool makes components of apps, and how `init` looks at a folder with such an app.

use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow};
use funcserver_function::config::{AppLanguage, Variables};

use super::app_project::Sources;
use super::go;
use crate::subprocess::Subprocesses;
use crate::{javascript, python};

/// How `init` finds the apps of a language.
#[derive(Debug)]
pub(super) struct Language {
    pub(super) language: AppLanguage,
    /// Whether the folder looks like a project in it.
    pub(super) is_likely: fn() -> bool,
    /// Reads the sources. It runs no program of the project.
    pub(super) read: fn(&Variables) -> Result<Sources>,
    /// The error if there is none in that many files.
    pub(super) no_app: fn(usize) -> String,
    /// The files of which one lists the packages.
    pub(super) packages: &'static [&'static str],
    /// The note if the project has no such file.
    pub(super) no_packages: &'static str,
    /// When something is read that a build would keep, and what happens to the app then.
    pub(super) early: &'static str,
    pub(super) imported: &'static str,
}

/// All of them. The first one with an app is the project's: a web app has JavaScript beside its own language.
pub(super) const LANGUAGES: [&Language; 3] = [&PYTHON, &GO, &JAVASCRIPT];

const PYTHON: Language = Language {
    language: AppLanguage::Python,
    is_likely: || exists(&PYTHON_SIGNS) || has_files(&["py"]),
    read: |env| parse(&python::run_isolated(PYTHON_FINDER, &Subprocesses::in_foreground(), env)?),
    no_app: |files| {
        format!(
            "found {}, but no app of Flask, FastAPI, Starlette, Django, Falcon or Bottle there; \
             name yours: funcserver init --app MODULE:NAME",
            count(files, "Python file")
        )
    },
    packages: &["requirements.txt", "pyproject.toml"],
    no_packages: "found no requirements.txt and no pyproject.toml: the packages are those of the active environment, \
                  .venv or venv",
    early: "while it is imported",
    imported: "imported",
};

/// Files of which one at least is in a Python project.
const PYTHON_SIGNS: [&str; 6] = ["requirements.txt", "pyproject.toml", "Pipfile", "setup.py", "setup.cfg", "manage.py"];

/// The module of the SDK that reads the sources.
const PYTHON_FINDER: &str = "funcserver.build.find";

const JAVASCRIPT: Language = Language {
    language: AppLanguage::JavaScript,
    is_likely: || exists(&[javascript::MANIFEST]) || has_files(&["ts", "mts", "mjs", "js"]),
    read: |env| {
        let mut sources = parse(&javascript::run_isolated("--find", &Subprocesses::in_foreground(), env)?)?;
        // The folder looks like a project in the language.
        sources.modules = sources.modules.max(1);
        Ok(sources)
    },
    no_app: |_| {
        "found a project in JavaScript, but no app there: no Hono, Express, Koa or Fastify app, no server of node:http and no \
         default export with fetch; name the module that exports yours: funcserver init --app src/app.ts"
            .to_owned()
    },
    packages: &[javascript::MANIFEST],
    no_packages: "found no package.json: the app gets no packages",
    early: "while it is imported",
    imported: "imported",
};

const GO: Language = Language {
    language: AppLanguage::Go,
    is_likely: || exists(&["go.mod"]),
    read: |_| {
        let mut sources = go::read(Path::new("."));
        // There is a go.mod at least.
        sources.modules = sources.modules.max(1);
        Ok(sources)
    },
    no_app: |_| go::no_app(Path::new(".")),
    packages: &["go.mod"],
    no_packages: "found no go.mod: go build needs one; make it: go mod init NAME",
    early: "before main",
    imported: "initialised",
};

/// The language of an app that the command line names.
pub(super) fn of(language: AppLanguage) -> &'static Language {
    match language {
        AppLanguage::Python => &PYTHON,
        AppLanguage::JavaScript => &JAVASCRIPT,
        AppLanguage::Go => &GO,
    }
}

fn exists(signs: &[&str]) -> bool {
    signs.iter().any(|sign| Path::new(sign).exists())
}

fn has_files(endings: &[&str]) -> bool {
    let entries = fs::read_dir(".").into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).any(|path| endings.iter().any(|end| path.extension().is_some_and(|e| e == *end)))
}

fn parse(found: &str) -> Result<Sources> {
    serde_json::from_str(found).map_err(|error| anyhow!("the finder printed something else than expected: {error}"))
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_counts_the_files() {
        assert!((PYTHON.no_app)(3).contains("3 Python files"));
        assert!((PYTHON.no_app)(1).contains("1 Python file,"));
    }
}
