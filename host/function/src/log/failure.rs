//! Logs a failure of a handler as one record, which begins with the handler's own message.

use std::fmt::Write as _;

use funcserver_engine::{Fault, Frame};

use super::{Field, Level, Scope, Value};

/// The most functions that a crash names without `log.backtrace`.
const FEW: usize = 3;

impl Scope<'_> {
    /// Writes the record of a handler's failure, with `message`.
    ///
    /// The fields are `about`, which describes the fault; the reason of the trap if `message` is the handler's own; and
    /// the handler's own functions on the stack, with their offsets, or all functions with `log.backtrace`.
    pub(crate) fn failed(&self, level: Level, about: (&str, &str), fault: &Fault, message: &str) {
        if self.log.enabled(level) {
            let at = self.functions(fault.frames());
            let mut fields: Vec<Field<'_>> = vec![(about.0, about.1.into())];
            if let Fault::Trap(crash) = fault
                && message != fault.to_string()
            {
                fields.push(("trap", (&crash.reason).into()));
            }
            fields.extend(at.as_ref().map(|(name, functions)| (*name, Value::Json(functions))));
            self.write(level, Value::Text(message), &fields);
        }
    }

    /// The functions of a crash, and the name of their field.
    fn functions(&self, frames: &[Frame]) -> Option<(&'static str, serde_json::Value)> {
        let log = &self.log.0;
        let (name, shown): (_, Vec<&Frame>) = if log.config.backtrace {
            ("backtrace", frames.iter().collect())
        } else {
            ("at", own(frames).take(FEW).collect())
        };
        let lines = log.lines.as_deref();
        let shown = shown.into_iter().map(|frame| {
            let mut text = frame.to_string();
            if let Some(line) = lines.zip(frame.offset).and_then(|(lines, offset)| lines.at(offset)) {
                let _ = write!(text, " at {line}");
            }
            text
        });
        let list: Vec<String> = shown.collect();
        (!list.is_empty()).then(|| (name, list.into()))
    }
}

/// The message of a failure: the handler's last message if its language ended it, and otherwise the reason from
/// WebAssembly.
pub(crate) fn failure_message(fault: &Fault, words: Option<String>) -> String {
    match (fault, words) {
        // Language runtimes end with `unreachable` after they have printed the reason.
        (Fault::Trap(crash), Some(words)) if crash.reason.contains("unreachable") => format!("crashed: {words}"),
        (Fault::Memory { .. } | Fault::Instantiate(_) | Fault::Exit(1..), Some(words)) => format!("{fault}: {words}"),
        _ => fault.to_string(),
    }
}

/// The functions of the handler, without those of its language, which all crashes have in common. If there are no
/// others, only the innermost one.
fn own(frames: &[Frame]) -> impl Iterator<Item = &Frame> {
    let all_of_language = frames.iter().all(|frame| is_of_language(&frame.function));
    let (few, rest) = if all_of_language { (&frames[..frames.len().min(1)], &[][..]) } else { (&[][..], frames) };
    few.iter().chain(rest.iter().filter(|frame| !is_of_language(&frame.function)))
}

/// Functions of Rust, Go and C: libraries, and the code that handles a panic.
fn is_of_language(function: &str) -> bool {
    let function = function.trim_start_matches(['<', '[']);
    [
        "std::",
        "core::",
        "alloc::",
        "wit_bindgen",
        "__",
        "rust_",
        "runtime.",
        "abort",
        "panic",
        "_start",
        "wasi:",
        "async-lift]",
    ]
    .iter()
    .any(|start| function.starts_with(start))
}

#[cfg(test)]
mod tests {
    use funcserver_engine::{Crash, Stream};
    use serde_json::json;

    use super::super::sink::Sink;
    use super::super::{Format, Log, Symbolizer, Words};
    use super::*;
    use crate::config::LogConfig;

    const UNREACHABLE: &str = "wasm `unreachable` instruction executed";

    fn crash(reason: &str) -> Crash {
        let frame = |function: &str, offset| Frame { function: function.to_owned(), offset };
        let frames = vec![
            frame("abort", Some(0x10)),
            frame("core::panicking::panic_fmt", Some(0x20)),
            frame("shop::take", Some(0x1b3f)),
            frame("function 7", None),
            frame("shop::handle", Some(0x1c00)),
            frame("shop::main", Some(0x1d00)),
        ];
        Crash { reason: reason.to_owned(), frames }
    }

    fn record(config: LogConfig, lines: Option<Box<dyn Symbolizer>>, fault: &Fault, said: &str) -> Sink {
        let sink = Sink::default();
        let log = Log::of(&config, sink.clone(), lines);
        let words = Words::default();
        words.keep(Stream::Stderr, said);
        let message = failure_message(fault, words.message());
        log.at("r").failed(Level::Error, ("kind", "trap"), fault, &message);
        assert_eq!(sink.writes().len(), 1);
        sink
    }

    const PANIC: &str = "thread 'main' panicked at src/lib.rs:4:5:\nno stock";

    #[test]
    fn a_crash_is_one_record_with_its_message_first() {
        let fault = Fault::Trap(crash(UNREACHABLE));
        let config = LogConfig { format: Format::Json, ..LogConfig::default() };
        assert_eq!(
            record(config, None, &fault, PANIC).json(),
            [json!({
                "level": "ERROR", "requestId": "r", "message": "crashed: no stock (src/lib.rs:4:5)", "kind": "trap",
                "trap": UNREACHABLE, "at": ["0x1b3f shop::take", "function 7", "0x1c00 shop::handle"],
            })]
        );
        let text = record(LogConfig::default(), None, &fault, PANIC).text().remove(0);
        assert!(text.starts_with("r\tERROR\tcrashed: no stock (src/lib.rs:4:5) kind=trap trap="), "{text}");
    }

    #[test]
    fn all_functions_are_shown_on_request_and_lines_if_they_are_found() {
        struct Known;
        impl Symbolizer for Known {
            fn at(&self, offset: u64) -> Option<String> {
                (offset == 0x1b3f).then(|| "src/lib.rs:4:5".to_owned())
            }
        }
        let config = LogConfig { format: Format::Json, backtrace: true, ..LogConfig::default() };
        let fault = Fault::Trap(crash(UNREACHABLE));
        let record = record(config, Some(Box::new(Known)), &fault, PANIC).json().remove(0);
        assert_eq!(
            record["backtrace"],
            json!([
                "0x10 abort",
                "0x20 core::panicking::panic_fmt",
                "0x1b3f shop::take at src/lib.rs:4:5",
                "function 7",
                "0x1c00 shop::handle",
                "0x1d00 shop::main"
            ])
        );
        assert_eq!(record.get("at"), None);
    }

    #[test]
    fn output_before_another_kind_of_end_is_not_its_reason() {
        let message = |fault: &Fault| {
            let config = LogConfig { format: Format::Json, ..LogConfig::default() };
            record(config, None, fault, "cache is cold").json()[0]["message"].clone()
        };
        assert_eq!(
            message(&Fault::Trap(crash("wasm trap: out of bounds memory access"))),
            "crashed: wasm trap: out of bounds memory access"
        );
        assert_eq!(message(&Fault::Deadline), "did not answer in time");
        assert_eq!(message(&Fault::Exit(3)), "exited with code 3 before its answer was complete: cache is cold");
        assert_eq!(message(&Fault::Exit(0)), "exited with code 0 before its answer was complete");
    }

    #[test]
    fn if_all_functions_are_the_languages_the_innermost_is_shown() {
        let frame = |function: &str| Frame { function: function.to_owned(), offset: None };
        let frames = [frame("abort"), frame("std::process::abort")];
        assert_eq!(own(&frames).map(|frame| frame.function.as_str()).collect::<Vec<_>>(), ["abort"]);
        assert_eq!(own(&[]).count(), 0);
    }
}
