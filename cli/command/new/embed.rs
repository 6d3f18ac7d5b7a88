//! Part of the build script: embeds the examples for `funcserver new`, so that the projects that it writes are always
//! current.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// Files that a project does not need: the interfaces of `wasi:http` 0.3 beside those of 0.2, the tests of the Go SDK in
/// the engine, and the lock file of the Rust SDK, for which the project's own one counts.
const LEFT_OUT: [&str; 4] = ["wit/p3", "sdk/test", "sdk/tests", "sdk/Cargo.lock"];

/// Writes a Rust expression to the file `to`: a slice of `Template`, one for each folder in `examples`. Tells cargo
/// which files to watch for changes.
pub(crate) fn embed(examples: &Path, to: &Path) -> io::Result<()> {
    let mut folders = children(examples)?;
    folders.retain(|path| path.is_dir());
    let mut code = "&[\n".to_owned();
    for folder in folders {
        // Not the folder itself, because cargo would also watch the output of a build by hand.
        for child in children(&folder)?.iter().filter(|path| !path.ends_with("build-output")) {
            println!("cargo::rerun-if-changed={}", child.display());
        }
        code += &template(&folder)?;
    }
    code += "]\n";
    fs::write(to, code)
}

fn template(folder: &Path) -> io::Result<String> {
    let name = folder.file_name().unwrap_or_default();
    let mut code = format!("Template {{ name: {name:?}, files: &[\n");
    for path in files(folder)? {
        let path_in_folder = path.strip_prefix(folder).map_err(io::Error::other)?;
        let executable = fs::metadata(&path)?.permissions().mode() & 0o111 != 0;
        // Relative to the package, because several checkouts may share the build.
        let _ = writeln!(
            code,
            "    Embedded {{ path: {path_in_folder:?}, executable: {executable}, \
             bytes: include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/\", {path:?})) }},"
        );
    }
    code += "] },\n";
    Ok(code)
}

/// The files below `folder` that git does not ignore, as if there were no links.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut walk = WalkBuilder::new(folder);
    walk.follow_links(true).hidden(false).require_git(false).git_global(false).git_exclude(false);
    let below = folder.to_owned();
    walk.filter_entry(move |entry| !is_left_out(&below, entry.path()));
    let mut files = Vec::new();
    for entry in walk.build() {
        let entry = entry.map_err(io::Error::other)?;
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            files.push(entry.into_path());
        }
    }
    files.sort();
    Ok(files)
}

fn is_left_out(folder: &Path, path: &Path) -> bool {
    path.strip_prefix(folder).is_ok_and(|name| LEFT_OUT.iter().any(|left_out| name == Path::new(left_out)))
}

fn children(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut children = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    children.sort();
    Ok(children)
}
