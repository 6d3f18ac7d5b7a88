//! A copy of an app's files, as one reload found them. Instances are made at any time, and must not see half of an edit, or
//! one that cannot be imported.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail};
use ignore::{DirEntry, WalkBuilder};
use tempfile::TempDir;

use crate::size::Size;
use crate::sources::is_environment;

/// Folders that no component contains; the builder leaves out the same.
const LEFT_OUT: [&str; 4] = ["node_modules", "__pycache__", "build-output", "dist"];

/// The ends of names of files that no component contains.
const LEFT_OUT_FILES: [&str; 4] = [".wasm", ".cwasm", ".zip", ".pyc"];

/// The most that is copied, as much as the builder takes.
const MOST: Size = Size(100_000_000);

/// A copy of the files.
pub(super) struct SourceCopy {
    /// Removed with the last function that uses it.
    pub(super) folder: Arc<TempDir>,
    /// What the files were like when they were copied.
    files: BTreeMap<PathBuf, State>,
}

/// A file that is rewritten has another one of these.
type State = (SystemTime, u64);

impl SourceCopy {
    /// Copies the files in `from`. Those that have not changed since `before` are shared with it.
    ///
    /// # Errors
    /// They are too many, or those of the system.
    pub(super) fn of(from: &Path, before: Option<&SourceCopy>) -> Result<SourceCopy> {
        let folder = TempDir::with_prefix("funcserver-").context("cannot make a temporary folder")?;
        let mut copy = SourceCopy { folder: Arc::new(folder), files: BTreeMap::new() };
        let mut walk = WalkBuilder::new(from);
        walk.standard_filters(false).hidden(true).filter_entry(|entry| !is_left_out(entry));
        let top = from.canonicalize().context("cannot read the project's folder")?;
        let mut left = MOST.0;
        for entry in walk.build().flatten() {
            // A file may be gone again, or a link lead nowhere.
            let (Ok(name), Ok(metadata)) = (entry.path().strip_prefix(from), fs::metadata(entry.path())) else {
                continue;
            };
            if !metadata.is_file() || (entry.path_is_symlink() && !leads_into(entry.path(), &top)) {
                continue;
            }
            let Some(rest) = left.checked_sub(metadata.len()) else {
                bail!(
                    "the files in this folder are more than {}; move what the app does not need out of it, or into a \
                     folder whose name begins with a dot",
                    MOST.mebibytes()
                );
            };
            left = rest;
            let state = (metadata.modified().context("cannot tell when files were changed")?, metadata.len());
            copy.add(entry.path(), name, state, before)
                .with_context(|| format!("cannot copy {} to a temporary folder", name.display()))?;
        }
        Ok(copy)
    }

    fn add(&mut self, from: &Path, name: &Path, state: State, before: Option<&SourceCopy>) -> io::Result<()> {
        let to = self.folder.path().join(name);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        let same = before.filter(|before| before.files.get(name) == Some(&state));
        if let Some(before) = same {
            fs::hard_link(before.folder.path().join(name), &to)?;
        } else {
            match fs::copy(from, &to) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
            // Of which static files have their `last-modified`.
            let _ = File::open(&to).and_then(|file| file.set_modified(state.0));
        }
        self.files.insert(name.to_owned(), state);
        Ok(())
    }
}

/// Whether a link leads to something in the folder. A component gets nothing from outside its project.
fn leads_into(link: &Path, top: &Path) -> bool {
    link.canonicalize().is_ok_and(|target| target.starts_with(top))
}

fn is_left_out(entry: &DirEntry) -> bool {
    let Some(name) = entry.file_name().to_str() else { return true };
    match entry.file_type() {
        Some(kind) if kind.is_dir() => entry.depth() > 0 && (LEFT_OUT.contains(&name) || is_environment(entry.path())),
        _ => LEFT_OUT_FILES.iter().any(|end| name.ends_with(end)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, symlink};

    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn it_has_what_a_component_would_contain() {
        let project = tempfile::tempdir().unwrap();
        for name in [
            "shop/wsgi.py",
            "shop/templates/a.html",
            "ignored.txt",
            ".env",
            ".git/HEAD",
            "venv/pyvenv.cfg",
            "venv/lib/a.py",
            "node_modules/a.js",
            "shop/__pycache__/wsgi.pyc",
            "build-output/handler.wasm",
            "a.zip",
        ] {
            write(project.path(), name, name);
        }
        write(project.path(), ".gitignore", "ignored.txt\n");
        symlink("shop/wsgi.py", project.path().join("link.py")).unwrap();
        symlink("nowhere", project.path().join("lost.py")).unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        write(elsewhere.path(), "secret", "");
        symlink(elsewhere.path().join("secret"), project.path().join("secret")).unwrap();
        symlink(elsewhere.path(), project.path().join("folder")).unwrap();
        let copy = SourceCopy::of(project.path(), None).unwrap();
        let names: Vec<_> = copy.files.keys().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(names, ["ignored.txt", "link.py", "shop/templates/a.html", "shop/wsgi.py"]);
        assert_eq!(fs::read(copy.folder.path().join("link.py")).unwrap(), b"shop/wsgi.py");
        let modified = |folder: &Path| fs::metadata(folder.join("shop/wsgi.py")).unwrap().modified().unwrap();
        assert_eq!(modified(copy.folder.path()), modified(project.path()));
    }

    #[test]
    fn an_edit_changes_no_earlier_copy_and_the_rest_is_shared() {
        let project = tempfile::tempdir().unwrap();
        write(project.path(), "a.py", "one");
        write(project.path(), "b.py", "same");
        let first = SourceCopy::of(project.path(), None).unwrap();
        write(project.path(), "a.py", "other");
        let second = SourceCopy::of(project.path(), Some(&first)).unwrap();
        let text = |copy: &SourceCopy| fs::read_to_string(copy.folder.path().join("a.py")).unwrap();
        assert_eq!((text(&first).as_str(), text(&second).as_str()), ("one", "other"));
        let number = |copy: &SourceCopy| fs::metadata(copy.folder.path().join("b.py")).unwrap().ino();
        assert_eq!(number(&first), number(&second));
        drop(first);
        assert_eq!(fs::read(second.folder.path().join("b.py")).unwrap(), b"same");
    }
}
