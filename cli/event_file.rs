//! Reads events and recorded replies from files or stdin.

use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};

use crate::encoding::without_mark;
use crate::input;
use crate::recording::Pair;

/// Reads an event, from stdin if the path is `-`.
///
/// # Errors
/// It cannot be read, is larger than Lambda's largest event, or is not UTF-8.
pub(crate) fn event(path: &Path) -> Result<Vec<u8>> {
    if path == Path::new("-") {
        let event = input::bounded(io::stdin().lock(), input::EVENT).context("cannot read the event from stdin")?;
        return without_mark(event).context("cannot read the event from stdin");
    }
    let read = || without_mark(input::read(path, input::EVENT)?).map_err(io::Error::other);
    read().map_err(|error| {
        anyhow!("cannot read the event {}: {error}; name an event file, or - for stdin", path.display())
    })
}

/// Reads the recorded reply to an event.
///
/// # Errors
/// As those of [`event`].
pub(crate) fn recorded_reply(event: &Path) -> Result<Vec<u8>> {
    let reply = Pair::of(event)?.reply;
    let read = || without_mark(input::read(&reply, input::EVENT)?).map_err(io::Error::other);
    read().map_err(|error| {
        anyhow!(
            "cannot read {}, the recorded reply to {}: {error}; omit --diff to print only the reply",
            reply.display(),
            event.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_part_of_an_event() {
        let folder = tempfile::tempdir().unwrap();
        let (path, reply) = (folder.path().join("1-GET.event.json"), folder.path().join("1-GET.reply.json"));
        for path in [&path, &reply] {
            fs::write(path, "\u{feff}{}").unwrap();
        }
        assert_eq!(event(&path).unwrap(), b"{}");
        assert_eq!(recorded_reply(&path).unwrap(), b"{}");
    }

    #[test]
    fn another_encoding_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs::write(&path, b"\xff\xfe{\0}\0").unwrap();
        let error = event(&path).unwrap_err().to_string();
        assert!(error.contains("a.json") && error.contains("UTF-16"), "{error}");
    }

    #[test]
    fn a_link_to_a_device_without_an_end_is_no_event() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        symlink("/dev/zero", &path).unwrap();
        assert!(event(&path).unwrap_err().to_string().contains("more than 16.0 MiB"));
    }
}
