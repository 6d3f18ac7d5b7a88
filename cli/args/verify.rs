//! The arguments of `funcserver verify`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The zip that bundle wrote
    #[arg(value_name = "FILE", default_value = "function.zip")]
    pub(crate) file: PathBuf,
    /// Compile this component again, with the settings of this folder, and compare
    #[arg(long, value_name = "COMPONENT")]
    pub(crate) rebuild: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) const HELP: &str = "\
It finds damage, and parts that do not fit together: each file is read, its hashes and versions are compared, and all are \
packed again to compare every byte of the zip. It is no protection against malice: who can write the zip can write its hashes \
too; for that, compare the SHA-256 of the zip with one that you have from elsewhere. The exit code is 1 if anything is wrong.

Examples:
  funcserver verify
  funcserver verify release.zip --json
  funcserver verify release.zip --rebuild router.wasm";
