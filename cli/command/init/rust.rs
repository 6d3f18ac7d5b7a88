//! Projects whose build command makes the component: those in Rust, and those of a template.

use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use toml::de::DeTable;

use super::app_project::{ReadKind, SourceRead, variables};
use super::guest_settings::{guest_settings, quoted};
use super::source_reads::{files, named_call};
use crate::input;
use crate::output;

/// The settings of a project that is built by a command.
#[derive(Debug, Serialize)]
pub(super) struct BuiltProject {
    build: String,
    path: String,
    /// The variables without which the handler fails.
    inherit_env: Vec<String>,
    /// Variables that it reads if they are set.
    optional_env: Vec<String>,
}

/// Files that a project has, and the language.
const SIGNS: [(&str, &str); 3] = [(CARGO, "rust"), ("go.mod", "go"), ("package.json", "javascript")];

const CARGO: &str = "Cargo.toml";

/// The build command of a project of `funcserver new`.
const TEMPLATE_BUILD: &str = "build";

/// Crates that handlers of `wasi:http` are written with.
const HANDLER_CRATES: [&str; 7] = ["funcserver-guest", "wstd", "wstd-axum", "wasi", "wasip2", "wit-bindgen", "waki"];

/// Calls that read a variable, of the standard library or of a crate such as dotenvy.
const CALLS: [&str; 2] = ["::var", "::var_os"];

/// What fails without the variable.
const NEEDS: [&str; 3] = [".expect(", ".unwrap()", "?"];

/// Looks at the working folder for a build script beside the sources of a language.
pub(super) fn with_script() -> Option<(&'static str, BuiltProject)> {
    let (sign, language) = SIGNS.into_iter().find(|(file, _)| Path::new(file).is_file())?;
    if !Path::new(TEMPLATE_BUILD).is_file() {
        return None;
    }
    output::note(format_args!("found {sign}"));
    let project = BuiltProject::new(format!("./{TEMPLATE_BUILD}"), "build-output/handler.wasm".to_owned());
    project.tell();
    Some((language, project))
}

/// Looks at the working folder for a crate.
///
/// # Errors
/// There is one, and it is no handler.
pub(super) fn find() -> Result<Option<BuiltProject>> {
    if !Path::new(CARGO).is_file() {
        return Ok(None);
    }
    output::note(format_args!("found {CARGO}"));
    let text = input::read(Path::new(CARGO), input::SETTINGS).unwrap_or_default();
    let Some(project) = rust(&String::from_utf8_lossy(&text)) else {
        bail!(
            "found {CARGO}, but no dependency with which handlers in Rust are written, such as wstd or funcserver-guest for \
             axum; `funcserver new NAME --framework axum` shows how, and component.build and component.path name your own \
             build"
        );
    };
    project.tell();
    Ok(Some(project))
}

impl BuiltProject {
    fn new(build: String, path: String) -> BuiltProject {
        let reads = reads();
        BuiltProject { build, path, inherit_env: variables(&reads, true), optional_env: variables(&reads, false) }
    }

    fn tell(&self) {
        output::note(format_args!("the build command is {}, and makes {}", self.build, self.path));
    }

    /// The text of `funcserver.toml`.
    pub(super) fn settings(&self) -> String {
        format!(
            "# The component that `funcserver` builds, serves and bundles. `funcserver schema` prints all settings.\n\n\
             [component]\npath = {}\nbuild = {}\n{}",
            quoted(&self.path),
            quoted(&self.build),
            guest_settings(&self.inherit_env, &self.optional_env)
        )
    }
}

fn rust(manifest: &str) -> Option<BuiltProject> {
    let (table, errors) = DeTable::parse_recoverable(manifest);
    let table = table.get_ref();
    let name = table.get("package")?.get_ref().get("name")?.get_ref().as_str()?.to_owned();
    let dependencies = table.get("dependencies")?.get_ref().as_table()?;
    let is_handler = HANDLER_CRATES.iter().any(|name| dependencies.contains_key(*name));
    if !errors.is_empty() || !is_handler {
        return None;
    }
    // A program keeps its name; the file of a library has that of the crate.
    let file = if Path::new("src/main.rs").is_file() { name } else { name.replace('-', "_") };
    Some(BuiltProject::new(
        "cargo build --release --target wasm32-wasip2".to_owned(),
        format!("target/wasm32-wasip2/release/{file}.wasm"),
    ))
}

/// The variables that the crate reads.
fn reads() -> Vec<SourceRead> {
    let mut reads = Vec::new();
    for file in files(Path::new("."), "rs") {
        if file.path.starts_with("tests") || file.path.ends_with("build.rs") {
            continue;
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            let Some(call) = named_call(line, &CALLS) else { continue };
            reads.push(SourceRead {
                kind: ReadKind::Environment,
                what: format!("env{}(\"{}\")", call.call, call.name),
                file: file.path.display().to_string(),
                line: number,
                name: Some(call.name.to_owned()),
                required: NEEDS.iter().any(|end| call.rest.starts_with(end)),
                at_import: false,
            });
        }
    }
    reads
}
