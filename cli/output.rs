//! Writing to stdout and stderr. `println!` panics where the other end is gone, as in `funcserver … | head -1`.

use std::fmt::Display;
use std::io::{self, Write as _};

use serde::Serialize;

/// Writes one line to stdout, at once.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Writes a value as pretty JSON to stdout.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string_pretty(value)?)?)
}

/// Writes JSON, made pretty, to stdout. Its keys keep their order.
pub(crate) fn pretty(json: &[u8]) -> anyhow::Result<()> {
    Ok(line(pretty_text(json)?)?)
}

/// JSON made pretty. Its keys keep their order.
pub(crate) fn pretty_text(json: &[u8]) -> serde_json::Result<String> {
    let mut pretty = Vec::new();
    let mut from = serde_json::Deserializer::from_slice(json);
    serde_transcode::transcode(&mut from, &mut serde_json::Serializer::pretty(&mut pretty))?;
    from.end()?;
    Ok(String::from_utf8_lossy(&pretty).into_owned())
}

/// Writes bytes to stdout as they are.
pub(crate) fn bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}

/// Text of others, without what would move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// Writes one line to stderr. Where nobody reads it nothing is lost that the exit code does not tell.
pub(crate) fn note(text: impl Display) {
    // One write for the line: requests at once must not mix theirs.
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes a warning to stderr.
pub(crate) fn warn(text: impl Display) {
    note(format_args!("warning: {text}"));
}
