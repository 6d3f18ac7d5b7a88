//! Any custom runtime (`--exec`, `--zip`): a program, or the bootstrap of a zip, in one environment for each concurrent
//! request.

use std::env::consts::{ARCH, OS};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_engine::Arch;
use funcserver_function::config::Env;
use funcserver_local::Function;
use funcserver_local::environment::{Fleet, Line, Program};
use tempfile::TempDir;

use super::unpack::unpack;
use crate::args;
use crate::bootstrap_file::architecture;
use crate::function_file::BOOTSTRAP;
use crate::output;

/// The user's variables that a program such as `python3` needs to be found and to work.
const PASSED_ON: [&str; 2] = ["PATH", "HOME"];

/// A custom runtime.
pub(crate) struct CustomRuntime {
    /// Its environments. They end before the folder is removed.
    pub(crate) fleet: Fleet,
    /// Its name for messages.
    pub(crate) name: String,
    /// The folder with the unpacked zip.
    _folder: Option<TempDir>,
}

impl CustomRuntime {
    /// The requested custom runtime, if there is one. Environments start with the first request.
    pub(crate) fn of(args: &args::Serve, env: &dyn Env) -> Result<Option<CustomRuntime>> {
        let (mut program, name, folder) = match (&args.program.zip, args.program.command()) {
            (Some(zip), _) => {
                let folder = unpacked(zip)?;
                (Program::new(folder.path().join(BOOTSTRAP), folder.path()), zip.display().to_string(), Some(folder))
            }
            (None, Some((command, arguments))) => {
                let mut program = Program::new(command, ".");
                program.arguments = arguments.to_vec();
                let passed = PASSED_ON.iter().filter_map(|name| Some(((*name).to_owned(), env.get(name)?.into())));
                program.variables.extend(passed);
                (program, command.to_string_lossy().into_owned(), None)
            }
            (None, None) => return Ok(None),
        };
        program.variables.extend(args.program.env.iter().cloned());
        if folder.is_none() {
            check_program(&program)?;
        }
        let function = Function { memory_mb: args.memory, timeout: args.timeout.duration(), ..Function::default() };
        let fleet = Fleet::new(function, program, args.program.max_environments.into(), Arc::new(print));
        Ok(Some(CustomRuntime { fleet, name, _folder: folder }))
    }
}

/// Prints a line of a process.
fn print(line: &Line) {
    output::note(format_args!("[{}] {}", line.environment, line.text));
}

/// Unpacks the zip into a new folder, and checks that its bootstrap can be started here.
fn unpacked(zip: &Path) -> Result<TempDir> {
    let folder = TempDir::with_prefix("funcserver-").context("cannot make a folder to unpack the zip to")?;
    unpack(zip, folder.path())?;
    let shown = zip.display();
    let bootstrap = folder.path().join(BOOTSTRAP);
    let metadata = match fs::metadata(&bootstrap) {
        Ok(metadata) if metadata.is_file() => metadata,
        _ => bail!(
            "{shown} has no file {BOOTSTRAP} at its top level, which Lambda starts; make a zip: funcserver bundle"
        ),
    };
    check_mode(&metadata, zip)?;
    check_system(&format!("the {BOOTSTRAP} in {shown}"), &bootstrap, OS)?;
    if let Some(found) = foreign(&bootstrap) {
        bail!(
            "the {BOOTSTRAP} in {shown} is a program for {found}, and this machine is {here}; make a zip for this machine: \
             funcserver bundle --arch {here}",
            here = here()
        );
    }
    Ok(folder)
}

fn check_mode(metadata: &fs::Metadata, zip: &Path) -> Result<()> {
    let mode = metadata.permissions().mode() & 0o777;
    // Lambda starts it as another user.
    if mode & 0o005 != 0o005 {
        bail!(
            "the {BOOTSTRAP} in {} has the mode {mode:04o}, and Lambda cannot start it; before you zip it: \
             chmod 755 {BOOTSTRAP}",
            zip.display()
        );
    }
    Ok(())
}

/// Reports errors at the start that would otherwise appear only with each request.
fn check_program(program: &Program) -> Result<()> {
    let name = program.executable.display();
    let path = program.resolve().map_err(|error| {
        anyhow!("cannot start {name}: {error}; name a program, as in --exec ./bootstrap or --exec python3 runtime.py")
    })?;
    check_system(&name.to_string(), &path, OS)?;
    if let Some(found) = foreign(&path) {
        bail!(
            "{name} is a program for {found}, and this machine is {here}; name a program for {here}, or put an emulator first",
            here = here()
        );
    }
    Ok(())
}

/// Reports a program of Linux on another system, which cannot start it.
fn check_system(name: &str, program: &Path, system: &str) -> Result<()> {
    if system != "linux" && head(program).is_some_and(|head| architecture(&head).is_some()) {
        bail!(
            "{name} is a program for Linux, and this machine has {system}; start this in a container of Linux, or serve the \
             component without its zip: funcserver serve handler.wasm"
        );
    }
    Ok(())
}

/// The architecture of a program, if it is not this machine's.
fn foreign(program: &Path) -> Option<String> {
    let found = architecture(&head(program)?)?;
    (found != here()).then_some(found)
}

/// The first bytes of a file, enough for an ELF header.
fn head(path: &Path) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    fs::File::open(path).ok()?.take(64).read_to_end(&mut head).ok()?;
    Some(head)
}

/// This machine's architecture, with Lambda's name if it has one.
fn here() -> &'static str {
    Arch::host().map_or(ARCH, Arch::name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_linux_starts_on_linux_alone() {
        let mut elf = [0; 64];
        elf[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\x00");
        elf[18] = 62;
        let program = tempfile::NamedTempFile::new().unwrap();
        fs::write(&program, elf).unwrap();
        assert!(check_system("it", program.path(), "linux").is_ok());
        let error = check_system("it", program.path(), "macos").unwrap_err().to_string();
        assert!(error.contains("it is a program for Linux, and this machine has macos"), "{error}");
        // A script is of no system.
        fs::write(&program, "#!/bin/sh\n").unwrap();
        assert!(check_system("it", program.path(), "macos").is_ok());
    }
}
