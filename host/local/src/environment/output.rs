//! The output of the processes.

use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

/// The longest line that is delivered in one piece, in bytes: the largest event that CloudWatch Logs accepts.
const MAX_LINE: u64 = 256 * 1024;

/// Receives each line that a process prints. It must not block.
pub type LineSink = Arc<dyn Fn(&Line) + Send + Sync>;

/// A line that a process has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The number of the environment.
    pub environment: u64,
    /// The stream that it was printed to.
    pub stream: OutputStream,
    /// The text without its line break. Bytes that are not UTF-8 are replaced.
    pub text: String,
}

/// An output stream of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Delivers all lines of `source` until its last writer closes it.
pub(super) async fn read_lines(
    source: impl AsyncRead + Unpin,
    output: LineSink,
    environment: u64,
    stream: OutputStream,
) {
    let mut source = BufReader::new(source);
    let mut line = Vec::new();
    while let Ok(1..) = (&mut source).take(MAX_LINE).read_until(b'\n', &mut line).await {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        output(&Line { environment, stream, text: String::from_utf8_lossy(text).into_owned() });
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    async fn lines(source: &[u8]) -> Vec<String> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = seen.clone();
        let output: LineSink = Arc::new(move |line: &Line| sink.lock().unwrap().push(line.text.clone()));
        read_lines(source, output, 1, OutputStream::Stdout).await;
        seen.lock().unwrap().clone()
    }

    #[tokio::test]
    async fn lines_are_split_at_line_breaks() {
        assert_eq!(lines(b"a\n\nb\r\nc").await, ["a", "", "b", "c"]);
        assert_eq!(lines(b"caf\xe9\n").await, ["caf\u{fffd}"]);
    }

    #[tokio::test]
    async fn an_endless_line_is_delivered_in_pieces() {
        let long = vec![b'x'; 600 * 1024];
        let lengths: Vec<usize> = lines(&long).await.iter().map(String::len).collect();
        assert_eq!(lengths, [256 * 1024, 256 * 1024, 88 * 1024]);
    }
}
