//! Writes JSON directly into a buffer with a size limit.
//!
//! At its limit a writer stops storing bytes and continues to count them. A document that is too large therefore uses
//! no more memory than one that fits, its full size is known, and nothing is built twice.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub(crate) struct JsonWriter {
    out: Vec<u8>,
    size: usize,
    limit: usize,
}

impl JsonWriter {
    /// A writer that stores at most `limit` bytes and reserves `expected` bytes.
    pub(crate) fn new(expected: usize, limit: usize) -> Self {
        Self { out: Vec::with_capacity(expected.min(limit)), size: 0, limit }
    }

    /// Writes text that is already JSON.
    pub(crate) fn raw(&mut self, json: &str) {
        self.bytes(json.as_bytes());
    }

    /// Writes a string with its quotes.
    pub(crate) fn string(&mut self, text: &str) {
        self.raw("\"");
        self.escaped(text);
        self.raw("\"");
    }

    /// Writes a part of a string without quotes, escaped as RFC 8259, section 7, requires.
    pub(crate) fn escaped(&mut self, text: &str) {
        for block in text.as_bytes().chunks(BLOCK) {
            let surely_fits = self.size.saturating_add(BLOCK * LONGEST_ESCAPE) <= self.limit;
            if surely_fits {
                let before = self.out.len();
                push_escaped(&mut self.out, block);
                self.size += self.out.len() - before;
            } else if self.take(block.iter().map(|&byte| escaped_len(byte)).sum()) {
                push_escaped(&mut self.out, block);
            }
        }
    }

    /// Writes bytes as a base64 string with its quotes.
    pub(crate) fn base64(&mut self, bytes: &[u8]) {
        self.raw("\"");
        let start = self.out.len();
        let encoded = bytes.len().div_ceil(3).saturating_mul(4);
        if self.take(encoded) {
            self.out.resize(start + encoded, 0);
            // The slice has exactly the length that the encoder needs.
            let written = self.out.get_mut(start..).map(|slice| STANDARD.encode_slice(bytes, slice));
            debug_assert_eq!(written, Some(Ok(encoded)));
        }
        self.raw("\"");
    }

    /// The document, or its size if it is larger than the limit.
    pub(crate) fn finish(self) -> Result<Vec<u8>, usize> {
        if self.size > self.limit { Err(self.size) } else { Ok(self.out) }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        if self.take(bytes.len()) {
            self.out.extend_from_slice(bytes);
        }
    }

    /// Counts bytes, and returns whether they still fit.
    fn take(&mut self, bytes: usize) -> bool {
        self.size = self.size.saturating_add(bytes);
        self.size <= self.limit
    }
}

/// The number of bytes that are counted and checked against the limit at a time.
const BLOCK: usize = 4096;

/// The longest escape of one byte: `\\u001f`.
const LONGEST_ESCAPE: usize = 6;

/// Copies eight bytes at a time and truncates at the first one that must be escaped: a copy of a constant length is
/// faster than shorter copies of variable length.
fn push_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        out.extend_from_slice(word);
        let clean = clean_bytes(u64::from_le_bytes(*word));
        rest = match rest.get(clean..) {
            Some([byte, after @ ..]) if clean < word.len() => {
                out.truncate(out.len() - (word.len() - clean));
                push_byte(out, *byte);
                after
            }
            _ => after,
        };
    }
    rest.iter().for_each(|&byte| push_byte(out, byte));
}

/// The number of bytes before the first that must be escaped: one below 0x20, a quote or a backslash.
fn clean_bytes(word: u64) -> usize {
    const EACH: u64 = u64::MAX / 255;
    const LOW: u64 = EACH * 0x7f;
    // Adding 0x7f to the low seven bits carries into the eighth bit unless they are zero, and never into the next byte.
    let zeros = |word: u64| !(((word & LOW) + LOW) | word | LOW);
    let marks = zeros(word & (EACH * 0xe0)) | zeros(word ^ (EACH * 0x22)) | zeros(word ^ (EACH * 0x5c));
    marks.trailing_zeros() as usize / 8
}

fn push_byte(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        0..0x20 => {
            let digit = |nibble| if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
        }
        _ => out.push(byte),
    }
}

fn escaped_len(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
        0..0x20 => LONGEST_ESCAPE,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::JsonWriter;

    fn written(limit: usize, write: impl FnOnce(&mut JsonWriter)) -> Result<String, usize> {
        let mut json = JsonWriter::new(0, limit);
        write(&mut json);
        json.finish().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    #[test]
    fn strings_are_what_serde_json_reads_and_writes() {
        let all: String = ('\0'..='\u{17f}').chain("\u{2028}🎉".chars()).collect();
        for start in 0..70 {
            let text = format!("{}{all}{}", "x".repeat(start), "y".repeat(70 - start));
            let json = written(usize::MAX, |json| json.string(&text));
            assert_eq!(json.as_deref().map(serde_json::from_str::<String>).ok().and_then(Result::ok), Some(text));
        }
    }

    #[test]
    fn base64_is_padded_and_on_one_line() {
        assert_eq!(written(99, |json| json.base64(b"")).as_deref(), Ok("\"\""));
        assert_eq!(written(99, |json| json.base64(b"\xff\xfe")).as_deref(), Ok("\"//4=\""));
    }

    #[test]
    fn the_size_is_exact_above_the_limit() {
        let write = |json: &mut JsonWriter| {
            json.string("a\"b\u{1}");
            json.base64(&[0; 10]);
        };
        let size = 2 + 1 + 2 + 1 + 6 + 2 + 16;
        assert_eq!(written(size, write).map(|text| text.len()), Ok(size));
        for limit in 0..size {
            assert_eq!(written(limit, write), Err(size));
        }
    }
}
