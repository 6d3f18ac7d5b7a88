//! The tool's own folder in a project.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context as _, Result};

/// The folder, which git ignores.
pub(crate) const OUTPUT: &str = "build-output";

/// Creates the folder.
pub(crate) fn make_output_folder() -> Result<()> {
    let made = fs::create_dir_all(OUTPUT).and_then(|()| {
        let ignore = Path::new(OUTPUT).join(".gitignore");
        if ignore.exists() { Ok(()) } else { fs::write(ignore, "*\n") }
    });
    made.with_context(|| format!("cannot write to {OUTPUT}/"))
}

/// Opens a file in the folder, which is created, and waits until no other tool has it.
pub(crate) fn lock_in_output_folder(name: &str) -> Result<File> {
    make_output_folder()?;
    let path = Path::new(OUTPUT).join(name);
    let file = File::options().create(true).read(true).write(true).truncate(false).open(&path);
    let file = file.with_context(|| format!("cannot write {}", path.display()))?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}
