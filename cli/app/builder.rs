//! Runs the program of an SDK that makes components of apps. It has the same command line in each language.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;

use super::output_folder::{OUTPUT, make_output_folder};
use super::settings::AppSettings;
use crate::cache::sha256;
use crate::input;
use crate::output;
use crate::subprocess::Subprocesses;
use crate::user_cache::UserCache;

/// A program that makes components of apps.
pub(crate) trait AppProgram {
    /// Its command, to which the app and the options are added.
    fn command(&self) -> Command;

    /// What is in the development component, for people.
    fn development_has(&self) -> &'static str;
}

/// A program at work for an app.
pub(crate) struct AppBuilder<'a> {
    pub(crate) program: &'a dyn AppProgram,
    pub(crate) settings: &'a AppSettings,
    pub(crate) programs: &'a Subprocesses,
}

/// A component that reads the app's own files when an instance starts.
#[derive(Debug)]
pub(crate) struct DevelopmentComponent {
    /// A hash of everything that it depends on.
    pub(crate) key: String,
    pub(crate) wasm: Vec<u8>,
}

impl AppBuilder<'_> {
    /// Makes the component that is bundled.
    ///
    /// # Errors
    /// The app cannot be built; the error is in the user's words.
    pub(crate) fn build(&self) -> Result<()> {
        let settings = self.settings;
        let mut command = self.command();
        command.arg("--output").arg(&settings.component).args(["--import", settings.import.name()]);
        self.grant(&mut command);
        self.run(command).map(drop)
    }

    /// The component for development, which is made if there is none for the packages that the app uses now. `last` is
    /// the key of the one that the caller has; if it still fits, there is no other.
    ///
    /// # Errors
    /// As those of [`AppBuilder::build`].
    pub(crate) fn development(&self, last: Option<&str>) -> Result<Option<DevelopmentComponent>> {
        let key = self.key()?;
        if last == Some(&key) {
            return Ok(None);
        }
        let cache = UserCache::open(&*self.settings.env, "apps", "components of apps")
            .context("cannot make a folder for them")?;
        let name = format!("{key}.wasm");
        let wasm = match cache.folder.read(&name, input::COMPONENT) {
            Ok(wasm) => {
                cache.touch(&name);
                wasm
            }
            Err(_) => {
                output::note(format_args!("making {}, once for all edits …", self.program.development_has()));
                let wasm = self.make()?;
                cache.folder.write(&name, &wasm).context("cannot write to the cache of components")?;
                cache.prune();
                wasm
            }
        };
        Ok(Some(DevelopmentComponent { key, wasm }))
    }

    /// Writes what the development component reads of the app to a folder.
    ///
    /// # Errors
    /// As those of [`AppBuilder::build`].
    pub(crate) fn bundle(&self, folder: &Path) -> Result<()> {
        let mut command = self.command();
        command.arg("--bundle").arg(folder);
        self.grant(&mut command);
        self.run(command).map(drop)
    }

    fn make(&self) -> Result<Vec<u8>> {
        make_output_folder()?;
        // Beside the other output, because temporary folders may be small.
        let file = NamedTempFile::with_suffix_in(".wasm", OUTPUT).context("cannot write to build-output/")?;
        let mut command = self.command();
        command.arg("--output").arg(file.path()).arg("--dev");
        self.grant(&mut command);
        self.run(command)?;
        input::read(file.path(), input::COMPONENT).context("cannot read the component that was built")
    }

    fn key(&self) -> Result<String> {
        let mut command = self.command();
        command.arg("--key");
        let printed = self.run(command)?;
        let packages = printed.trim();
        if packages.is_empty() {
            bail!("the builder of {} printed no key", self.settings.app);
        }
        Ok(sha256(format!("{} {packages} {}", self.settings.app, self.settings.granted.join(" ")).as_bytes()))
    }

    fn command(&self) -> Command {
        let mut command = self.program.command();
        command.arg(self.settings.app.as_str());
        command
    }

    fn grant(&self, command: &mut Command) {
        for name in &self.settings.granted {
            command.arg("--granted").arg(name);
        }
    }

    /// Runs the program, and returns what it printed.
    fn run(&self, command: Command) -> Result<String> {
        let name = command.get_program().to_owned();
        let end = self.programs.run(command).with_context(|| format!("cannot run {}", name.display()))?;
        end.printed(format_args!("the builder of {}", self.settings.app))
    }
}
