//! Texts of a guest's, cut where they are taken: a guest can make one of many megabytes, and it goes into errors and logs.

use std::fmt::{self, Write};

/// What is kept of a text, in bytes.
pub(crate) const MOST: usize = 300;
const CUT: &str = "…";

/// As much of a text as an error or a line of the log may hold. Nothing is formatted beyond that.
pub(crate) fn text(text: fmt::Arguments<'_>) -> String {
    let mut excerpt = Excerpt(String::new());
    if excerpt.write_fmt(text).is_err() {
        excerpt.0.push_str(CUT);
    }
    excerpt.0
}

/// Refuses what is beyond its limit, which ends the formatting.
struct Excerpt(String);

impl Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let left = MOST - self.0.len();
        let end = text.floor_char_boundary(left);
        self.0.push_str(&text[..end]);
        if end < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_stays_as_it_is() {
        assert_eq!(text(format_args!("{:?}", Some("a\nb"))), "Some(\"a\\nb\")");
        let whole = "x".repeat(MOST);
        assert_eq!(text(format_args!("{whole}")), whole);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let long = "ü".repeat(1 << 20);
        for text in [text(format_args!("{long}")), text(format_args!("{long:?}")), text(format_args!("x{long}"))] {
            assert!(text.len() <= MOST + CUT.len(), "{}", text.len());
            assert!(text.ends_with("ü…"), "{text}");
        }
    }

    #[test]
    fn pieces_that_cross_the_limit_are_cut_at_it() {
        let text = text(format_args!("{}{}{}", "x".repeat(MOST - 1), "ü", "more"));
        assert_eq!(text, format!("{}…", "x".repeat(MOST - 1)));
    }
}
