//! The apps that `apps.txt` lists.

use std::collections::BTreeSet;
use std::fs;

const TABLE: &str = include_str!("../apps.txt");

/// A folder of `tests/apps/`.
#[derive(Clone, Copy)]
pub(crate) struct Framework {
    /// The folder's name.
    pub(crate) name: &'static str,
}

impl Framework {
    fn all() -> impl Iterator<Item = Framework> {
        TABLE.lines().filter(|line| !line.starts_with('#')).map(|line| {
            let name = line.split_whitespace().next().unwrap_or_else(|| panic!("apps.txt has an empty line"));
            Framework { name }
        })
    }

    pub(crate) fn named(name: &str) -> Framework {
        Framework::all().find(|framework| framework.name == name).unwrap_or_else(|| panic!("apps.txt has no {name}"))
    }

    /// It answers 422 where the others answer 400 or 404.
    pub(crate) fn is_fastapi(self) -> bool {
        self.name == "fastapi"
    }

    /// A form needs its token against forged requests.
    pub(crate) fn is_django(self) -> bool {
        self.name == "django"
    }

    /// It has tokens, and events that the server sends. It answers 404 to a method that a path does not have.
    pub(crate) fn is_hono(self) -> bool {
        self.name == "hono"
    }

    /// How its log shows that a handler failed with the message `boom`: the message, and a part of the stack.
    pub(crate) fn failure(self) -> (&'static str, &'static str) {
        match self.name {
            "chi" | "gin" | "echo" => ("panic: boom", "goroutine "),
            // An error with its causes.
            "axum" => ("the order was not taken", "Caused by:"),
            "hono" => ("Error: boom", "src/diagnostics.ts:20:"),
            "express" => ("Error: boom", "src/diagnostics.js:21:"),
            "fetch" => ("Error: boom", "src/diagnostics.js:22:"),
            _ => ("RuntimeError: boom", "Traceback"),
        }
    }

    /// It has messages that the next page shows.
    pub(crate) fn has_messages(self) -> bool {
        matches!(self.name, "flask" | "django" | "express")
    }
}

/// Checks that the table lists exactly the folders that exist.
pub(crate) fn check_folders() -> Result<(), String> {
    let mut folders = BTreeSet::new();
    for entry in fs::read_dir("tests/apps").map_err(|error| format!("tests/apps: {error}"))? {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            folders.insert(entry.file_name().into_string().unwrap());
        }
    }
    let listed: BTreeSet<_> = Framework::all().map(|framework| framework.name.to_owned()).collect();
    if folders == listed {
        return Ok(());
    }
    Err(format!("the folders of tests/apps/ are {folders:?}, and tests/languages/apps.txt lists {listed:?}"))
}
