//! Projects in other languages, whose build command makes the component.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;
use toml::de::DeTable;

use crate::input;
use crate::output;

/// The settings of a project that is built by a command.
#[derive(Debug, Serialize)]
pub(super) struct BuiltProject {
    build: String,
    path: String,
}

/// The file that a project has, the language, and the name of a template that shows how a handler is written in it.
const SIGNS: [(&str, &str, &str); 3] =
    [("Cargo.toml", "rust", "rust-axum"), ("go.mod", "go", "go"), ("package.json", "javascript", "javascript")];

/// The build command of every project of `funcserver new`.
const TEMPLATE_BUILD: &str = "build";

/// Crates that handlers of `wasi:http` are written with.
const HANDLER_CRATES: [&str; 6] = ["wstd", "wstd-axum", "wasi", "wasip2", "wit-bindgen", "waki"];

/// The package that handlers in Go import.
const GO_GUEST: &str = "funcserver.example/guest";

/// Looks at the working folder.
///
/// # Errors
/// There is no project in it, or none that is a handler.
pub(super) fn find() -> Result<(&'static str, BuiltProject)> {
    let Some((sign, language, template)) = SIGNS.into_iter().find(|(file, ..)| Path::new(file).is_file()) else {
        bail!(
            "found no app in this folder: no Python files, Cargo.toml, go.mod or package.json; run it in your project's \
             folder, or start a project: funcserver new"
        );
    };
    output::note(format_args!("found {sign}"));
    let own = Path::new(TEMPLATE_BUILD)
        .is_file()
        .then(|| BuiltProject { build: format!("./{TEMPLATE_BUILD}"), path: "build-output/handler.wasm".to_owned() });
    let text = input::read(Path::new(sign), input::SETTINGS).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let project = own.or_else(|| match language {
        "rust" => rust(&text),
        "go" => go(&text),
        _ => None,
    });
    match project {
        Some(project) => {
            output::note(format_args!("the build command is {}, and makes {}", project.build, project.path));
            Ok((language, project))
        }
        None => bail!(
            "found {sign}, but funcserver does not make components of apps in this language by itself yet; \
             `funcserver new NAME --language {template}` shows how a handler is written and built, and component.build \
             and component.path name your own build"
        ),
    }
}

impl BuiltProject {
    /// The text of `funcserver.toml`.
    pub(super) fn settings(&self) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        format!(
            "# The component that `funcserver` builds, serves and bundles. `funcserver schema` prints all settings.\n\n\
             [component]\npath = {}\nbuild = {}\n",
            quoted(&self.path),
            quoted(&self.build)
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
    Some(BuiltProject {
        build: "cargo build --release --target wasm32-wasip2".to_owned(),
        path: format!("target/wasm32-wasip2/release/{file}.wasm"),
    })
}

fn go(module: &str) -> Option<BuiltProject> {
    let is_program = fs::read_dir(".").ok()?.flatten().any(|entry| entry.path().extension().is_some_and(|e| e == "go"));
    (is_program && module.contains(GO_GUEST)).then(|| BuiltProject {
        build: "GOOS=wasip1 GOARCH=wasm go build -trimpath -buildvcs=false -buildmode=c-shared -ldflags=-s \
                -o build-output/handler.wasm ."
            .to_owned(),
        path: "build-output/handler.wasm".to_owned(),
    })
}
