//! Writes to stdout and stderr. `println!` is not used, because it panics if the reader is gone, as in
//! `funcserver … | head -1`.
//!
//! Text for people is cleaned here, like the log. In JSON the same characters are escaped, so that its values stay the
//! same.

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

/// Writes a line of JSON to stdout. Characters that a terminal would act on are escaped; the JSON value stays the same.
pub(crate) fn json_line(json: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", escaped(json))?;
    stdout.flush()
}

/// A text with escapes such as `\u001b` for characters that a terminal would act on. For JSON the value stays the same,
/// because only strings can contain such characters. In a comparison the escapes are visible.
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

/// Writes indented JSON to stdout. Its keys keep their order.
pub(crate) fn pretty(json: &[u8]) -> anyhow::Result<()> {
    Ok(json_line(&pretty_text(json)?)?)
}

/// Indented JSON. Its keys keep their order.
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

/// Text for people. Only a line feed ends a line; any other line break becomes a space, because it could start a forged
/// line.
fn shown(text: &str) -> String {
    without_controls(&text.replace(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'], " ")).into_owned()
}

/// Untrusted text on one line, without characters that move a terminal's cursor.
pub(crate) fn printable(text: &str) -> String {
    clean(text).replace('\n', "\\n").replace('\t', " ")
}

/// Writes one line to stderr. A failure is ignored, because the exit code reports the result.
pub(crate) fn note(text: impl Display) {
    // One write for the line, so that lines of concurrent requests do not mix.
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
