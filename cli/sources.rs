//! The source files of a project.

use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

/// Folders with build output, in any language. Folders that `.gitignore` names, and hidden ones, are excluded too.
const MADE: [&str; 5] = ["target", "node_modules", "dist", "build-output", "__pycache__"];

/// The ends of the names of build output. A log may be this program's own.
const MADE_FILES: [&str; 5] = [".wasm", ".cwasm", ".cwasm.json", ".zip", ".log"];

/// A folder with this file is a virtual environment of Python.
const ENVIRONMENT: &str = "pyvenv.cfg";

/// The source files in `folder`: all files that are not hidden, ignored, installed or build output.
pub(crate) fn of(folder: &Path) -> Vec<PathBuf> {
    let walk = WalkBuilder::new(folder).require_git(false).filter_entry(|entry| !is_made(entry)).build();
    let files =
        walk.flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink()));
    files.map(|entry| entry.path().strip_prefix(".").unwrap_or(entry.path()).to_owned()).collect()
}

fn is_made(entry: &DirEntry) -> bool {
    let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
    match is_folder {
        // The root folder may have any name.
        true => {
            let has_made_name = MADE.iter().any(|name| entry.file_name() == *name);
            entry.depth() > 0 && (has_made_name || is_environment(entry.path()))
        }
        false => entry.file_name().to_str().is_some_and(|name| MADE_FILES.iter().any(|made| name.ends_with(made))),
    }
}

/// Whether the folder is a virtual environment of Python.
pub(crate) fn is_environment(folder: &Path) -> bool {
    folder.join(ENVIRONMENT).exists()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    /// A folder with these files, each of which contains its own name.
    pub(crate) fn project(files: &[&str]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        folder
    }

    #[test]
    fn what_is_made_hidden_or_ignored_is_no_source() {
        let project = project(&[
            "src/lib.rs",
            "Cargo.toml",
            "targets.txt",
            "src/dist",
            "target/a.rs",
            "env/pyvenv.cfg",
            "env/lib/a.py",
            "build-output/venv.lock",
            "web/node_modules/a.js",
            "dist/a.js",
            ".git/HEAD",
            ".env",
            "out/a.wasm",
            "a.cwasm",
            "a.cwasm.json",
            "function.zip",
            "serve.log",
            "src/generated.rs",
        ]);
        fs::write(project.path().join(".gitignore"), "generated.rs\n").unwrap();
        let mut found = of(project.path());
        found.sort();
        let found: Vec<_> = found.iter().map(|path| path.strip_prefix(project.path()).unwrap()).collect();
        assert_eq!(found, ["Cargo.toml", "src/dist", "src/lib.rs", "targets.txt"].map(Path::new));
    }
}
