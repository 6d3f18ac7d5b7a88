//! Text of any origin made fit for a line: no control sequences, and not too long.

use std::borrow::Cow;

/// How much of a text is kept, in bytes. CloudWatch Logs takes events of 256 KiB; quoted as JSON, a text of this
/// length is at most twice as long.
pub(super) const LONGEST: usize = 64 * 1024;

/// The text without control characters and terminal control sequences (ECMA-48), tabs and line feeds apart, cut with a
/// mark if it is longer than [`LONGEST`]. Takes time in proportion to the length.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return without_controls(text);
    }
    let kept = without_controls(&text[..text.floor_char_boundary(LONGEST)]);
    format!("{kept}… [cut, {} bytes in all]", text.len()).into()
}

fn without_controls(text: &str) -> Cow<'_, str> {
    let mut kept = String::new();
    let mut rest = text;
    let mut strings_end = true;
    while let Some(at) = rest.find(unwanted) {
        kept.push_str(&rest[..at]);
        rest = after_control(&rest[at..], &mut strings_end);
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    kept.push_str(rest);
    kept.into()
}

fn unwanted(c: char) -> bool {
    c.is_control() && c != '\t' && c != '\n'
}

/// What follows the control character at the start of `text`, or the control sequence that it begins.
fn after_control<'t>(text: &'t str, strings_end: &mut bool) -> &'t str {
    let mut rest = text.chars();
    let first = match rest.next() {
        Some('\u{1b}') => rest.next().map(|second| (second, true)),
        first => first.map(|first| (first, false)),
    };
    match first {
        Some(('[', true) | ('\u{9b}', false)) => after_sequence(rest.as_str()),
        Some((']' | 'P' | 'X' | '^' | '_', true) | ('\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}', false)) => {
            after_string(rest.as_str(), strings_end)
        }
        Some((' '..='/', true)) => skip_one(rest.as_str().trim_start_matches(|c| matches!(c, ' '..='/')), '0'..='~'),
        Some(('0'..='~', true) | (_, false)) | None => rest.as_str(),
        // A lone escape character: what follows it is text.
        Some((_, true)) => &text[1..],
    }
}

/// Skips a control sequence's parameters, intermediates and final character.
fn after_sequence(text: &str) -> &str {
    let rest = text.trim_start_matches(|c| matches!(c, '0'..='?')).trim_start_matches(|c| matches!(c, ' '..='/'));
    skip_one(rest, '@'..='~')
}

/// Skips a control string (a window's title, a link) and its terminator. Without a terminator its text is kept: it
/// would be easy to hide a whole line otherwise. That there is none is looked up only once.
fn after_string<'t>(text: &'t str, strings_end: &mut bool) -> &'t str {
    let end = if *strings_end { text.find(['\u{7}', '\u{9c}', '\u{1b}']) } else { None };
    *strings_end = end.is_some();
    match end.map(|end| &text[end..]) {
        Some(rest) => rest.strip_prefix("\u{1b}\\").or(rest.strip_prefix(['\u{7}', '\u{9c}'])).unwrap_or(rest),
        None => text,
    }
}

fn skip_one(text: &str, range: std::ops::RangeInclusive<char>) -> &str {
    text.strip_prefix(|c| range.contains(&c)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn plain_text_is_not_copied() {
        for text in ["", "plain", "tab\tand\nline", "grüße 🦀", "[31m"] {
            assert!(matches!(clean(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn control_sequences_are_removed() {
        for (text, expected) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[38;5;196mred\u{1b}[m", "red"),
            ("\u{1b}[2J\u{1b}[Hhome", "home"),
            ("\u{1b}[?25lhidden", "hidden"),
            ("\u{9b}31mred", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://a\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}Pdata\u{9c}text", "text"),
            ("\u{1b}(Btext", "text"),
            ("\u{1b}=text", "text"),
            ("over\rwritten\u{8}\0\u{7f}\u{85}", "overwritten"),
            ("\u{1b}", ""),
            ("\u{1b}[", ""),
            ("\u{1b}[31", ""),
            ("\u{1b}[31ü", "ü"),
            ("\u{1b}ü", "ü"),
            ("\u{1b}\u{1b}[31mx", "x"),
            ("\u{1b}(", ""),
        ] {
            assert_eq!(clean(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_string_that_does_not_end_hides_nothing() {
        assert_eq!(clean("\u{1b}]0;the rest of the line"), "0;the rest of the line");
        assert_eq!(clean("\u{1b}]0;title\u{1b}[31mred"), "red");
    }

    #[test]
    fn long_text_is_cut_with_a_mark_between_characters() {
        let text = "ä".repeat(LONGEST);
        let cut = clean(&text);
        assert_eq!(cut, format!("{}… [cut, {} bytes in all]", "ä".repeat(LONGEST / 2), 2 * LONGEST));
        let text = format!("a{text}");
        assert!(clean(&text).starts_with(&format!("a{}…", "ä".repeat(LONGEST / 2 - 1))));
        assert_eq!(clean(&"x".repeat(LONGEST)).len(), LONGEST);
    }

    #[test]
    fn hostile_text_takes_no_more_than_linear_time() {
        let started = Instant::now();
        for unit in ["\u{1b}]", "\u{1b}", "\u{1b}[", "\u{9d}", "\u{1b}]\u{7}"] {
            assert!(!clean(&unit.repeat(LONGEST / unit.len())).contains('\u{1b}'));
        }
        assert!(started.elapsed() < Duration::from_secs(2));
    }
}
