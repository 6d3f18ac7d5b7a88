//! Reads of the environment in sources that are not parsed.

use std::path::{Path, PathBuf};

use crate::sources;

/// A source file.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

/// A call with a name between quotes as its only argument.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NamedCall<'a> {
    pub(super) call: &'a str,
    pub(super) name: &'a str,
    /// The text behind it on its line.
    pub(super) rest: &'a str,
}

/// The sources in `folder` with that extension that git does not ignore.
pub(super) fn files(folder: &Path, extension: &str) -> Vec<SourceFile> {
    let mut paths = sources::of(folder);
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).ok()?;
        Some(SourceFile { path: path.strip_prefix(folder).map_or(path.clone(), Path::to_owned), text })
    };
    paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == extension)).filter_map(read).collect()
}

/// The first of these calls on a line that is no comment.
pub(super) fn named_call<'a>(line: &'a str, calls: &[&'a str]) -> Option<NamedCall<'a>> {
    let code = line.trim_start();
    if code.starts_with("//") {
        return None;
    }
    calls.iter().find_map(|call| {
        let (_, after) = code.split_once(&format!("{call}(\""))?;
        let (name, rest) = after.split_once("\")")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        (!name.is_empty() && name.chars().all(is_name)).then_some(NamedCall { call, name, rest })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_a_name_between_quotes() {
        let found =
            |line| named_call(line, &["os.LookupEnv", "os.Getenv"]).map(|call| (call.call, call.name, call.rest));
        assert_eq!(found("\tkey := os.Getenv(\"KEY\") // why"), Some(("os.Getenv", "KEY", " // why")));
        assert_eq!(found("if _, ok := os.LookupEnv(\"A_1\"); ok {"), Some(("os.LookupEnv", "A_1", "; ok {")));
        for line in ["// os.Getenv(\"KEY\")", "os.Getenv(name)", "os.Getenv(\"\")", "os.Getenv(\"a\" + b)", ""] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
