//! Whether git would take a file of the working folder into a commit.

use std::fs;
use std::path::Path;

use ignore::WalkBuilder;

/// Whether the working folder is in a repository of git that does not ignore its file `name`.
pub(crate) fn would_be_committed(folder: &Path, name: &str) -> bool {
    is_in_repository(folder) && !is_ignored(folder, name)
}

fn is_in_repository(folder: &Path) -> bool {
    fs::canonicalize(folder).is_ok_and(|folder| folder.ancestors().any(|folder| folder.join(".git").exists()))
}

/// Whether one of the files with git's rules excludes it: those of this folder and the ones above, of the repository,
/// and of the user. Files with the rules of other tools do not count.
fn is_ignored(folder: &Path, name: &str) -> bool {
    let named = name.to_owned();
    let found = WalkBuilder::new(folder)
        .max_depth(Some(1))
        .hidden(false)
        .ignore(false)
        .filter_entry(move |entry| entry.depth() == 0 || entry.file_name() == named.as_str())
        .build()
        .flatten()
        .any(|entry| entry.file_name() == name);
    !found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::tests::project;

    /// A name that the rules of whoever runs the tests do not have.
    const FILE: &str = "values.txt";

    #[test]
    fn the_rules_of_git_decide() {
        for (files, expected) in [
            (&[FILE][..], false),
            (&[FILE, ".git/HEAD"], true),
            (&[FILE, ".git/HEAD", ".ignore:values.txt"], true),
            (&[FILE, ".git/HEAD", ".gitignore:target\nvalues.*\n"], false),
            (&[FILE, ".git/HEAD", ".gitignore:values.*\n!values.txt\n"], true),
            (&[FILE, ".git/HEAD", ".git/info/exclude:values.txt"], false),
        ] {
            let folder = folder(files);
            assert_eq!(would_be_committed(folder.path(), FILE), expected, "{files:?}");
        }
    }

    #[test]
    fn a_project_may_be_a_folder_of_a_repository() {
        for (rules, expected) in [(FILE, false), ("/values.txt", true), ("shop/api/values.txt", false), ("*.log", true)]
        {
            let folder = folder(&["shop/api/values.txt", ".git/HEAD", &format!(".gitignore:{rules}")]);
            assert_eq!(would_be_committed(&folder.path().join("shop/api"), FILE), expected, "{rules}");
        }
    }

    /// A folder with these files, each with the text after its colon.
    fn folder(files: &[&str]) -> tempfile::TempDir {
        let texts: Vec<_> = files.iter().map(|file| file.split_once(':').unwrap_or((file, ""))).collect();
        let names: Vec<_> = texts.iter().map(|(name, _)| *name).collect();
        let folder = project(&names);
        for (name, text) in texts {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }
}
