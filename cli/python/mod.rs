//! Makes components of apps in Python: runs the SDK's builder with the Python of the app's environment.

mod environment;
mod requirements;
mod sdk;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_function::config::{App, Import, Variables};
use tempfile::NamedTempFile;

use crate::cache::sha256;
use crate::input;
use crate::output;
use crate::project::Project;
use crate::subprocess::{SubprocessEnd, Subprocesses};
use crate::user_cache::UserCache;
pub(crate) use environment::run_isolated;
use environment::{OUTPUT, PythonEnvironment, make_output_folder};

/// The module that makes components.
const BUILDER: &str = "funcserver.build";

/// The app of the project, as the settings name it.
#[derive(Debug, Clone)]
pub(crate) struct PythonApp {
    app: App,
    import: Import,
    /// The names of the variables that the settings grant.
    granted: Vec<String>,
    /// The component to write.
    component: PathBuf,
    env: Arc<Variables>,
}

/// A component that reads the app's own files when an instance starts.
#[derive(Debug)]
pub(crate) struct DevelopmentComponent {
    /// A hash of everything that it depends on.
    pub(crate) key: String,
    pub(crate) wasm: Vec<u8>,
}

impl PythonApp {
    /// The app of the project, if its settings name one.
    pub(crate) fn of(project: &Project, env: &Variables) -> Option<PythonApp> {
        let (component, guest) = (&project.config.component, &project.config.guest);
        let mut granted: Vec<_> = guest.env.keys().chain(&guest.inherit_env).cloned().collect();
        granted.sort();
        granted.dedup();
        Some(PythonApp {
            app: component.app.clone()?,
            import: component.import,
            granted,
            component: project.component()?.into_owned(),
            env: Arc::new(env.clone()),
        })
    }

    /// Makes the component that is bundled.
    ///
    /// # Errors
    /// The environment is not usable, or the app cannot be built; the error is in the user's words.
    pub(crate) fn build(&self, programs: &Subprocesses) -> Result<()> {
        let begin = Instant::now();
        let environment = PythonEnvironment::of_project(programs, &*self.env)?;
        if self.component.starts_with(OUTPUT) {
            make_output_folder()?;
        }
        let mut command = self.command(&environment);
        command.arg("--output").arg(&self.component).args(["--import", self.import.name()]);
        self.grant(&mut command);
        self.ended(programs.run(command).context("cannot run Python")?)?;
        output::note(format_args!("built in {:.2} s", begin.elapsed().as_secs_f64()));
        Ok(())
    }

    /// The component for development, which is made if there is none for the packages that the app uses now. `last` is
    /// the key of the one that the caller has; if it still fits, there is no other.
    ///
    /// # Errors
    /// As those of [`PythonApp::build`].
    pub(crate) fn development(
        &self,
        last: Option<&str>,
        programs: &Subprocesses,
    ) -> Result<Option<DevelopmentComponent>> {
        let environment = PythonEnvironment::of_project(programs, &*self.env)?;
        let key = self.key(&environment, programs)?;
        if last == Some(&key) {
            return Ok(None);
        }
        let cache =
            UserCache::open(&*self.env, "apps", "components of apps").context("cannot make a folder for them")?;
        let name = format!("{key}.wasm");
        let wasm = match cache.folder.read(&name, input::COMPONENT) {
            Ok(wasm) => {
                cache.touch(&name);
                wasm
            }
            Err(_) => {
                output::note(format_args!("making a component of {}'s packages, once for all edits …", self.app));
                let wasm = self.make(&environment, programs)?;
                cache.folder.write(&name, &wasm).context("cannot write to the cache of components")?;
                cache.prune();
                wasm
            }
        };
        Ok(Some(DevelopmentComponent { key, wasm }))
    }

    fn make(&self, environment: &PythonEnvironment, programs: &Subprocesses) -> Result<Vec<u8>> {
        make_output_folder()?;
        // Beside the other output, because temporary folders may be small.
        let file = NamedTempFile::with_suffix_in(".wasm", OUTPUT).context("cannot write to build-output/")?;
        let mut command = self.command(environment);
        command.arg("--output").arg(file.path()).arg("--dev");
        self.grant(&mut command);
        self.ended(programs.run(command).context("cannot run Python")?)?;
        input::read(file.path(), input::COMPONENT).context("cannot read the component that was built")
    }

    fn key(&self, environment: &PythonEnvironment, programs: &Subprocesses) -> Result<String> {
        let mut command = self.command(environment);
        command.arg("--key");
        let end = self.ended(programs.run(command).context("cannot run Python")?)?;
        let packages = end.stdout.trim();
        if packages.is_empty() {
            bail!("{BUILDER} --key printed nothing");
        }
        Ok(sha256(format!("{} {packages} {}", self.app, self.granted.join(" ")).as_bytes()))
    }

    fn command(&self, environment: &PythonEnvironment) -> Command {
        let mut command = environment.command();
        command.args(["-m", BUILDER, self.app.as_str()]);
        command
    }

    fn grant(&self, command: &mut Command) {
        for name in &self.granted {
            command.arg("--granted").arg(name);
        }
    }

    fn ended(&self, end: SubprocessEnd) -> Result<SubprocessEnd> {
        match (end.status.success(), &end.error) {
            (true, _) => Ok(end),
            (false, Some(error)) => Err(anyhow!("{error}")),
            (false, None) => Err(anyhow!("the builder of {} failed ({})", self.app, end.status)),
        }
    }

    /// The component that [`PythonApp::build`] writes.
    pub(crate) fn component(&self) -> &Path {
        &self.component
    }

    /// The app as the settings name it.
    pub(crate) fn name(&self) -> &App {
        &self.app
    }
}
