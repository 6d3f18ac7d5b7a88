use std::{fs, io};

use serde_json::json;

use crate::answer::Answer;

/// The operation on a path.
#[derive(Clone, Copy)]
pub enum Act {
    Read,
    Write,
    List,
}

/// Answers with `{"text"}` of a file, `{"written"}`, the sorted `{"names"}` of a folder, or `{"error"}`.
pub fn answer(act: Act, path: &str) -> Answer {
    let done = match act {
        Act::Read => fs::read_to_string(path).map(|text| json!({ "text": text })),
        Act::Write => fs::write(path, "written by the guest").map(|()| json!({ "written": path })),
        Act::List => names(path).map(|names| json!({ "names": names })),
    };
    Answer::json(&done.unwrap_or_else(|error| json!({ "error": error.to_string() })))
}

fn names(path: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(path)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
