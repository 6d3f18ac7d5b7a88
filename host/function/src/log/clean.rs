//! Text of any origin made fit to leave for a log, a report or a terminal. This is the one place that does it.
//!
//! What is left moves no cursor, hides or reorders nothing, and cannot look like a line of somebody else's:
//!
//! - control characters (C0, DEL, C1) and the terminal sequences that they begin (ECMA-48) are removed;
//! - what some reader takes for a line break (CR, CR LF, VT, FF, NEL, U+2028, U+2029) is a line feed, so that it joins no
//!   words; the formats then write line feeds in their own way;
//! - characters that are invisible or change the direction of the text around them are removed (zero-width characters,
//!   byte order marks, bidirectional controls, tags).

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// How much of a text is kept, in bytes. CloudWatch Logs takes events of 256 KiB; quoted as JSON, a text of this
/// length is at most twice as long.
pub(super) const LONGEST: usize = 64 * 1024;

/// Characters beyond the controls that nobody sees, in their order: of the general category Cf (Unicode 16) those without a
/// shape of their own. A joined emoji comes apart without its joiners, and stays readable.
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

/// The text without what a reader cannot see and a terminal would act on, cut with a mark if it is longer than 64 KiB. Of
/// control characters it holds tabs and line feeds alone. Takes time in proportion to the length.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST {
        return without_controls(text);
    }
    let kept = without_controls(&text[..text.floor_char_boundary(LONGEST)]);
    format!("{kept}… [cut, {} bytes in all]", text.len()).into()
}

/// The same without a cut.
pub fn without_controls(text: &str) -> Cow<'_, str> {
    // Most text is ASCII without controls: a loop over bytes, which the compiler makes one over vectors.
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

/// What follows a line break other than a line feed at the start of `text`; nothing if there is none.
fn after_break(text: &str) -> Option<&str> {
    text.strip_prefix("\r\n").or_else(|| text.strip_prefix(['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']))
}

/// What follows the character at the start of `text`, or the control sequence that it begins.
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
    fn line_breaks_of_every_kind_join_no_words() {
        for unit in ["\r\n", "\r", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"] {
            assert_eq!(clean(&format!("one{unit}two")), "one\ntwo", "{unit:?}");
        }
        assert_eq!(clean("10 %\r20 %\r\r\n"), "10 %\n20 %\n\n");
    }

    #[test]
    fn what_nobody_sees_is_removed() {
        let invisible =
            "\u{200b}\u{200d}\u{feff}\u{202e}\u{2066}\u{2069}\u{200f}\u{61c}\u{ad}\u{2060}\u{e0041}\u{fff9}";
        for c in invisible.chars() {
            assert_eq!(clean(&format!("request{c}Id")), "requestId", "{c:?}");
        }
        assert!(INVISIBLE.is_sorted_by(|one, next| one.end() < next.start()));
    }

    /// Every character there is, alone and within words.
    #[test]
    fn of_controls_tabs_and_line_feeds_alone_are_left() {
        let all: String = ('\0'..=char::MAX).flat_map(|c| ['a', c, 'b']).collect();
        for part in all.as_bytes().chunks(LONGEST / 2).map(String::from_utf8_lossy) {
            let cleaned = clean(&part);
            assert!(cleaned.chars().all(|c| !c.is_control() || c == '\t' || c == '\n'));
            assert!(!cleaned.contains(['\u{2028}', '\u{2029}', '\u{202e}', '\u{200b}', '\u{feff}']));
            assert_eq!(clean(&cleaned), cleaned);
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
