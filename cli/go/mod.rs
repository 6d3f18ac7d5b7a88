//! Apps in Go: runs `go build`, which makes a core module. The tool makes a component of it when it loads it.

mod toolchain;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::app::AppSettings;
use crate::componentize::is_handler;
use crate::input;
use crate::subprocess::Subprocesses;
pub(crate) use toolchain::GO;
use toolchain::check_go;

/// The package that serves an app's handler.
pub(crate) const GUEST: &str = "funcserver.example/guest";

/// An app in Go: a program that hands its `http.Handler` to [`GUEST`].
#[derive(Debug, Clone)]
pub(crate) struct GoApp(AppSettings);

impl GoApp {
    pub(crate) fn of(settings: AppSettings) -> GoApp {
        GoApp(settings)
    }

    pub(crate) fn settings(&self) -> &AppSettings {
        &self.0
    }

    /// Compiles the program.
    ///
    /// # Errors
    /// Go is missing or too old, or the program does not compile or serves nothing; the error is in the user's words.
    pub(crate) fn build(&self, programs: &Subprocesses) -> Result<()> {
        let (app, component) = (&self.0.app, &self.0.component);
        if !Path::new(app.as_str()).is_dir() {
            bail!("component.app is {app}, but there is no such folder; name the one with your package main");
        }
        check_go(programs)?;
        let mut command = Command::new(GO);
        command.args(["build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-ldflags=-s", "-o"]);
        command.arg(component).arg(app.as_str()).env("GOOS", "wasip1").env("GOARCH", "wasm");
        let end = programs.run(command).map_err(|error| anyhow!("cannot run {GO}: {error}"))?;
        if !end.status.success() {
            bail!("{app} does not compile; the lines above are {GO}'s own");
        }
        self.check(programs)
    }

    /// Checks that the program answers requests.
    fn check(&self, programs: &Subprocesses) -> Result<()> {
        let (app, component) = (&self.0.app, &self.0.component);
        let module = input::read(component, input::COMPONENT).context("cannot read the component that was built")?;
        if is_handler(&module) {
            return Ok(());
        }
        // Not to be taken for a component by the next command.
        let _ = std::fs::remove_file(component);
        let name = self.package_name(programs);
        match name.as_deref() {
            Some("main") | None => {}
            Some(name) => bail!("{app} is the package {name}, and no program; name the folder of your package main"),
        }
        bail!(
            "the program in {app} serves no requests, because it does not import {GUEST}: replace \
             http.ListenAndServe(address, handler) with guest.Serve(handler), and run: go mod tidy"
        )
    }

    fn package_name(&self, programs: &Subprocesses) -> Option<String> {
        let mut command = Command::new(GO);
        command.args(["list", "-f", "{{.Name}}", self.0.app.as_str()]).env("GOOS", "wasip1").env("GOARCH", "wasm");
        let end = programs.run(command).ok().filter(|end| end.status.success())?;
        Some(end.stdout.trim().to_owned())
    }
}
