//! The user's project: the `funcserver.toml` of the working folder, if there is one, and the effective settings.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use funcserver_function::config::{Config, Env, carried};

use crate::assets;
use crate::encoding::without_mark;
use crate::input;

/// The file with the settings.
pub(crate) const FILE: &str = "funcserver.toml";

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
        Ok(Project { config, text })
    }

    /// The folder of the component's assets, with all links resolved, if there is one.
    ///
    /// # Errors
    /// The folder, or a link in it, leads out of the project's folder.
    pub(crate) fn assets(&self) -> Result<Option<PathBuf>> {
        self.config.guest.assets.as_deref().map_or(Ok(None), assets::folder)
    }

    /// The file for the zip: the settings that the host reads, if there are any.
    pub(crate) fn carried(&self) -> Result<Option<String>> {
        let carried = self.text.as_deref().map(|text| carried(Path::new(FILE), text)).transpose()?;
        Ok(carried.filter(|text| !text.is_empty()))
    }
}
