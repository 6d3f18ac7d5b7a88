//! An app that is served from its sources: its packages are in a component that is made once, and each instance imports
//! the app's own modules from a copy of the working folder.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use funcserver_function::config::App;

use super::super::loader::Loader;
use super::source_copy::SourceCopy;
use crate::compiled::Compiled;
use crate::local::LocalFunction;
use crate::project::Project;
use crate::python::PythonApp;
use crate::subprocess::Subprocesses;

/// An app and the component that has its packages. Clones share the component.
#[derive(Clone)]
pub(super) struct Development {
    app: PythonApp,
    last: Arc<Mutex<Last>>,
}

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
    pub(super) fn of(app: PythonApp, earlier: Option<&Development>) -> Development {
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
        let copy = SourceCopy::of(Path::new("."), last.sources.as_ref())?;
        let folder = Arc::clone(&last.sources.insert(copy).folder);
        let imported = loader.try_app(&self.app, &compiled, Arc::clone(&folder), project).map(drop);
        Ok(Loaded { function: loader.load_app(&self.app, &compiled, folder, project)?, imported })
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
