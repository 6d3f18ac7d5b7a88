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
    /// Whether its app sees the values of a repeated header as one text, as WSGI and `Headers` of fetch have it.
    pub(crate) joins_headers: bool,
}

impl Language {
    fn all() -> impl Iterator<Item = Language> {
        TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let mut words = line.split_whitespace();
            let (Some(name), Some(version), Some(headers)) = (words.next(), words.next(), words.next()) else {
                panic!("table.txt: no folder, version and way of headers in {line:?}")
            };
            let version = match version {
                "0.2" => HandlerVersion::P2,
                "0.3" => HandlerVersion::P3,
                other => panic!("table.txt: {other} is not a version of wasi:http"),
            };
            let joins_headers = match headers {
                "each" => false,
                "joined" => true,
                other => panic!("table.txt: {other} is neither each nor joined"),
            };
            Language { name, version, joins_headers }
        })
    }

    /// The entry of a folder.
    pub(crate) fn named(name: &str) -> Language {
        Language::all().find(|language| language.name == name).unwrap_or_else(|| panic!("table.txt has no {name}"))
    }
}

/// Checks that the table lists exactly the folders with a router: those with a script `build`, and the apps that the
/// table names.
pub(crate) fn check_folders() -> Result<(), String> {
    let examples = std::path::absolute("guest-example").unwrap();
    let listed: BTreeSet<_> = Language::all().map(|language| language.name.to_owned()).collect();
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir(examples).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let is_app = fs::read_to_string(entry.path().join("funcserver.toml")).is_ok_and(|text| names_app(&text));
        if entry.path().join("build").is_file() || (is_app && listed.contains(&name)) {
            folders.insert(name);
        }
    }
    if folders == listed {
        return Ok(());
    }
    Err(format!(
        "the folders of guest-example/ are not those of tests/languages/table.txt: without an entry {:?}, without a folder {:?}",
        folders.difference(&listed).collect::<Vec<_>>(),
        listed.difference(&folders).collect::<Vec<_>>()
    ))
}

/// Whether the tool makes the component, because its funcserver.toml has `component.app`.
fn names_app(settings: &str) -> bool {
    settings.lines().any(|line| line.split_once('=').is_some_and(|(name, _)| name.trim() == "app"))
}
