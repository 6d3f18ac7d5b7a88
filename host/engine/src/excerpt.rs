//! Truncates texts of a guest as they are formatted: a guest can create a text of many megabytes, which would go into
//! errors and logs.

use std::fmt::{self, Write};

/// The most bytes of a text that are kept.
pub(crate) const MAX_LEN: usize = 300;
const CUT: &str = "…";

/// Formats a text for an error or a log line, truncated to the limit. Formatting stops there.
pub(crate) fn text(text: fmt::Arguments<'_>) -> String {
    let mut excerpt = Excerpt(String::new());
    if excerpt.write_fmt(text).is_err() {
        excerpt.0.push_str(CUT);
    }
    excerpt.0
}

/// Rejects text beyond its limit, which ends the formatting.
struct Excerpt(String);

impl Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = MAX_LEN - self.0.len();
        let end = text.floor_char_boundary(left);
        self.0.push_str(&text[..end]);
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_unchanged() {
        assert_eq!(text(format_args!("{:?}", Some("a\nb"))), "Some(\"a\\nb\")");
        let whole = "x".repeat(MAX_LEN);
        assert_eq!(text(format_args!("{whole}")), whole);
    }

    #[test]
    fn a_long_text_is_truncated_between_characters() {
        let long = "ü".repeat(1 << 20);
        for text in [text(format_args!("{long}")), text(format_args!("{long:?}")), text(format_args!("x{long}"))] {
            assert!(text.len() <= MAX_LEN + CUT.len(), "{}", text.len());
            assert!(text.ends_with("ü…"), "{text}");
        }
    }

    #[test]
    fn pieces_that_cross_the_limit_are_truncated() {
        let text = text(format_args!("{}{}{}", "x".repeat(MAX_LEN - 1), "ü", "more"));
        assert_eq!(text, format!("{}…", "x".repeat(MAX_LEN - 1)));
    }
}
