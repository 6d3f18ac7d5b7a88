//! The resources of the host that a guest gets. The default grants none.

use std::io;
use std::path::{Path, PathBuf};

use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::scratch::{Folder, Scratch};

/// The path of the assets in the guest.
const ASSETS: &str = "/";
/// The path of the sources in the guest.
const SOURCES: &str = "/app";
/// The path of the temporary folder in the guest.
const SCRATCH: &str = "/tmp";

/// The environment variables and files of a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Environment variables. The same values are in `wasi:config/store`.
    pub env: Vec<(String, String)>,
    /// A folder that the guest sees as `/`, read-only.
    pub assets: Option<PathBuf>,
    /// A folder that the guest sees as `/app`, read-only: the sources of an app that reads them when it starts. No setting
    /// of a function grants it; the tool does while an app is developed.
    pub sources: Option<PathBuf>,
    /// A folder in which each instance gets its own folder, `/tmp` in the guest. It is empty for every request, and
    /// removed after the instance. Other contents that belong to no live process are removed too.
    pub scratch: Option<PathBuf>,
}

impl Grants {
    /// Grants the folders to one instance. The caller must keep the returned folder as long as the instance.
    ///
    /// # Errors
    /// A folder is missing, or cannot be created.
    pub(crate) fn give(&self, wasi: &mut WasiCtxBuilder, scratch: Option<&Scratch>) -> io::Result<Option<Folder>> {
        if let Some(assets) = &self.assets {
            mount(wasi, assets, ASSETS, FsPerms::ReadOnly)?;
        }
        if let Some(sources) = &self.sources {
            mount(wasi, sources, SOURCES, FsPerms::ReadOnly)?;
        }
        let Some(scratch) = scratch else { return Ok(None) };
        let folder = scratch.folder()?;
        mount(wasi, folder.path(), SCRATCH, FsPerms::ReadWrite)?;
        Ok(Some(folder))
    }
}

fn mount(wasi: &mut WasiCtxBuilder, host: &Path, guest: &str, perms: FsPerms) -> io::Result<()> {
    let named = |error: wasmtime::Error| io::Error::other(format!("{}: {error:#}", host.display()));
    wasi.preopened_dir(host, guest, perms).map_err(named)?;
    Ok(())
}
