//! The user's project: the `funcserver.toml` of the working folder, if there is one, and the effective settings.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use funcserver_function::config::{Config, Env, carried};

use crate::assets;
use crate::encoding::without_mark;
use crate::input;
use crate::local_secrets;
use crate::root_certificates;

/// The file with the settings.
pub(crate) const FILE: &str = "funcserver.toml";

/// The component that is made of an app, unless the settings name another file.
const BUILT_APP: &str = "build-output/handler.wasm";

/// A file of variables, as many developers have it for other tools.
pub(crate) const DOTENV: &str = ".env";

/// The settings of one call of the tool.
#[derive(Debug)]
pub(crate) struct Project {
    /// The settings: the file's, overridden by the environment's.
    pub(crate) config: Config,
    /// The file's text.
    text: Option<String>,
}

impl Project {
    /// Reads the working folder's file and the environment.
    pub(crate) fn read(env: &dyn Env) -> Result<Project> {
        let path = Path::new(FILE);
        let text =
            match input::read(path, input::SETTINGS).and_then(|bytes| without_mark(bytes).map_err(io::Error::other)) {
                Ok(bytes) => {
                    Some(String::from_utf8(bytes).with_context(|| format!("cannot read {FILE}: it is not UTF-8"))?)
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error).with_context(|| format!("cannot read {FILE}")),
            };
        let config = Config::read(text.as_deref().map(|text| (path, text)), env)?;
        if config.component.app.is_some() && config.component.build.is_some() {
            bail!(
                "component.app and component.build are both set, and each makes the component; keep component.app if \
                 {FILE} names your app, or component.build if your own command writes the component"
            );
        }
        Ok(Project { config, text })
    }

    /// The component's file, if the settings name one, or an app to make it of.
    pub(crate) fn component(&self) -> Option<Cow<'_, Path>> {
        let component = &self.config.component;
        match (&component.path, &component.app) {
            (Some(path), _) => Some(path.into()),
            (None, Some(_)) => Some(Path::new(BUILT_APP).into()),
            (None, None) => None,
        }
    }

    /// The folder of the component's assets, with all links resolved, if there is one. The project's root certificates are
    /// checked too.
    ///
    /// # Errors
    /// The folder, a link in it, or the file of the certificates leads out of the project's folder; or that file has no
    /// certificate.
    pub(crate) fn assets(&self) -> Result<Option<PathBuf>> {
        self.config.network.ca.as_deref().map_or(Ok(()), root_certificates::check)?;
        self.config.guest.assets.as_deref().map_or(Ok(None), assets::folder)
    }

    /// Checks that the variables are there that the component inherits, and the values of its secrets. Loading checks it
    /// too, but after a build that takes half a minute.
    ///
    /// # Errors
    /// All variables that are missing, or else all secrets.
    pub(crate) fn check_variables(&self, env: &dyn Env) -> Result<()> {
        let Err(missing) = self.config.guest.variables(env) else { return self.secrets(env).map(drop) };
        if Path::new(DOTENV).exists() {
            bail!(
                "{missing}; {DOTENV} is read only for guest.secrets: to set what it names, run: set -a; . ./{DOTENV}; \
                 set +a"
            );
        }
        Err(missing.into())
    }

    /// The values of the component's secrets on this machine.
    ///
    /// # Errors
    /// See [`local_secrets::values`].
    pub(crate) fn secrets(&self, env: &dyn Env) -> Result<Vec<(String, String)>> {
        let secrets = &self.config.guest.secrets;
        if secrets.is_empty() { Ok(Vec::new()) } else { local_secrets::values(secrets, env) }
    }

    /// The file for the zip: the settings that the host reads, if there are any.
    pub(crate) fn carried(&self) -> Result<Option<String>> {
        let carried = self.text.as_deref().map(|text| carried(Path::new(FILE), text)).transpose()?;
        Ok(carried.filter(|text| !text.is_empty()))
    }
}
