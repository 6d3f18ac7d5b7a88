//! What a guest is given beyond computing: by default nothing.

use std::io;
use std::path::{Path, PathBuf};

use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wasmtime_wasi_config::WasiConfigVariables;

use crate::scratch::{Folder, Scratch};

/// Where the guest finds its assets.
const ASSETS: &str = "/";
/// Where the guest finds its temporary folder.
const SCRATCH: &str = "/tmp";

/// Environment variables and files of a guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Environment variables; the same values are in `wasi:config/store`.
    pub env: Vec<(String, String)>,
    /// A folder that the guest sees as `/`, and can only read.
    pub assets: Option<PathBuf>,
    /// A folder in which each instance gets one of its own, `/tmp` to the guest: empty for every request, and removed
    /// after the instance. What lies in it otherwise, and belongs to no process that lives, is removed too.
    pub scratch: Option<PathBuf>,
}

impl Grants {
    /// The variables as `wasi:config/store` has them.
    pub(crate) fn config(&self) -> WasiConfigVariables {
        self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Gives them to one instance. The folder that is returned lives as long as it.
    ///
    /// # Errors
    /// A folder is missing, or cannot be made.
    pub(crate) fn give(&self, wasi: &mut WasiCtxBuilder, scratch: Option<&Scratch>) -> io::Result<Option<Folder>> {
        wasi.envs(&self.env);
        if let Some(assets) = &self.assets {
            mount(wasi, assets, ASSETS, FsPerms::ReadOnly)?;
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
