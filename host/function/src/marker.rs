//! The version marker of the shipped executable: bytes in the file that survive LTO and strip. `funcserver bundle`
//! reads from them which versions a `bootstrap` has. It cannot run the file, which may be for another machine.
//!
//! Layout: the prefix `funcserver-bootstrap/1;`, then `funcserver=VERSION;wasmtime=VERSION;target=TRIPLE;`, then a NUL.

use funcserver_engine::WASMTIME_VERSION;

/// This funcserver's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The target triple that a component must have been compiled for to run in this program
/// ([`Target::Host`](funcserver_engine::Target::Host)).
pub const TARGET: &str = if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
    "x86_64-unknown-linux-gnu"
} else if cfg!(all(target_os = "linux", target_arch = "aarch64")) {
    "aarch64-unknown-linux-gnu"
} else if cfg!(all(target_os = "macos", target_arch = "x86_64")) {
    "x86_64-apple-darwin"
} else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
    "aarch64-apple-darwin"
} else {
    "unknown"
};

/// The marker. `main` of the bootstrap refers to it, which keeps it in the executable.
#[used]
pub static MARKER: [u8; LENGTH] = joined();

/// The contents of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker<'a> {
    /// The version of funcserver.
    pub funcserver: &'a str,
    /// The version of wasmtime.
    pub wasmtime: &'a str,
    /// The target triple.
    pub target: &'a str,
}

impl<'a> Marker<'a> {
    /// Finds the marker in an executable's bytes. Returns `None` if there is no valid one. Any bytes may be passed.
    pub fn find(executable: &'a [u8]) -> Option<Marker<'a>> {
        let prefix = PREFIX.as_bytes();
        let mut rest = executable;
        loop {
            let at = find(rest, prefix)?;
            rest = rest.get(at + prefix.len()..)?;
            if let Some(marker) = Marker::parse(rest) {
                return Some(marker);
            }
        }
    }

    /// Parses the bytes after the prefix.
    fn parse(bytes: &'a [u8]) -> Option<Marker<'a>> {
        let head = bytes.get(..bytes.len().min(LONGEST))?;
        let end = head.iter().position(|&byte| byte == 0)?;
        let mut fields = std::str::from_utf8(head.get(..end)?).ok()?.split(';');
        let mut field = |name: &str| fields.next()?.strip_prefix(name)?.strip_prefix('=');
        Some(Marker { funcserver: field("funcserver")?, wasmtime: field("wasmtime")?, target: field("target")? })
    }
}

const PREFIX: &str = "funcserver-bootstrap/1;";
const PARTS: [&str; 8] = [PREFIX, "funcserver=", VERSION, ";wasmtime=", WASMTIME_VERSION, ";target=", TARGET, ";\0"];
const LENGTH: usize = length();

/// The longest marker, in bytes.
const LONGEST: usize = 1024;

const fn length() -> usize {
    let (mut length, mut part) = (0, 0);
    while part < PARTS.len() {
        length += PARTS[part].len();
        part += 1;
    }
    length
}

const fn joined() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    let (mut at, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut from = 0;
        while from < PARTS[part].len() {
            bytes[at] = PARTS[part].as_bytes()[from];
            at += 1;
            from += 1;
        }
        part += 1;
    }
    bytes
}

/// The first position of `needle` in `bytes`. Searching for its first byte is fast enough for an executable.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let rest = bytes.get(from..)?;
        let at = from + rest.iter().position(|&byte| byte == first)?;
        if bytes.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marker_is_found_among_other_bytes() {
        let mut bytes = vec![0xff; 5000];
        bytes.extend_from_slice(PREFIX.as_bytes());
        bytes.extend_from_slice(b"no marker, only the text to look for");
        bytes.extend_from_slice(&MARKER);
        bytes.extend_from_slice(&[7; 99]);
        let expected = Marker { funcserver: VERSION, wasmtime: WASMTIME_VERSION, target: TARGET };
        assert_eq!(Marker::find(&bytes), Some(expected));
    }

    #[test]
    fn other_bytes_have_none() {
        let whole = MARKER.len();
        for bytes in [&b""[..], b"f", PREFIX.as_bytes(), &MARKER[..whole - 1], &MARKER[1..], &[b'f'; 3000]] {
            assert_eq!(Marker::find(bytes), None);
        }
    }

    #[test]
    fn the_target_is_the_one_that_the_engine_compiles_for() {
        assert_eq!(TARGET, funcserver_engine::Target::Host.triple());
    }
}
