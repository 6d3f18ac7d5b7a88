//! Part of the build script: embeds the bootstraps that a release carries.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// The variable that names the folder with `bootstrap-ARCH.gz`. Without it, as in a plain `cargo build`, the tool
/// carries none.
pub(crate) const FOLDER: &str = "FUNCSERVER_BOOTSTRAPS";

/// Lambda's names for its architectures.
const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

/// Writes a Rust expression to the file `to`: a slice of the architecture and compressed content of each bootstrap in
/// `folder`, the value of the variable. Tells cargo when to run the build script again.
///
/// # Errors
/// Those of the system, and a folder without any bootstrap.
pub(crate) fn embed(folder: Option<OsString>, to: &Path) -> io::Result<()> {
    println!("cargo::rerun-if-env-changed={FOLDER}");
    let mut code = "&[".to_owned();
    if let Some(folder) = folder.filter(|folder| !folder.is_empty()) {
        let folder = fs::canonicalize(&folder).map_err(|error| {
            io::Error::new(error.kind(), format!("{FOLDER} is {}: {error}", Path::new(&folder).display()))
        })?;
        let before = code.len();
        for arch in ARCHITECTURES {
            let file = folder.join(format!("bootstrap-{arch}.gz"));
            println!("cargo::rerun-if-changed={}", file.display());
            if file.is_file() {
                let _ = write!(code, "({arch:?}, include_bytes!({file:?}).as_slice()),");
            }
        }
        if code.len() == before {
            return Err(io::Error::other(format!(
                "{FOLDER} is {}, which has no bootstrap-x86_64.gz and no bootstrap-arm64.gz",
                folder.display()
            )));
        }
    }
    code += "]\n";
    fs::write(to, code)
}
