//! Splits a guest's standard output and error into lines, and passes them on to the call that the guest answers
//! (`sink.rs`).

mod sink;

use std::borrow::Cow;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::call::{Call, Lines, LogLevel, LogMessage, Stream};
use crate::dump::Dump;

pub(crate) use sink::OutputSink;

/// The longest line that is passed on. CloudWatch truncates events above 256 KB, and such a line is unreadable anyway.
const MAX_LINE: usize = 32 * 1024;
/// The end of what was truncated.
const CUT: &str = " … (cut)";
/// The most bytes that a guest may write in one call. It may call again at once.
const MAX_WRITE: usize = 64 * 1024;
/// The size of a log line besides its text: time, request id, level and stream, in JSON.
const LINE_COST: usize = 150;
/// The longest context of a message of `wasi:logging`. It is a name, such as that of a module.
const MAX_CONTEXT: usize = 1024;

/// One standard stream of one instance. All handles that the guest opens share it.
#[derive(Clone)]
pub(crate) struct StandardStream(Arc<Mutex<Buffer>>);

struct Buffer {
    stream: Stream,
    sink: OutputSink,
    /// The current incomplete line, if there is one.
    line: Option<Vec<u8>>,
    cut: bool,
    /// Joins the lines on standard error that belong together.
    dump: Dump,
    /// Complete lines, until the guest's write ends.
    batch: Batch,
    /// How many more bytes of log the request may cause, out of `allowed`.
    allowance: usize,
    allowed: usize,
    /// Whether the request was told that its output is dropped.
    told: bool,
}

/// Lines in one buffer.
#[derive(Clone, Default)]
pub(crate) struct Batch {
    text: String,
    ends: Vec<usize>,
}

impl StandardStream {
    pub(crate) fn new(stream: Stream, sink: OutputSink, allowance: usize) -> Self {
        Self(Arc::new(Mutex::new(Buffer {
            stream,
            sink,
            line: None,
            cut: false,
            dump: Dump::default(),
            batch: Batch::default(),
            allowance,
            allowed: allowance,
            told: false,
        })))
    }

    /// Begins one of several concurrent requests, which may write as much as a single one.
    pub(crate) fn begin_request(&self) {
        self.buffer().begin();
    }

    /// Ends a request: its last line counts without a line break too, and the next request has its own allowance.
    pub(crate) fn end_request(&self) {
        let mut buffer = self.buffer();
        buffer.end();
        buffer.begin();
    }

    /// Passes on the remaining output, because the guest has ended.
    pub(crate) fn end(&self) {
        self.buffer().end();
    }

    /// Passes on a message of `wasi:logging`, which counts as a line of this stream. `call` is the call of the task that
    /// logged it, if that is known.
    pub(crate) fn message(&self, level: LogLevel, context: &str, text: &str, call: Option<Arc<dyn Call>>) {
        self.buffer().message(level, context, text, call);
    }

    fn write(&self, bytes: &[u8]) {
        self.buffer().write(bytes);
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        // A sink that panicked while it held the lock has lost at most one line.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    fn begin(&mut self) {
        self.allowance = self.allowed;
        self.told = false;
    }

    fn write(&mut self, bytes: &[u8]) {
        let before = self.allowance;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.take(piece) {
                self.drop_rest();
                break;
            }
        }
        self.send(before - self.allowance);
    }

    fn message(&mut self, level: LogLevel, context: &str, text: &str, call: Option<Arc<dyn Call>>) {
        let (context, text) = (cut(context, MAX_CONTEXT), cut(text, MAX_LINE));
        let paid = LINE_COST + context.len() + text.len();
        let Some(rest) = self.allowance.checked_sub(paid) else {
            self.drop_rest();
            self.send(0);
            return;
        };
        let written = self.sink.message(LogMessage::new(level, context, text), call);
        self.allowance = rest.saturating_sub(written.saturating_sub(paid));
    }

    /// Appends a line or a part of one, within the allowance. Returns whether all of `piece` was appended.
    fn take(&mut self, piece: &[u8]) -> bool {
        let begins = if self.line.is_none() { LINE_COST } else { 0 };
        let Some(room) = self.allowance.checked_sub(begins) else { return false };
        let granted = &piece[..piece.len().min(room)];
        if granted.is_empty() {
            return false;
        }
        self.allowance = room - granted.len();
        match granted.strip_suffix(b"\n") {
            Some(text) => {
                self.append(text);
                self.emit();
            }
            None => self.append(granted),
        }
        granted.len() == piece.len()
    }

    fn append(&mut self, text: &[u8]) {
        let line = self.line.get_or_insert_default();
        let room = MAX_LINE - line.len();
        self.cut |= text.len() > room;
        line.extend_from_slice(&text[..text.len().min(room)]);
    }

    /// Completes the current line.
    fn emit(&mut self) {
        let line = self.line.take().unwrap_or_default();
        let mut text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line));
        if mem::take(&mut self.cut) {
            text.to_mut().push_str(CUT);
        }
        match self.stream {
            Stream::Stdout => self.batch.push(&text),
            Stream::Stderr => self.dump.take(&text, |record| self.batch.push(record)),
        }
    }

    /// The allowance is used up, which is reported once.
    fn drop_rest(&mut self) {
        self.allowance = 0;
        if mem::replace(&mut self.told, true) {
            return;
        }
        self.complete();
        let limit = self.allowed;
        self.batch.push(&format!(
            "… output beyond {limit} bytes is dropped; a line counts {LINE_COST} bytes more than its text"
        ));
    }

    fn complete(&mut self) {
        if self.line.is_some() {
            self.emit();
        }
        self.dump.end(|record| self.batch.push(record));
    }

    /// Completes the current line without a line break.
    fn end(&mut self) {
        self.complete();
        self.send(usize::MAX);
    }

    /// Passes on the complete lines. `paid` is the allowance that they used; in the log they may be longer.
    fn send(&mut self, paid: usize) {
        if self.batch.ends.is_empty() {
            return;
        }
        let written = self.sink.write(self.stream, &self.batch);
        self.allowance = self.allowance.saturating_sub(written.saturating_sub(paid));
        self.batch.clear();
    }
}

/// The text, truncated with a mark if it is longer than `most` bytes.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let end = text.floor_char_boundary(most);
    if end == text.len() { text.into() } else { format!("{}{CUT}", &text[..end]).into() }
}

impl Batch {
    fn push(&mut self, record: &str) {
        self.text.push_str(record);
        self.ends.push(self.text.len());
    }

    fn of(line: &str) -> Self {
        Self { text: line.to_owned(), ends: vec![line.len()] }
    }

    fn lines(&self, stream: Stream) -> Lines<'_> {
        Lines::new(stream, &self.text, &self.ends)
    }

    fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }
}

/// If an instance ends during a request, its last line counts without a line break too.
impl Drop for Buffer {
    fn drop(&mut self) {
        self.end();
    }
}

impl IsTerminal for StandardStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for StandardStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for StandardStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        StandardStream::write(self, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(MAX_WRITE)
    }
}

#[async_trait::async_trait]
impl Pollable for StandardStream {
    async fn ready(&mut self) {}
}

impl AsyncWrite for StandardStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        StandardStream::write(&self, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::call::{Call, GuestStep};

    /// The records of each write.
    #[derive(Default)]
    struct Writes(Mutex<Vec<Vec<String>>>);

    impl Call for Writes {
        fn deadline(&self) -> Instant {
            Instant::now()
        }

        fn on(&self, step: GuestStep<'_>) {
            let GuestStep::Lines(lines) = step else { return };
            // Like a log that doubles the size of its lines.
            lines.count_logged(lines.iter().map(|line| 2 * line.len() + LINE_COST).sum());
            self.0.lock().unwrap().push(lines.iter().map(str::to_owned).collect());
        }
    }

    /// A stream that passes its lines to `kept`.
    fn stream_to(kept: &Arc<Writes>, stream: Stream, allowance: usize) -> StandardStream {
        let sink = OutputSink::default();
        sink.open(kept.clone());
        StandardStream::new(stream, sink, allowance)
    }

    fn writes_of(stream: Stream, allowance: usize, writes: &[&[u8]]) -> Vec<Vec<String>> {
        let kept = Arc::new(Writes::default());
        let lines = stream_to(&kept, stream, allowance);
        for bytes in writes {
            lines.write(bytes);
        }
        drop(lines);
        Arc::try_unwrap(kept).ok().unwrap().0.into_inner().unwrap()
    }

    fn lines_of(allowance: usize, writes: &[&[u8]]) -> Vec<String> {
        writes_of(Stream::Stdout, allowance, writes).concat()
    }

    #[test]
    fn writes_become_lines() {
        assert_eq!(lines_of(10_000, &[b"a", b"b\nc\r\n\nrest"]), ["ab", "c", "", "rest"]);
    }

    #[test]
    fn one_write_of_the_guest_is_passed_on_as_one() {
        let writes = writes_of(Stream::Stdout, 10_000, &[b"a\nb\nc\nd", b"", b"e\nf\n", b"g"]);
        assert_eq!(writes, [vec!["a", "b", "c"], vec!["de", "f"], vec!["g"]]);
    }

    #[test]
    fn a_panic_on_standard_error_is_one_record() {
        let parts: [&[u8]; 4] =
            [b"\nthread 'main' (1) pan", b"icked at src/lib.rs:1:1:\n", b"no stock\n", b"note: other"];
        let records = writes_of(Stream::Stderr, 10_000, &parts).concat();
        assert_eq!(records, ["thread 'main' (1) panicked at src/lib.rs:1:1:\nno stock\nnote: other"]);
        assert_eq!(writes_of(Stream::Stdout, 10_000, &parts).concat().len(), 4);
    }

    #[test]
    fn invalid_utf8_is_replaced() {
        assert_eq!(lines_of(1000, &[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn a_long_line_is_truncated_with_a_mark() {
        let long = vec![b'x'; MAX_LINE + 1];
        let lines = lines_of(1 << 20, &[&long, b"yyy\nnext\n"]);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("x … (cut)"), "{}", &lines[0][MAX_LINE - 5..]);
        assert_eq!(lines[1], "next");
    }

    fn is_mark(line: &str) -> bool {
        line.starts_with("… output beyond ")
    }

    #[test]
    fn output_beyond_the_allowance_is_dropped_with_one_mark() {
        let lines = lines_of(2 * LINE_COST + 6, &[b"abc\ndefgh\n", b"more\n"]);
        assert_eq!(lines[..2], ["abc", "de"]);
        assert!(is_mark(&lines[2]) && lines.len() == 3, "{lines:?}");
    }

    /// However the output is split into writes, the mark appears once.
    #[test]
    fn dropped_output_is_reported_once() {
        for room in 0..LINE_COST + 8 {
            for pieces in 1..6 {
                let piece = vec![b'x'; room.div_ceil(pieces).max(1)];
                let mut writes = vec![piece.as_slice(); pieces + 1];
                writes.push(b"more\n");
                writes.push(b"\n");
                let lines = lines_of(room, &writes);
                assert_eq!(lines.iter().filter(|line| is_mark(line)).count(), 1, "{room} {pieces} {lines:?}");
                assert!(is_mark(&lines[lines.len() - 1]));
            }
        }
        // Output that fits exactly is not dropped.
        assert_eq!(lines_of(LINE_COST + 2, &[b"x\n"]), ["x"]);
    }

    #[test]
    fn empty_lines_count_with_their_size_in_the_log() {
        let breaks = vec![b'\n'; 1 << 20];
        let lines = lines_of(1 << 20, &[&breaks]);
        assert_eq!(lines.len(), (1 << 20) / (LINE_COST + 1) + 1);
    }

    /// The log of `Writes` is twice as long as its input.
    #[test]
    fn lines_count_with_their_size_in_the_log() {
        let line = [b"x".repeat(999).as_slice(), b"\n"].concat();
        let lines = lines_of(100_000, &vec![line.as_slice(); 200]);
        let written: usize = lines.iter().map(|line| 2 * line.len() + LINE_COST).sum();
        assert!((95_000..105_000).contains(&written), "{written}");
    }

    #[test]
    fn each_request_has_its_allowance_and_its_mark() {
        let kept = Arc::new(Writes::default());
        let lines = stream_to(&kept, Stream::Stdout, LINE_COST + 1);
        for _ in 0..3 {
            lines.write(b"ab");
            lines.end_request();
        }
        let all = kept.0.lock().unwrap().concat();
        assert_eq!(all.iter().filter(|line| is_mark(line)).count(), 3, "{all:?}");
    }
}
