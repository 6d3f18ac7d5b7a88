//! Apps in JavaScript and TypeScript: runs the SDK's builder with Node.js.

mod environment;
mod packages;
mod sdk;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::Result;

use crate::app::{AppBuilder, AppSettings, DevelopmentComponent};
use crate::subprocess::Subprocesses;
use environment::NodeEnvironment;
pub(crate) use environment::run_isolated;
pub(crate) use packages::MANIFEST;

/// An app in JavaScript. Clones share what is known of its environment.
#[derive(Debug, Clone)]
pub(crate) struct JavaScriptApp {
    settings: AppSettings,
    /// The environment, once it was found. What it depends on does not change with the app's sources.
    environment: Arc<OnceLock<NodeEnvironment>>,
    /// The key of the development component, which does not depend on the app's sources either.
    key: Arc<OnceLock<String>>,
}

impl JavaScriptApp {
    pub(crate) fn of(settings: AppSettings) -> JavaScriptApp {
        JavaScriptApp { settings, environment: Arc::default(), key: Arc::default() }
    }

    pub(crate) fn settings(&self) -> &AppSettings {
        &self.settings
    }

    /// Makes the component that is bundled.
    ///
    /// # Errors
    /// Node.js or npm is missing, packages cannot be installed, or the app cannot be built; the error is in the user's
    /// words.
    pub(crate) fn build(&self, programs: &Subprocesses) -> Result<()> {
        self.with_builder(programs, |builder| builder.build())
    }

    /// The component that has the runtime and reads the app's bundle; see [`AppBuilder::development`].
    ///
    /// # Errors
    /// As those of [`JavaScriptApp::build`].
    pub(crate) fn development(
        &self,
        last: Option<&str>,
        programs: &Subprocesses,
    ) -> Result<Option<DevelopmentComponent>> {
        if last.is_some() && last == self.key.get().map(String::as_str) {
            return Ok(None);
        }
        let made = self.with_builder(programs, |builder| builder.development(last))?;
        let key = made.as_ref().map(|made| made.key.as_str()).or(last);
        let _ = self.key.set(key.unwrap_or_default().to_owned());
        Ok(made)
    }

    /// Writes the app's bundle to a folder, and the files that it reads at run time.
    ///
    /// # Errors
    /// As those of [`JavaScriptApp::build`].
    pub(crate) fn bundle(&self, folder: &Path, programs: &Subprocesses) -> Result<()> {
        self.with_builder(programs, |builder| builder.bundle(folder))
    }

    fn with_builder<T>(&self, programs: &Subprocesses, work: impl FnOnce(AppBuilder<'_>) -> Result<T>) -> Result<T> {
        let environment = match self.environment.get() {
            Some(environment) => environment,
            None => {
                let found = NodeEnvironment::of_project(programs, &*self.settings.env)?;
                self.environment.get_or_init(|| found)
            }
        };
        work(AppBuilder { program: environment, settings: &self.settings, programs })
    }
}
