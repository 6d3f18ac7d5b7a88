//! The virtual environment whose packages an app uses: the user's, or one that the tool makes.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_function::config::Env;
use funcserver_function::marker;
use serde::Deserialize;

use super::requirements::Requirements;
use super::sdk::{DISTRIBUTION, SDK};
use crate::app::{UnpackedSdk, lock_in_output_folder};
use crate::output;
use crate::subprocess::Subprocesses;

/// The environment that the tool makes, and the one it replaces if a package is no longer listed.
const OWN: &str = "build-output/venv";

/// The Python that makes an environment.
const PYTHON: &str = "python3";

/// The oldest Python that the builder runs on.
const OLDEST: (u32, u32) = (3, 10);

/// What the environment's Python says of itself.
const PROBE: &str = "\
import json, sys
try:
    from importlib.metadata import version
    sdk = version('funcserver-lambda')
except Exception:
    sdk = None
print(json.dumps({'version': list(sys.version_info[:2]), 'sdk': sdk}))
";

/// Runs the module that the first argument names, and finds it in the folder that the second one names.
const ISOLATED: &str = "\
import runpy, sys
_, module, folder = sys.argv
sys.path.insert(0, folder)
sys.argv = [module]
runpy.run_module(module, run_name='__main__')
";

/// A Python with the packages of the app, and the SDK that it imports.
#[derive(Debug)]
pub(crate) struct PythonEnvironment {
    /// The interpreter, as a path or a name.
    python: PathBuf,
    /// The tool's own SDK, if the environment has none that fits.
    sdk: Option<UnpackedSdk>,
    /// The user's `PYTHONPATH`.
    path: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Probe {
    version: (u32, u32),
    sdk: Option<String>,
}

impl PythonEnvironment {
    /// The environment of the project in the working folder: the active one, else `.venv` or `venv`, else one that is
    /// made of the project's list of packages, and made again when that has changed.
    ///
    /// # Errors
    /// It cannot be used or made; the error says what to install.
    pub(crate) fn of_project(programs: &Subprocesses, env: &dyn Env) -> Result<PythonEnvironment> {
        let python = match users(env)? {
            Some(python) => python,
            None => own(programs)?,
        };
        let probe = probe(&python, programs)?;
        check_version(&python, probe.version)?;
        let sdk = match probe.sdk {
            Some(version) if version == marker::VERSION => None,
            Some(version) => {
                output::warn(format_args!(
                    "{} has {DISTRIBUTION} {version}, and this is funcserver {own}: the app is built with {own}; install \
                     the same version of both",
                    python.display(),
                    own = marker::VERSION
                ));
                Some(SDK.unpack(env))
            }
            None => Some(SDK.unpack(env)),
        };
        let sdk = sdk.transpose().context("cannot write the Python package of funcserver to the cache")?;
        let path = env.get("PYTHONPATH").filter(|path| !path.is_empty()).map(str::to_owned);
        Ok(PythonEnvironment { python, sdk, path })
    }

    /// The interpreter, which finds the SDK.
    pub(super) fn interpreter(&self) -> Command {
        let mut command = Command::new(&self.python);
        if let Some(sdk) = &self.sdk {
            let mut path = sdk.path.clone().into_os_string();
            if let Some(users) = &self.path {
                path.push(":");
                path.push(users);
            }
            command.env("PYTHONPATH", path);
        }
        command
    }
}

/// Runs a module of the SDK without input, and returns its output. It runs no program or module of the project: the Python is
/// the machine's, and finds modules only in the SDK and in its own library.
///
/// # Errors
/// There is no Python, or the module fails.
pub(crate) fn run_isolated(module: &str, programs: &Subprocesses, env: &dyn Env) -> Result<String> {
    let python = Path::new(PYTHON);
    check_version(python, probe(python, programs)?.version)?;
    let sdk = SDK.unpack(env).context("cannot write the Python package of funcserver to the cache")?;
    let mut command = Command::new(python);
    command.args(["-I", "-c", ISOLATED, module]).arg(&sdk.path);
    let end = programs.run(command).with_context(|| format!("cannot run {PYTHON}"))?;
    end.printed(module)
}

/// The user's own environment.
fn users(env: &dyn Env) -> Result<Option<PathBuf>> {
    if let Some(active) = env.get("VIRTUAL_ENV").filter(|path| !path.is_empty()) {
        let python = Path::new(active).join("bin/python");
        if !python.exists() {
            bail!("VIRTUAL_ENV is {active}, which has no bin/python; activate another environment, or run: deactivate");
        }
        return Ok(Some(python));
    }
    let here = env::current_dir().context("cannot tell the working folder")?;
    // Absolute, because a relative path to a program is looked up in the PATH by some systems.
    let pythons = [".venv", "venv"].map(|name| here.join(name).join("bin/python"));
    Ok(pythons.into_iter().find(|python| python.exists()))
}

/// The environment in `build-output/venv`, made first if the list of packages is another one than before.
fn own(programs: &Subprocesses) -> Result<PathBuf> {
    let folder = env::current_dir().context("cannot tell the working folder")?;
    let requirements = Requirements::of(&folder)?;
    // Another tool, such as `serve --watch`, may be about to make it.
    let _lock = lock_in_output_folder("venv.lock")?;
    let (venv, python) = (folder.join(OWN), folder.join(OWN).join("bin/python"));
    let stamp = venv.join("funcserver-installed");
    if python.exists() && fs::read_to_string(&stamp).is_ok_and(|found| found == requirements.stamp) {
        return Ok(python);
    }
    make(&venv, programs)?;
    install(&python, &requirements, programs)?;
    fs::write(&stamp, &requirements.stamp).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(python)
}

fn make(venv: &Path, programs: &Subprocesses) -> Result<()> {
    if venv.exists() {
        if !venv.join("pyvenv.cfg").exists() {
            bail!("{OWN} is no virtual environment of Python; remove it: rm -r {OWN}");
        }
        fs::remove_dir_all(venv).with_context(|| format!("cannot remove {OWN}"))?;
    }
    let python = Path::new(PYTHON);
    check_version(python, probe(python, programs)?.version)?;
    output::note(format_args!("==> making a virtual environment in {OWN}"));
    let mut command = Command::new(python);
    command.args(["-m", "venv"]).arg(venv);
    let end = programs.run(command).with_context(|| format!("cannot run {PYTHON}"))?;
    if !end.status.success() {
        // Its own advice goes to stdout.
        output::note(end.stdout.trim());
        // Without its pip it would be taken for a good one.
        let _ = fs::remove_dir_all(venv);
        bail!(
            "python3 cannot make a virtual environment; install its venv module, for example: apt-get install \
             python3-venv; or make one yourself in .venv"
        );
    }
    Ok(())
}

fn install(python: &Path, requirements: &Requirements, programs: &Subprocesses) -> Result<()> {
    let Some(file) = requirements.file else {
        output::note("no requirements.txt and no pyproject.toml here: the app gets no packages");
        return Ok(());
    };
    if requirements.arguments.is_empty() {
        return Ok(());
    }
    output::note(format_args!("==> installing the packages of {file} into {OWN}"));
    let mut command = Command::new(python);
    command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
    command.args(&requirements.arguments);
    let end = programs.run(command).context("cannot run pip")?;
    if !end.status.success() {
        output::note(end.stdout.trim());
        bail!(
            "pip could not install the packages of {file} ({}); pip's own lines above say why: the network, pip's settings, \
             or a package of {file}; change that, or make the environment yourself in .venv",
            end.status
        );
    }
    Ok(())
}

fn probe(python: &Path, programs: &Subprocesses) -> Result<Probe> {
    let mut command = Command::new(python);
    // Isolated: a module of the project must not take the place of one of Python's.
    command.args(["-I", "-c", PROBE]);
    let shown = python.display();
    let end = programs.run(command).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => anyhow!(
            "there is no {shown} here, which builds apps in Python; install Python {}.{} or later, for example: \
             apt-get install python3 python3-venv",
            OLDEST.0,
            OLDEST.1
        ),
        _ => anyhow!("cannot run {shown}: {error}"),
    })?;
    serde_json::from_str(&end.stdout).map_err(|_| {
        anyhow!("{shown} does not run ({}); make the environment again: python3 -m venv --clear", end.status)
    })
}

fn check_version(python: &Path, version: (u32, u32)) -> Result<()> {
    if version < OLDEST {
        bail!(
            "{} is Python {}.{}, and funcserver needs {}.{} or later",
            python.display(),
            version.0,
            version.1,
            OLDEST.0,
            OLDEST.1
        );
    }
    Ok(())
}
