//! A guest's standard output and error, cut into lines.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::call::{Output, Stream};

/// The longest line that is passed on. CloudWatch cuts events above 256 KB, and nobody reads such a line.
const MAX_LINE: usize = 32 * 1024;
/// How much a guest may write in one go; it may come back at once.
const MAX_WRITE: usize = 64 * 1024;

/// One standard stream of one instance. All handles that the guest opens share it.
#[derive(Clone)]
pub(crate) struct Lines(Arc<Mutex<Buffer>>);

struct Buffer {
    stream: Stream,
    sink: Arc<dyn Output>,
    line: Vec<u8>,
    cut: bool,
    allowance: usize,
    allowed: usize,
}

impl Lines {
    pub(crate) fn new(stream: Stream, sink: Arc<dyn Output>, allowance: usize) -> Self {
        let buffer = Buffer { stream, sink, line: Vec::new(), cut: false, allowance, allowed: allowance };
        Self(Arc::new(Mutex::new(buffer)))
    }

    /// A request begins beside others: it may write as much as one alone.
    pub(crate) fn begin_request(&self) {
        let mut buffer = self.buffer();
        buffer.allowance = buffer.allowed;
    }

    /// A request has ended: its last line counts without a break too, and the next one has its own allowance.
    pub(crate) fn end_request(&self) {
        let mut buffer = self.buffer();
        buffer.emit_rest();
        buffer.allowance = buffer.allowed;
    }

    fn write(&self, bytes: &[u8]) {
        self.buffer().write(bytes);
    }

    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        // A sink that panicked while it held the lock has lost at most its own line.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    fn write(&mut self, bytes: &[u8]) {
        if self.allowance == 0 {
            return;
        }
        let granted = bytes.len().min(self.allowance);
        self.allowance -= granted;
        for piece in bytes[..granted].split_inclusive(|byte| *byte == b'\n') {
            match piece.split_last() {
                Some((b'\n', text)) => {
                    self.append(text);
                    self.emit();
                }
                _ => self.append(piece),
            }
        }
        if self.allowance == 0 && granted < bytes.len() {
            self.emit_rest();
            self.sink.line(self.stream, &format!("… output beyond {} bytes is dropped", self.allowed));
        }
    }

    fn append(&mut self, text: &[u8]) {
        let room = MAX_LINE - self.line.len();
        self.cut |= text.len() > room;
        self.line.extend_from_slice(&text[..text.len().min(room)]);
    }

    fn emit(&mut self) {
        let text = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        let mut text = String::from_utf8_lossy(text);
        if self.cut {
            text.to_mut().push_str(" … (cut)");
        }
        self.sink.line(self.stream, &text);
        drop(text);
        self.line.clear();
        self.cut = false;
    }

    fn emit_rest(&mut self) {
        if !self.line.is_empty() {
            self.emit();
        }
    }
}

/// A last line without its break counts too where an instance ends in its request.
impl Drop for Buffer {
    fn drop(&mut self) {
        self.emit_rest();
    }
}

impl IsTerminal for Lines {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Lines {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Lines {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        Lines::write(self, &bytes);
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
impl Pollable for Lines {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Lines {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Lines::write(&self, bytes);
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
    use super::*;

    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Output for Kept {
        fn line(&self, _: Stream, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    fn lines_of(allowance: usize, writes: &[&[u8]]) -> Vec<String> {
        let kept = Arc::new(Kept::default());
        let lines = Lines::new(Stream::Stdout, kept.clone(), allowance);
        for bytes in writes {
            lines.write(bytes);
        }
        drop(lines);
        Arc::try_unwrap(kept).ok().unwrap().0.into_inner().unwrap()
    }

    #[test]
    fn writes_become_lines() {
        assert_eq!(lines_of(1000, &[b"a", b"b\nc\r\n\nrest"]), ["ab", "c", "", "rest"]);
    }

    #[test]
    fn bytes_that_are_no_utf8_are_replaced() {
        assert_eq!(lines_of(1000, &[b"a\xffb\n"]), ["a\u{fffd}b"]);
    }

    #[test]
    fn a_long_line_is_cut_and_says_so() {
        let long = vec![b'x'; MAX_LINE + 1];
        let lines = lines_of(1 << 20, &[&long, b"yyy\nnext\n"]);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with("x … (cut)"), "{}", &lines[0][MAX_LINE - 5..]);
        assert_eq!(lines[1], "next");
    }

    #[test]
    fn output_beyond_the_allowance_is_dropped_with_one_mark() {
        let lines = lines_of(6, &[b"abc\ndefgh\n", b"more\n"]);
        assert_eq!(lines, ["abc", "de", "… output beyond 6 bytes is dropped"]);
    }
}
