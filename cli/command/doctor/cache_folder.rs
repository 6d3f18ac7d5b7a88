//! The user's cache.

use std::fs;
use std::path::Path;

use funcserver_function::config::Env;

use super::Finding;
use crate::size::Size;
use crate::user_cache;

/// More files are not counted.
const MOST: usize = 100_000;

pub(super) fn finding(env: &dyn Env) -> Finding {
    let name = "cache";
    match user_cache::folder(env) {
        Ok(folder) => Finding {
            place: Some(folder.display().to_string()),
            note: Some(format!("{}, writable", Size(size(&folder, &mut 0)))),
            ..Finding::ok(name)
        },
        Err(reason) => Finding::problem(name, format!("{reason}; without it every command compiles again")),
    }
}

/// The size of all files below a folder. Links are not followed.
fn size(folder: &Path, count: &mut usize) -> u64 {
    let mut sum = 0;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        *count += 1;
        if *count > MOST {
            break;
        }
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            sum += size(&entry.path(), count);
        } else {
            sum += entry.metadata().map_or(0, |metadata| metadata.len());
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_count_and_links_do_not_lead_on() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/one"), "12345").unwrap();
        fs::write(folder.path().join("two"), "123").unwrap();
        std::os::unix::fs::symlink("..", folder.path().join("a/up")).unwrap();
        assert_eq!(size(folder.path(), &mut 0), 8 + 2);
        assert_eq!(size(&folder.path().join("missing"), &mut 0), 0);
    }
}
