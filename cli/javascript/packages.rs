//! The packages that a project says it needs, and npm, which installs them.

use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::app::{OUTPUT, lock_in_output_folder};
use crate::input;
use crate::output;
use crate::subprocess::{SubprocessEnd, Subprocesses};

pub(crate) const MANIFEST: &str = "package.json";

const INSTALLED: &str = "node_modules";

/// Held while npm runs. It says so until npm has succeeded, so that an installation that was interrupted is done again.
const LOCK: &str = "npm.lock";
const BEGUN: &[u8] = b"installing\n";

/// The lock files of other package managers, which npm would not follow.
const OTHERS: [(&str, &str); 5] = [
    ("pnpm-lock.yaml", "pnpm install"),
    ("yarn.lock", "yarn install"),
    ("bun.lock", "bun install"),
    ("bun.lockb", "bun install"),
    ("deno.lock", "deno install"),
];

/// The file of npm with the exact versions.
const LOCK_FILES: [&str; 2] = ["package-lock.json", "npm-shrinkwrap.json"];

/// What the tool reads of a `package.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Manifest {
    version: Option<String>,
    dependencies: Map<String, Value>,
    dev_dependencies: Map<String, Value>,
    optional_dependencies: Map<String, Value>,
    workspaces: Option<Value>,
}

/// Installs the packages of the project in the working folder, if it needs some and none are installed.
///
/// # Errors
/// `package.json` is not one, another program has to install them, or npm fails.
pub(super) fn install_missing(programs: &Subprocesses) -> Result<()> {
    let Some(manifest) = manifest(Path::new(MANIFEST))? else { return Ok(()) };
    let lists = [&manifest.dependencies, &manifest.dev_dependencies, &manifest.optional_dependencies];
    if lists.into_iter().all(Map::is_empty) || !is_incomplete() {
        return Ok(());
    }
    if let Some((file, command)) = OTHERS.into_iter().find(|(file, _)| Path::new(file).exists()) {
        bail!("there is no node_modules here, and {file} is not npm's: run {command}");
    }
    let mut lock = lock_in_output_folder(LOCK)?;
    // Another tool may have installed them meanwhile.
    let mut state = Vec::new();
    lock.read_to_end(&mut state)?;
    if state.is_empty() && Path::new(INSTALLED).exists() {
        return Ok(());
    }
    let mut note = |text: &[u8]| -> io::Result<()> {
        lock.rewind()?;
        lock.set_len(0)?;
        lock.write_all(text)
    };
    note(BEGUN).with_context(|| format!("cannot write {OUTPUT}/{LOCK}"))?;
    let locked = LOCK_FILES.into_iter().find(|file| Path::new(file).exists());
    output::note(format_args!("==> installing the packages of {}", locked.unwrap_or(MANIFEST)));
    let end = run_npm(npm(if locked.is_some() { "ci" } else { "install" }), programs)?;
    if !end.status.success() {
        bail!(
            "npm could not install the packages of {MANIFEST} ({}); npm's own lines above say why; change {MANIFEST}, or \
             install them yourself: npm install",
            end.status
        );
    }
    note(b"").with_context(|| format!("cannot write {OUTPUT}/{LOCK}"))
}

/// Whether the packages are not installed, or only in part by an earlier call of the tool. Those of a workspace are
/// installed in a folder above.
fn is_incomplete() -> bool {
    let begun = std::fs::read(Path::new(OUTPUT).join(LOCK)).is_ok_and(|state| !state.is_empty());
    if Path::new(INSTALLED).exists() {
        return begun;
    }
    let here = std::env::current_dir().unwrap_or_default();
    let above = here.ancestors().skip(1).any(|folder| folder.join(INSTALLED).is_dir() && is_workspace(folder));
    !above
}

fn is_workspace(folder: &Path) -> bool {
    let lists =
        || manifest(&folder.join(MANIFEST)).ok().flatten().is_some_and(|manifest| manifest.workspaces.is_some());
    folder.join("pnpm-workspace.yaml").exists() || lists()
}

/// The version of an installed package, as a program in the working folder finds it.
pub(super) fn installed_version(folder: &Path) -> Option<String> {
    manifest(&folder.join(MANIFEST)).ok().flatten()?.version
}

fn manifest(path: &Path) -> Result<Option<Manifest>> {
    let bytes = match input::read(path, input::SETTINGS) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => bail!("cannot read {}: {error}", path.display()),
    };
    let manifest = serde_json::from_slice(&bytes);
    manifest.map(Some).map_err(|error| anyhow!("{} is not what npm reads: {error}", path.display()))
}

/// A command of npm that says only what went wrong. Without a network it takes what npm has in its cache, and otherwise
/// fails in seconds: by default npm is silent for more than a minute before it says that it reaches no registry.
pub(super) fn npm(what: &str) -> Command {
    let mut command = Command::new("npm");
    command.args([what, "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]);
    command.args(["--prefer-offline", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=10000"]);
    command
}

pub(super) fn run_npm(command: Command, programs: &Subprocesses) -> Result<SubprocessEnd> {
    programs.run(command).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!(
            "there is no npm here, which installs packages of apps in JavaScript; it comes with Node.js: \
             https://nodejs.org, or for example: apt-get install npm"
        ),
        _ => anyhow!("cannot run npm: {error}"),
    })
}
