//! Writing to stdout and stderr. `println!` panics where the other end is gone, as in `funcserver … | head -1`.
//!
//! Whatever is written for people passes through the log's cleaning here; JSON keeps what it says, in escapes.

use std::fmt::Display;
use std::io::{self, Write as _};

use funcserver_function::log::{clean, without_controls};
use serde::Serialize;

/// Writes one line to stdout, at once.
pub(crate) fn line(text: impl Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", shown(&text.to_string()))?;
    stdout.flush()
}

/// Writes a line of JSON to stdout. What a terminal would act on is escaped: a reader of JSON finds the same text.
pub(crate) fn json_line(json: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", escaped(json))?;
    stdout.flush()
}

/// A text with `\u001b` and the like in place of what a terminal would act on. Of JSON it is the same value, as only its strings
/// can hold that; in a comparison it is seen.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut units = [0; 2];
    for char in text.chars() {
        let mut text = [0; 4];
        if matches!(char, ' '..='~') || without_controls(char.encode_utf8(&mut text)).starts_with(char) {
            escaped.push(char);
        } else {
            char.encode_utf16(&mut units).iter().for_each(|unit| escaped += &format!("\\u{unit:04x}"));
        }
    }
    escaped
}

/// Writes a value as pretty JSON to stdout.
pub(crate) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(json_line(&serde_json::to_string_pretty(value)?)?)
}

/// Writes JSON, made pretty, to stdout. Its keys keep their order.
pub(crate) fn pretty(json: &[u8]) -> anyhow::Result<()> {
    Ok(json_line(&pretty_text(json)?)?)
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

/// Text for people, whose lines are the ones that end in a line feed: another kind of line break is a space, as it would begin
/// a line that nobody here has written.
fn shown(text: &str) -> String {
    without_controls(&text.replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], " ")).into_owned()
}

/// Text of others, on one line and without what would move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    clean(text).replace('\n', "\\n").replace('\t', " ")
}

/// Writes one line to stderr. Where nobody reads it nothing is lost that the exit code does not tell.
pub(crate) fn note(text: impl Display) {
    // One write for the line: requests at once must not mix theirs.
    let _ = io::stderr().lock().write_all((shown(&text.to_string()) + "\n").as_bytes());
}

/// Writes a warning to stderr.
pub(crate) fn warn(text: impl Display) {
    note(format_args!("warning: {text}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_says_the_same_and_reaches_no_terminal() {
        let text = "a\u{9b}31mb\u{7f}\u{202e}\u{e0041}ü🦀\n\t\u{1b}";
        let json = escaped(&serde_json::to_string(text).unwrap());
        assert_eq!(json, r#""a\u009b31mb\u007f\u202e\udb40\udc41ü🦀\n\t\u001b""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }

    #[test]
    fn only_a_line_feed_begins_a_line() {
        assert_eq!(shown("a\rb\u{85}c\u{2028}d\u{1b}[31me\nf"), "a b c de\nf");
    }

    #[test]
    fn text_of_others_is_one_line() {
        assert_eq!(printable("a\nruns here: yes\r\u{1b}[31mb\tc"), "a\\nruns here: yes\\nb c");
    }
}
