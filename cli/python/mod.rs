//! Apps in Python: runs the SDK's builder with the Python of the app's environment.

mod environment;
mod requirements;
mod sdk;

use std::process::Command;

use anyhow::Result;

use crate::app::{AppBuilder, AppProgram, AppSettings, DevelopmentComponent};
use crate::subprocess::Subprocesses;
use environment::PythonEnvironment;
pub(crate) use environment::run_isolated;

/// The module that makes components.
const BUILDER: &str = "funcserver.build";

/// An app in Python.
#[derive(Debug, Clone)]
pub(crate) struct PythonApp(AppSettings);

impl PythonApp {
    pub(crate) fn of(settings: AppSettings) -> PythonApp {
        PythonApp(settings)
    }

    pub(crate) fn settings(&self) -> &AppSettings {
        &self.0
    }

    /// Makes the component that is bundled.
    ///
    /// # Errors
    /// The environment is not usable, or the app cannot be built; the error is in the user's words.
    pub(crate) fn build(&self, programs: &Subprocesses) -> Result<()> {
        self.with_builder(programs, |builder| builder.build())
    }

    /// The component with the app's packages; see [`AppBuilder::development`].
    ///
    /// # Errors
    /// As those of [`PythonApp::build`].
    pub(crate) fn development(
        &self,
        last: Option<&str>,
        programs: &Subprocesses,
    ) -> Result<Option<DevelopmentComponent>> {
        self.with_builder(programs, |builder| builder.development(last))
    }

    fn with_builder<T>(&self, programs: &Subprocesses, work: impl FnOnce(AppBuilder<'_>) -> Result<T>) -> Result<T> {
        let environment = PythonEnvironment::of_project(programs, &*self.0.env)?;
        work(AppBuilder { program: &environment, settings: &self.0, programs })
    }
}

impl AppProgram for PythonEnvironment {
    fn command(&self) -> Command {
        let mut command = self.interpreter();
        command.args(["-m", BUILDER]);
        command
    }

    fn development_has(&self) -> &'static str {
        "a component of the app's packages"
    }
}
