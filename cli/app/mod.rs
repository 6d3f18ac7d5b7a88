//! The app of a project, in whichever language it is written, and what makes a component of it.

mod builder;
mod embedded_sdk;
mod output_folder;
mod settings;

use std::path::Path;

use anyhow::Result;
use funcserver_function::config::{App, AppLanguage, Variables};

use crate::go::GoApp;
use crate::javascript::JavaScriptApp;
use crate::project::Project;
use crate::python::PythonApp;
use crate::subprocess::Subprocesses;
pub(crate) use builder::{AppBuilder, AppProgram, DevelopmentComponent};
pub(crate) use embedded_sdk::{EmbeddedSdk, UnpackedSdk};
pub(crate) use output_folder::{OUTPUT, lock_in_output_folder, make_output_folder};
pub(crate) use settings::AppSettings;

/// The app that `component.app` names.
#[derive(Debug, Clone)]
pub(crate) enum ProjectApp {
    Python(PythonApp),
    JavaScript(JavaScriptApp),
    Go(GoApp),
}

/// An app that a development component reads when an instance starts, so that no edit needs a build.
#[derive(Debug, Clone)]
pub(crate) enum SourceApp {
    /// The component reads the app's own modules from a copy of the project.
    Python(PythonApp),
    /// The component reads one file, which the app's modules are bundled into.
    JavaScript(JavaScriptApp),
}

impl ProjectApp {
    /// The app of the project, if its settings name one.
    pub(crate) fn of(project: &Project, env: &Variables) -> Option<ProjectApp> {
        let settings = AppSettings::of(project, env)?;
        Some(match settings.app.language() {
            AppLanguage::Python => ProjectApp::Python(PythonApp::of(settings)),
            AppLanguage::JavaScript => ProjectApp::JavaScript(JavaScriptApp::of(settings)),
            AppLanguage::Go => ProjectApp::Go(GoApp::of(settings)),
        })
    }

    /// Makes the component that is bundled.
    ///
    /// # Errors
    /// A tool of the language is missing, or the app cannot be built; the error is in the user's words.
    pub(crate) fn build(&self, programs: &Subprocesses) -> Result<()> {
        if self.component().starts_with(OUTPUT) {
            make_output_folder()?;
        }
        match self {
            ProjectApp::Python(app) => app.build(programs),
            ProjectApp::JavaScript(app) => app.build(programs),
            ProjectApp::Go(app) => app.build(programs),
        }
    }

    /// The app, if it can be served from its sources. One in Go is compiled for each edit.
    pub(crate) fn into_source_app(self) -> Option<SourceApp> {
        match self {
            ProjectApp::Python(app) => Some(SourceApp::Python(app)),
            ProjectApp::JavaScript(app) => Some(SourceApp::JavaScript(app)),
            ProjectApp::Go(_) => None,
        }
    }

    /// The component that [`ProjectApp::build`] writes.
    pub(crate) fn component(&self) -> &Path {
        &self.settings().component
    }

    fn settings(&self) -> &AppSettings {
        match self {
            ProjectApp::Python(app) => app.settings(),
            ProjectApp::JavaScript(app) => app.settings(),
            ProjectApp::Go(app) => app.settings(),
        }
    }
}

impl SourceApp {
    /// The component that reads the app, unless the one with the key `last` still fits.
    ///
    /// # Errors
    /// As those of [`ProjectApp::build`].
    pub(crate) fn development(
        &self,
        last: Option<&str>,
        programs: &Subprocesses,
    ) -> Result<Option<DevelopmentComponent>> {
        match self {
            SourceApp::Python(app) => app.development(last, programs),
            SourceApp::JavaScript(app) => app.development(last, programs),
        }
    }

    /// The app as the settings name it.
    pub(crate) fn name(&self) -> &App {
        match self {
            SourceApp::Python(app) => &app.settings().app,
            SourceApp::JavaScript(app) => &app.settings().app,
        }
    }
}
