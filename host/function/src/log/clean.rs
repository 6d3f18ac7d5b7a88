//! Makes text of any origin safe for a log, a report or a terminal. No other code does this.
//!
//! Cleaned text cannot move a cursor, hide or reorder text, or look like another source's line:
//!
//! - control characters (C0, DEL, C1) and the terminal sequences that they begin (ECMA-48) are removed;
//! - everything that some reader treats as a line break (CR, CR LF, VT, FF, NEL, U+2028, U+2029) becomes a line feed,
//!   so that no words are joined; the formats then write line feeds in their own way;
//! - characters that are invisible or change the direction of the text around them are removed (zero-width characters,
//!   byte order marks, bidirectional controls, tags).

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// The most bytes of a text that are kept. CloudWatch Logs accepts events of 256 KiB. Quoted as JSON, a text of this
/// length is at most twice as long.
pub(super) const LONGEST: usize = 64 * 1024;

/// Invisible characters besides the controls, in order: those of the general category Cf (Unicode 16) without a shape
/// of their own. A joined emoji is split without its joiners, but stays readable.
const INVISIBLE: [RangeInclusive<char>; 10] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{feff}'..='\u{feff}',
    '\u{fff9}'..='\u{fffb}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e0fff}',
];

/// Removes invisible characters and those that a terminal would act on, and truncates a text longer than 64 KiB, with a
/// mark. The only control characters left are tabs and line feeds. The time is linear in the length.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return without_controls(text);
    }
    let kept = without_controls(&text[..text.floor_char_boundary(LONGEST)]);
    format!("{kept}… [cut, {} bytes in all]", text.len()).into()
}

/// The same without truncation.
pub fn without_controls(text: &str) -> Cow<'_, str> {
    // Most text is ASCII without controls. This loop over bytes has no branches, so the compiler vectorizes it.
    if text.bytes().fold(true, |plain, byte| plain & is_plain(byte)) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::new();
    let mut rest = text;
    let mut strings_end = true;
    while let Some(at) = rest.find(unwanted) {
        kept.push_str(&rest[..at]);
        rest = match after_break(&rest[at..]) {
            Some(after) => {
                kept.push('\n');
                after
            }
            None => after_control(&rest[at..], &mut strings_end),
        };
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    kept.push_str(rest);
    kept.into()
}

fn is_plain(byte: u8) -> bool {
    (b' '..0x7f).contains(&byte) | (byte == b'\n') | (byte == b'\t')
}

fn unwanted(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\u{2028}' | '\u{2029}' => true,
        c if c.is_control() => true,
        c => c >= '\u{ad}' && INVISIBLE.iter().any(|range| range.contains(&c)),
    }
}

/// The text after a line break other than a line feed at the start of `text`, or `None` if there is none.
fn after_break(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']))
}

/// The text after the character at the start of `text`, or after the control sequence that it begins.
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
        // A lone escape character: the following character is text.
        Some((_, true)) => &text[1..],
    }
}

/// Skips the parameters, intermediates and final character of a control sequence.
fn after_sequence(text: &str) -> &str {
    let rest = text.trim_start_matches(|c| matches!(c, '0'..='?')).trim_start_matches(|c| matches!(c, ' '..='/'));
    skip_one(rest, '@'..='~')
}

/// Skips a control string (a window's title, a link) and its terminator. Without a terminator its text is kept, because
/// it would otherwise be easy to hide a whole line. The search for a terminator is done only once.
fn after_string<'t>(text: &'t str, strings_end: &mut bool) -> &'t str {
    let end = if *strings_end { text.find(['\u{7}', '\u{9c}', '\u{1b}']) } else { None };
    *strings_end = end.is_some();
    match end.map(|end| &text[end..]) {
        Some(rest) => rest.strip_prefix("\u{1b}\\").or(rest.strip_prefix(['\u{7}', '\u{9c}'])).unwrap_or(rest),
        None => text,
    }
}

fn skip_one(text: &str, range: RangeInclusive<char>) -> &str {
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
            ("over\rwritten\u{8}\0\u{7f}", "over\nwritten"),
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
    fn line_breaks_of_every_kind_separate_words() {
        for unit in ["\r\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
            assert_eq!(clean(&format!("one{unit}two")), "one\ntwo", "{unit:?}");
        }
        assert_eq!(clean("10 %\r20 %\r\r\n"), "10 %\n20 %\n\n");
    }

    #[test]
    fn invisible_characters_are_removed() {
        let invisible =
            "\u{200b}\u{200d}\u{feff}\u{202e}\u{2066}\u{2069}\u{200f}\u{61c}\u{ad}\u{2060}\u{e0041}\u{fff9}";
        for c in invisible.chars() {
            assert_eq!(clean(&format!("request{c}Id")), "requestId", "{c:?}");
        }
        assert!(INVISIBLE.is_sorted_by(|one, next| one.end() < next.start()));
    }

    /// Tests every character, alone and within words.
    #[test]
    fn only_tabs_and_line_feeds_are_left_of_controls() {
        let all: String = ('\0'..=char::MAX).flat_map(|c| ['a', c, 'b']).collect();
        for part in all.as_bytes().chunks(LONGEST / 2).map(String::from_utf8_lossy) {
            let cleaned = clean(&part);
            assert!(cleaned.chars().all(|c| !c.is_control() || c == '\t' || c == '\n'));
            assert!(!cleaned.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{200b}', '\u{feff}']));
            assert_eq!(clean(&cleaned), cleaned);
        }
    }

    #[test]
    fn an_unterminated_string_hides_nothing() {
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
