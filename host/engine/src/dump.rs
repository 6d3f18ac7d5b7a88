//! Joins lines on standard error that belong together: a panic with its notes, a traceback, the stacks of goroutines.
//!
//! Languages print them line by line, in many writes. This module joins them into one record, and passes on any other
//! line at once.

/// The longest record, in bytes. The remaining lines become a new record.
const LONGEST: usize = 32 * 1024;

/// A record that may continue.
#[derive(Default)]
pub(crate) struct Dump {
    text: String,
    shape: Option<Shape>,
}

/// The kind of a record, which determines how it continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// An empty line, which Rust prints before a panic.
    Blank,
    /// Rust: the message may have several lines. A note ends it.
    Rust,
    /// Go: the message, followed by goroutines.
    Go,
    /// Python: indented lines, then the exception, which ends the record unless it has a cause.
    Python { closed: bool },
    /// A line that mentions an error. JavaScript, Java and .NET print indented lines below it.
    Error,
}

impl Dump {
    /// Takes the next line, and passes each record that it completes to `complete`.
    pub(crate) fn take(&mut self, line: &str, mut complete: impl FnMut(&str)) {
        if let Some(shape) = self.shape {
            if let Some(next) = shape.after(line)
                && self.text.len() + line.len() < LONGEST
            {
                if shape != Shape::Blank {
                    self.text.push('\n');
                }
                self.text.push_str(line);
                self.shape = next;
                if next.is_none() {
                    self.end(complete);
                }
                return;
            }
            self.end(&mut complete);
        }
        match Shape::of(line) {
            None => complete(line),
            shape => {
                self.text.push_str(line);
                self.shape = shape;
            }
        }
    }

    /// Passes on the current record, because no more lines follow.
    pub(crate) fn end(&mut self, mut complete: impl FnMut(&str)) {
        if self.shape.take().is_some() || !self.text.is_empty() {
            complete(&self.text);
            self.text.clear();
        }
    }
}

impl Shape {
    /// The kind of a record that begins with `line`, or `None` if the line is a complete record.
    fn of(line: &str) -> Option<Shape> {
        if line.is_empty() {
            return Some(Shape::Blank);
        }
        // The log parses JSON objects itself.
        if line.starts_with('{') {
            return None;
        }
        if (line.starts_with("thread '") && line.contains(" panicked at ")) || line.starts_with("panicked at ") {
            Some(Shape::Rust)
        } else if is_traceback(line) {
            Some(Shape::Python { closed: false })
        } else if ["panic: ", "fatal error: ", "runtime: "].iter().any(|start| line.starts_with(start))
            || line.contains("http: panic serving")
            || is_goroutine(line)
        {
            Some(Shape::Go)
        } else {
            ["Error", "error:", "Exception", "Uncaught"].iter().any(|word| line.contains(word)).then_some(Shape::Error)
        }
    }

    /// The kind of the record after `line`: `Some(None)` if the line completes it, `None` if the line is not a part of
    /// it.
    fn after(self, line: &str) -> Option<Option<Shape>> {
        let indented = line.starts_with([' ', '\t']);
        let goes_on = match self {
            Shape::Blank => return (Shape::of(line) == Some(Shape::Rust)).then_some(Some(Shape::Rust)),
            Shape::Rust => {
                let is_note = line.starts_with("note: run with `RUST_BACKTRACE=");
                return Some(if is_note { None } else { Some(Shape::Rust) });
            }
            Shape::Go => {
                indented
                    || line.is_empty()
                    || is_goroutine(line)
                    || ["created by ", "[signal ", "[recovered", "panic: ", "...", "exit status ", "runtime"]
                        .iter()
                        .any(|start| line.starts_with(start))
                    || (line.contains('(') && line.ends_with(')'))
            }
            Shape::Python { closed } => {
                let next = line.is_empty()
                    || line.starts_with("During handling of the above exception")
                    || line.starts_with("The above exception was the direct cause");
                if is_traceback(line) || next {
                    return Some(Some(Shape::Python { closed: closed && next }));
                }
                if !indented && !closed && !line.starts_with('{') {
                    return Some(Some(Shape::Python { closed: true }));
                }
                indented
            }
            Shape::Error => indented || ["Stack:", "Caused by:"].iter().any(|start| line.starts_with(start)),
        };
        goes_on.then_some(Some(self))
    }
}

fn is_traceback(line: &str) -> bool {
    line.contains("Traceback (most recent call last):")
}

fn is_goroutine(line: &str) -> bool {
    line.starts_with("goroutine ") && line.ends_with("]:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(lines: &[&str]) -> Vec<String> {
        let mut dump = Dump::default();
        let mut records = Vec::new();
        lines.iter().for_each(|line| dump.take(line, |record| records.push(record.to_owned())));
        dump.end(|record| records.push(record.to_owned()));
        records
    }

    /// Checks that a dump is one record between other lines.
    fn one_record(dump: &str) {
        let mut lines = vec!["before"];
        lines.extend(dump.lines());
        assert_eq!(records(&lines), ["before", dump.trim_start_matches('\n')]);
    }

    #[test]
    fn a_panic_of_rust() {
        let panic = "\nthread 'main' (1) panicked at src/lib.rs:4:5:\nno stock\nof apples\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace";
        one_record(panic);
        let mut lines: Vec<_> = panic.lines().collect();
        lines.push("after");
        assert_eq!(records(&lines).len(), 2);
        one_record("\nthread '<unnamed>' panicked at 'no stock', src/lib.rs:4:5");
    }

    #[test]
    fn a_traceback_of_python_with_its_causes() {
        let traceback = "Traceback (most recent call last):\n  File \"app.py\", line 3, in handle\n    take()\n    ~~~~^^\nKeyError: 'apples'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"app.py\", line 5, in handle\n    raise ValueError(\"no stock\")\nValueError: no stock";
        one_record(traceback);
        let mut lines: Vec<_> = traceback.lines().collect();
        lines.push("after");
        assert_eq!(records(&lines), [traceback, "after"]);
    }

    #[test]
    fn a_panic_of_go_with_its_goroutines() {
        one_record(
            "panic: no stock\n\ngoroutine 1 [running]:\nmain.take(...)\n\t/shop/main.go:7\nmain.main()\n\t/shop/main.go:12 +0x2\ncreated by main.serve in goroutine 1\n\t/shop/main.go:3 +0x1\nexit status 2",
        );
        one_record("fatal error: all goroutines are asleep - deadlock!\n\ngoroutine 1 [chan receive]:\nmain.main()");
    }

    #[test]
    fn a_stack_of_javascript() {
        one_record("TypeError: stock is undefined\n    at take (app.js:3:5)\n    at handle (app.js:9:1)");
        one_record("Error while running request handler: no stock\nStack:\n  take@app.js:3:5\n  handle@app.js:9:1");
    }

    #[test]
    fn other_lines_are_separate_records() {
        let lines = ["one", "", "", "  indented", "{\"message\": \"Error\"}", "Error: a", "Error: b", "panic", "two"];
        assert_eq!(records(&lines), lines);
    }

    #[test]
    fn an_endless_dump_is_split_into_parts() {
        let long = "x".repeat(1000);
        let mut lines = vec!["thread 'main' panicked at src/lib.rs:1:1:"];
        lines.extend(std::iter::repeat_n(long.as_str(), 100));
        let records = records(&lines);
        assert!(records.iter().all(|record| record.len() < LONGEST), "{}", records.len());
        assert_eq!(records.join("\n"), lines.join("\n"));
    }
}
