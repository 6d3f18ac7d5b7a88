//! A folder of recorded events and replies: `0001-GET-products.event.json` and, beside it, `0001-GET-products.reply.json`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use funcserver_events::{Event, FrontOptions, decode};

const EVENT: &str = ".event.json";
const REPLY: &str = ".reply.json";

/// The most characters that a name has of the method and of the path. The rest of the path is in the event.
const LONGEST_METHOD: usize = 16;
const LONGEST_PATH: usize = 60;

/// The two files of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) event: PathBuf,
    pub(crate) reply: PathBuf,
}

impl Pair {
    /// The files for an event that is recorded as this number. The query is not in their names: it may be secret.
    pub(crate) fn new(folder: &Path, number: u64, event: &[u8]) -> Pair {
        let stem = format!("{number:04}-{}", title(event));
        Pair { event: folder.join(format!("{stem}{EVENT}")), reply: folder.join(format!("{stem}{REPLY}")) }
    }

    /// The files of a recorded event.
    ///
    /// # Errors
    /// If its name is none that a recording has.
    pub(crate) fn of(event: &Path) -> Result<Pair> {
        let name = event.file_name().and_then(|name| name.to_str());
        let stem = name.and_then(|name| name.strip_suffix(EVENT)).ok_or_else(|| {
            anyhow!("{} has no recorded reply: the name of a recorded event ends in {EVENT}", event.display())
        })?;
        Ok(Pair { event: event.to_owned(), reply: event.with_file_name(format!("{stem}{REPLY}")) })
    }
}

/// The recorded events of a folder, in the order in which they came.
///
/// # Errors
/// If the folder cannot be read, or holds none.
pub(crate) fn events(folder: &Path) -> Result<Vec<PathBuf>> {
    let names = names(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut events: Vec<_> = names.into_iter().filter(|name| name.ends_with(EVENT)).collect();
    if events.is_empty() {
        bail!(
            "no recorded event in {0}, where files would end in {EVENT}; make some: funcserver serve --record {0}",
            folder.display()
        );
    }
    events.sort_by_cached_key(|name| (number(name), name.clone()));
    Ok(events.into_iter().map(|name| folder.join(name)).collect())
}

/// The number after the largest that a file of the folder has.
pub(crate) fn next_number(folder: &Path) -> io::Result<u64> {
    let largest = names(folder)?.iter().filter_map(|name| number(name)).max();
    Ok(largest.map_or(1, |largest| largest.saturating_add(1)))
}

/// The names of a folder's files. A name that is no UTF-8 is none of ours.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    entries.filter_map(io::Result::transpose).collect()
}

/// The number that a recorded file's name begins with.
fn number(name: &str) -> Option<u64> {
    name.split_once('-').and_then(|(number, _)| number.parse().ok())
}

/// Method and path, as far as a file name may have them.
fn title(event: &[u8]) -> String {
    let event = decode(&Bytes::copy_from_slice(event), &FrontOptions::default());
    let Ok(Event::Http(incoming)) = event else { return "event".into() };
    let method = incoming.request.method().as_str();
    [part(method, LONGEST_METHOD), part(incoming.request.uri().path(), LONGEST_PATH)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

/// Letters and digits, and one hyphen for whatever stands between them.
fn part(text: &str, longest: usize) -> String {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut part = words.collect::<Vec<_>>().join("-");
    part.truncate(longest);
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(method: &str, path: &str) -> Vec<u8> {
        serde_json::json!({ "httpMethod": method, "path": path, "headers": {} }).to_string().into_bytes()
    }

    fn name(event: &[u8]) -> String {
        let pair = Pair::new(Path::new("d"), 7, event);
        pair.event.strip_prefix("d").unwrap().to_str().unwrap().strip_suffix(EVENT).unwrap().to_owned()
    }

    #[test]
    fn names_tell_method_and_path_and_are_bounded() {
        for (method, path, expected) in [
            ("GET", "/", "0007-GET"),
            ("GET", "/products/42", "0007-GET-products-42"),
            ("POST", "/../../etc//passwd%00.sh", "0007-POST-etc-passwd-00-sh"),
            ("M-SEARCH", "/ä", "0007-M-SEARCH-C3-A4"),
        ] {
            assert_eq!(name(&event(method, path)), expected, "{path}");
        }
        let long = name(&event(&"M".repeat(500), &format!("/{}", "p".repeat(5000))));
        assert_eq!(long.len(), 4 + 1 + LONGEST_METHOD + 1 + LONGEST_PATH, "{long}");
        assert_eq!(name(b"{}"), "0007-event");
    }

    #[test]
    fn a_pair_belongs_together() {
        let pair = Pair::new(Path::new("d"), 1, &event("GET", "/a"));
        assert_eq!(pair, Pair::of(Path::new("d/0001-GET-a.event.json")).unwrap());
        assert_eq!(pair.reply, Path::new("d/0001-GET-a.reply.json"));
        for other in ["event.txt", "a.json", "", "..", "0001-GET-a.reply.json"] {
            assert!(Pair::of(Path::new(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn events_are_in_the_order_of_their_numbers_and_the_next_follows_the_largest() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(next_number(folder.path()).unwrap(), 1);
        assert!(events(folder.path()).unwrap_err().to_string().contains("serve --record"));
        for name in
            ["10000-GET.event.json", "0002-GET.event.json", "0002-GET.reply.json", "12000-GET.reply.json", "notes"]
        {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names = ["0002-GET.event.json", "10000-GET.event.json"].map(|name| folder.path().join(name));
        assert_eq!(events(folder.path()).unwrap(), names);
        assert_eq!(next_number(folder.path()).unwrap(), 12001);
    }
}
