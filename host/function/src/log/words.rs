//! A handler's last words: what it wrote to standard error before it failed.

use std::sync::{Mutex, PoisonError};

use funcserver_engine::Stream;

/// How much of a record is kept, in bytes: of a long traceback its end, where the exception is.
const KEPT: usize = 8 * 1024;
/// The longest message that is taken from a record, in bytes.
const LONGEST: usize = 1000;

/// The last record of one request on standard error.
#[derive(Default)]
pub(crate) struct Words(Mutex<String>);

impl Words {
    /// Keeps a record, in place of the one before, if it came on standard error and says something.
    pub(crate) fn keep(&self, stream: Stream, record: &str) {
        if stream == Stream::Stderr && !record.trim_ascii().is_empty() {
            let start = record.ceil_char_boundary(record.len().saturating_sub(KEPT));
            let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            words.clear();
            words.push_str(&record[start..]);
        }
    }

    /// What the last record says went wrong; nothing if there was none.
    pub(crate) fn message(&self) -> Option<String> {
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut message = message(&words)?;
        message.truncate(message.floor_char_boundary(LONGEST));
        Some(message)
    }
}

/// The message in a record: what a person would repeat of it.
fn message(record: &str) -> Option<String> {
    let record = record.trim_ascii();
    if record.is_empty() {
        return None;
    }
    Some(rust(record).or_else(|| python(record)).or_else(|| go(record)).unwrap_or_else(|| {
        // JavaScript begins with it, and so do an assertion of C and a line of a handler's own.
        record.lines().next().unwrap_or(record).to_owned()
    }))
}

/// `thread 'main' panicked at src/lib.rs:4:5:`, the message, a note.
fn rust(record: &str) -> Option<String> {
    let (_, panic) = record.split_once("panicked at ")?;
    let (place, message) = panic.split_once(":\n")?;
    let lines = message.lines().take_while(|line| !line.starts_with("note: "));
    let message = lines.collect::<Vec<_>>().join("\n");
    Some(format!("{} ({place})", message.trim_ascii()))
}

/// A traceback, and the exception in the last line that is not indented.
fn python(record: &str) -> Option<String> {
    let is_traceback = record.contains("Traceback (most recent call last):") || record.contains("\n  File \"");
    let exception = record.lines().rev().find(|line| !line.is_empty() && !line.starts_with([' ', '\t']))?;
    is_traceback.then(|| exception.to_owned())
}

/// `panic: `, the message, goroutines.
fn go(record: &str) -> Option<String> {
    let first = record.lines().next()?;
    first.strip_prefix("panic: ").map(|message| message.trim_end_matches(" [recovered]").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(record: &str) -> Option<String> {
        let words = Words::default();
        words.keep(Stream::Stderr, "something before");
        words.keep(Stream::Stderr, record);
        words.keep(Stream::Stdout, "not this");
        words.keep(Stream::Stderr, " \n");
        words.message()
    }

    #[test]
    fn the_message_is_what_a_person_would_repeat() {
        for (record, message) in [
            (
                "thread 'main' (1) panicked at src/lib.rs:4:5:\nno stock\nof apples\nnote: run with `RUST_BACKTRACE=1`",
                "no stock\nof apples (src/lib.rs:4:5)",
            ),
            (
                "thread 'main' panicked at 'no stock', src/lib.rs:4:5",
                "thread 'main' panicked at 'no stock', src/lib.rs:4:5",
            ),
            (
                "Traceback (most recent call last):\n  File \"app.py\", line 3, in handle\n    take()\nValueError: no stock",
                "ValueError: no stock",
            ),
            ("panic: no stock\n\ngoroutine 1 [running]:\nmain.main()\n\t/shop/main.go:7", "no stock"),
            ("TypeError: no stock\n    at take (app.js:3:5)", "TypeError: no stock"),
            ("Assertion failed: stock > 0 (shop.c: take: 12)", "Assertion failed: stock > 0 (shop.c: take: 12)"),
        ] {
            assert_eq!(said(record).as_deref(), Some(message));
        }
        assert_eq!(Words::default().message(), None);
    }

    #[test]
    fn a_message_is_bounded_and_a_long_traceback_keeps_its_exception() {
        let long =
            format!("Traceback (most recent call last):\n{}ValueError: no stock", "  File \"app.py\"\n".repeat(5000));
        assert_eq!(said(&long).as_deref(), Some("ValueError: no stock"));
        assert_eq!(said(&"ä".repeat(100_000)).map(|message| message.len()), Some(LONGEST));
    }
}
