//! Node.js and the package that makes components: the project's, or the one that the tool carries.

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_function::config::Env;
use funcserver_function::marker;

use super::packages::{install_missing, installed_version};
use super::sdk::{NodeSdk, PACKAGE};
use crate::app::AppProgram;
use crate::output;
use crate::subprocess::Subprocesses;

const NODE: &str = "node";

/// The oldest Node.js that the builder runs on.
const OLDEST: u32 = 20;

/// The program in the package.
const BUILDER: &str = "build/main.js";

/// Node.js with a package that makes components.
#[derive(Debug)]
pub(super) struct NodeEnvironment(Package);

#[derive(Debug)]
enum Package {
    /// The folder of the one that the project has installed.
    Projects(PathBuf),
    /// The tool's own.
    Own(NodeSdk),
}

impl NodeEnvironment {
    /// The environment of the project in the working folder. Packages that are missing are installed.
    ///
    /// # Errors
    /// It cannot be used or made; the error says what to install.
    pub(super) fn of_project(programs: &Subprocesses, env: &dyn Env) -> Result<NodeEnvironment> {
        check_node(programs)?;
        install_missing(programs)?;
        // Absolute, because Node.js takes a relative one for a package.
        let own = env::current_dir().context("cannot tell the working folder")?.join("node_modules").join(PACKAGE);
        match installed_version(&own) {
            Some(version) if version == marker::VERSION && own.join(BUILDER).is_file() => {
                return Ok(NodeEnvironment(Package::Projects(own)));
            }
            Some(version) if version != marker::VERSION => output::warn(format_args!(
                "node_modules has {PACKAGE} {version}, and this is funcserver {own}: the app is built with {own}; install \
                 the same version of both",
                own = marker::VERSION
            )),
            _ => {}
        }
        NodeSdk::install(programs, env).map(|sdk| NodeEnvironment(Package::Own(sdk)))
    }
}

impl AppProgram for NodeEnvironment {
    fn command(&self) -> Command {
        let folder = match &self.0 {
            Package::Projects(folder) => folder,
            Package::Own(sdk) => sdk.path(),
        };
        let mut command = Command::new(NODE);
        command.arg(folder.join(BUILDER));
        command
    }

    fn development_has(&self) -> &'static str {
        "a component with the runtime of JavaScript"
    }
}

/// Runs the builder of the tool's own package without an app, and returns its output. It runs no program or module of the
/// project.
///
/// # Errors
/// There is no Node.js or npm, or the builder fails.
pub(crate) fn run_isolated(option: &str, programs: &Subprocesses, env: &dyn Env) -> Result<String> {
    check_node(programs)?;
    let mut command = NodeEnvironment(Package::Own(NodeSdk::install(programs, env)?)).command();
    command.arg(option);
    let end = programs.run(command).with_context(|| format!("cannot run {NODE}"))?;
    end.printed(format_args!("{BUILDER} {option}"))
}

fn check_node(programs: &Subprocesses) -> Result<()> {
    let mut command = Command::new(NODE);
    command.arg("--version");
    let end = programs.run(command).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!(
            "there is no {NODE} here, which builds apps in JavaScript; install Node.js {OLDEST} or later: \
             https://nodejs.org, or for example: apt-get install nodejs npm"
        ),
        _ => anyhow!("cannot run {NODE}: {error}"),
    })?;
    let version = end.stdout.trim();
    let Some(major) = major(version) else { bail!("{NODE} does not run ({}); install Node.js again", end.status) };
    if major < OLDEST {
        bail!("{NODE} is {version}, and funcserver needs Node.js {OLDEST} or later: https://nodejs.org");
    }
    Ok(())
}

/// The first number of a version such as `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_a_first_number() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major("v24.0.0-nightly"), Some(24));
        for other in ["", "20", "vx.1", "Segmentation fault"] {
            assert_eq!(major(other), None, "{other}");
        }
    }
}
