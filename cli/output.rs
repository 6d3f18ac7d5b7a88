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

/// Writes one line to stderr. Where nobody reads it nothing is lost that the exit code does not tell.
pub(crate) fn note(text: impl Display) {
    // One write for the line: requests at once must not mix theirs.
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes a warning to stderr.
pub(crate) fn warn(text: impl Display) {
    note(format_args!("warning: {text}"));
}
