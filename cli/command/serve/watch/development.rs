//! An app that is served from its sources: a component that is made once reads the app when an instance starts, from a
//! folder that each reload makes.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use funcserver_function::config::App;
use tempfile::TempDir;

use super::super::loader::Loader;
use super::source_copy::SourceCopy;
use crate::app::SourceApp;
use crate::compiled::Compiled;
use crate::local::LocalFunction;
use crate::project::Project;
use crate::subprocess::Subprocesses;

/// An app and the component that reads it. Clones share the component.
#[derive(Clone)]
pub(super) struct Development {
    app: SourceApp,
    last: Arc<Mutex<Last>>,
}

/// The file with the modules of an app in JavaScript.
const BUNDLE: &str = "bundle.js";

/// What was used last, to use it again.
#[derive(Default)]
struct Last {
    component: Option<LastComponent>,
    sources: Option<SourceCopy>,
}

struct LastComponent {
    key: String,
    compiled: Arc<Compiled>,
}

/// An app that was loaded from its sources.
pub(super) struct Loaded {
    pub(super) function: LocalFunction,
    /// Whether its modules can be imported.
    pub(super) imported: Result<()>,
}

impl Development {
    /// `earlier` is that of the same project with its earlier settings.
    pub(super) fn of(app: SourceApp, earlier: Option<&Development>) -> Development {
        let last = earlier.map(|earlier| Arc::clone(&earlier.last)).unwrap_or_default();
        Development { app, last }
    }

    /// The app as the settings name it.
    pub(super) fn name(&self) -> &App {
        self.app.name()
    }

    /// Loads the app as it is now.
    ///
    /// # Errors
    /// The component cannot be made or loaded. It is no error of this function that the app cannot be imported.
    pub(super) fn load(&self, loader: &Loader, project: &Project, programs: &Subprocesses) -> Result<Loaded> {
        let mut last = self.last();
        let compiled = self.compiled(&mut last.component, loader, project, programs)?;
        let (folder, bundled) = self.folder(&mut last.sources, programs)?;
        let imported =
            bundled.and_then(|()| loader.try_app(&self.app, &compiled, Arc::clone(&folder), project).map(drop));
        Ok(Loaded { function: loader.load_app(&self.app, &compiled, folder, project)?, imported })
    }

    /// The folder that instances read, and whether the app could be put there.
    fn folder(&self, last: &mut Option<SourceCopy>, programs: &Subprocesses) -> Result<(Arc<TempDir>, Result<()>)> {
        match &self.app {
            SourceApp::Python(_) => {
                let copy = SourceCopy::of(Path::new("."), last.as_ref())?;
                Ok((Arc::clone(&last.insert(copy).folder), Ok(())))
            }
            SourceApp::JavaScript(app) => {
                let folder = TempDir::with_prefix("funcserver-").context("cannot make a temporary folder")?;
                let bundled = app.bundle(folder.path(), programs);
                if let Err(error) = &bundled {
                    let broken = format!("throw new Error({});\n", serde_json::Value::from(format!("{error:#}")));
                    fs::write(folder.path().join(BUNDLE), broken).context("cannot write to a temporary folder")?;
                }
                Ok((Arc::new(folder), bundled))
            }
        }
    }

    fn compiled(
        &self,
        last: &mut Option<LastComponent>,
        loader: &Loader,
        project: &Project,
        programs: &Subprocesses,
    ) -> Result<Arc<Compiled>> {
        let made = self.app.development(last.as_ref().map(|last| last.key.as_str()), programs)?;
        if let Some(made) = made {
            let compiled = Arc::new(loader.compile_app(&self.app, made.wasm, project)?);
            *last = Some(LastComponent { key: made.key, compiled });
        }
        let compiled = last.as_ref().map(|last| Arc::clone(&last.compiled));
        compiled.ok_or_else(|| anyhow::anyhow!("the builder made no component of {}", self.app.name()))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
