//! Part of the build script: embeds the packages that make components of apps.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use ignore::WalkBuilder;

/// Writes a Rust expression to the file `to`: a slice of the path and content of each file below `package` that git does
/// not ignore, by path, without the entries `left_out`. Tells cargo which files to watch for changes.
pub(crate) fn embed(package: &Path, left_out: &'static [&'static str], to: &Path) -> io::Result<()> {
    let mut walk = WalkBuilder::new(package);
    walk.require_git(false).git_global(false).git_exclude(false).sort_by_file_path(Ord::cmp);
    walk.filter_entry(move |entry| entry.depth() != 1 || !left_out.iter().any(|name| entry.file_name() == *name));
    let mut code = "&[\n".to_owned();
    for entry in walk.build() {
        let entry = entry.map_err(io::Error::other)?;
        let path = entry.path();
        // Cargo looks at all files of a folder. Only these must start a build, and no bytecode.
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        println!("cargo::rerun-if-changed={}", path.display());
        let name = path.strip_prefix(package).map_err(io::Error::other)?;
        // Relative to the repository, because several checkouts may share the build.
        let _ =
            writeln!(code, "    ({name:?}, include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/\", {path:?}))),");
    }
    code += "]\n";
    fs::write(to, code)
}
