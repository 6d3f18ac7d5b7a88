//! The examples that `table.txt` lists.

use std::collections::BTreeSet;
use std::fs;

use funcserver_engine::HandlerVersion;

const TABLE: &str = include_str!("table.txt");

/// A folder of `guest-example/`.
#[derive(Clone, Copy)]
pub(crate) struct Language {
    /// The folder's name.
    pub(crate) name: &'static str,
    /// The version of `wasi:http` that its component uses.
    pub(crate) version: HandlerVersion,
}

impl Language {
    fn all() -> impl Iterator<Item = Language> {
        TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let mut words = line.split_whitespace();
            let (Some(name), Some(version)) = (words.next(), words.next()) else {
                panic!("table.txt: no folder and version in {line:?}")
            };
            let version = match version {
                "0.2" => HandlerVersion::P2,
                "0.3" => HandlerVersion::P3,
                other => panic!("table.txt: {other} is not a version of wasi:http"),
            };
            Language { name, version }
        })
    }

    /// The entry of a folder.
    pub(crate) fn named(name: &str) -> Language {
        Language::all().find(|language| language.name == name).unwrap_or_else(|| panic!("table.txt has no {name}"))
    }
}

/// Checks that the table lists exactly the folders with a router, which have a script `build`.
pub(crate) fn check_folders() -> Result<(), String> {
    let examples = std::path::absolute("guest-example").unwrap();
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir(examples).unwrap() {
        let entry = entry.unwrap();
        if entry.path().join("build").is_file() {
            folders.insert(entry.file_name().into_string().unwrap());
        }
    }
    let listed: BTreeSet<_> = Language::all().map(|language| language.name.to_owned()).collect();
    if folders == listed {
        return Ok(());
    }
    Err(format!(
        "the folders of guest-example/ are not those of tests/languages/table.txt: without an entry {:?}, without a folder {:?}",
        folders.difference(&listed).collect::<Vec<_>>(),
        listed.difference(&folders).collect::<Vec<_>>()
    ))
}
