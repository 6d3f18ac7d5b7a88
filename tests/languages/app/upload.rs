//! Forms with files (RFC 7578).

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::requests::{ask, with_body};

const BOUNDARY: &str = "----a-boundary-7MA4YWxkTrZu0gW";

/// A file of a form.
pub(crate) struct File {
    name: &'static str,
    bytes: Vec<u8>,
}

impl File {
    pub(crate) fn new(name: &'static str, bytes: Vec<u8>) -> File {
        File { name, bytes }
    }

    /// What the app answers for it.
    fn facts(&self) -> Value {
        json!({ "name": self.name, "size": self.bytes.len(), "sha256": sha256(&self.bytes) })
    }
}

/// `POST /upload` with a note and files.
pub(crate) fn upload(note: &str, files: &[File]) -> Request<Bytes> {
    let mut body = Vec::new();
    let mut part = |head: String, bytes: &[u8]| {
        body.extend(format!("--{BOUNDARY}\r\ncontent-disposition: form-data; {head}\r\n\r\n").into_bytes());
        body.extend(bytes);
        body.extend(b"\r\n");
    };
    part("name=\"note\"".to_owned(), note.as_bytes());
    for file in files {
        let head = format!("name=\"files\"; filename=\"{}\"\r\ncontent-type: application/octet-stream", file.name);
        part(head, &file.bytes);
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    with_body(ask(Method::POST, "/upload").header("content-type", kind), body)
}

/// The answer to it.
pub(crate) fn uploaded(note: &str, files: &[File]) -> Value {
    json!({ "note": note, "files": files.iter().map(File::facts).collect::<Vec<_>>() })
}

/// The SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `count` bytes of no pattern: those of a xorshift generator.
pub(crate) fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..count).map(|_| next()).collect()
}
