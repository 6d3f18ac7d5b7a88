//! What a guest is given beyond computing: by default nothing.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};
use wasmtime_wasi_config::WasiConfigVariables;

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
    /// with the instance.
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
    pub(crate) fn give(&self, wasi: &mut WasiCtxBuilder) -> io::Result<Option<TempDir>> {
        wasi.envs(&self.env);
        if let Some(assets) = &self.assets {
            mount(wasi, assets, ASSETS, FsPerms::ReadOnly)?;
        }
        let Some(scratch) = &self.scratch else { return Ok(None) };
        let folder = tempfile::Builder::new().prefix("instance-").tempdir_in(scratch)?;
        mount(wasi, folder.path(), SCRATCH, FsPerms::ReadWrite)?;
        Ok(Some(folder))
    }
}

/// Removes all that a request has left in its temporary folder.
///
/// # Errors
/// Something of it cannot be removed.
pub(crate) fn empty(scratch: &TempDir) -> io::Result<()> {
    for entry in std::fs::read_dir(scratch.path())? {
        let entry = entry?;
        // Links are not followed: theirs is no folder's type.
        match entry.file_type()?.is_dir() {
            true => std::fs::remove_dir_all(entry.path())?,
            false => std::fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}

fn mount(wasi: &mut WasiCtxBuilder, host: &Path, guest: &str, perms: FsPerms) -> io::Result<()> {
    let named = |error: wasmtime::Error| io::Error::other(format!("{}: {error:#}", host.display()));
    wasi.preopened_dir(host, guest, perms).map_err(named)?;
    Ok(())
}
