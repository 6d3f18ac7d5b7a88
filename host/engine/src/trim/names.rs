//! The demangled names of functions, for backtraces. The length and the total size of names are limited.

use std::fmt::{self, Write};

/// The longest name that is kept, in bytes. Longer names are not readable, and a name is copied for each frame of a
/// crash.
const LONGEST: usize = 300;
/// The longest name that is demangled, in bytes: the time grows with the square of its length.
const DECODED: usize = 1000;
/// The limit for the names of one component, in bytes. The names of Python's interpreter take 0.4 MB.
const MAX_TOTAL: usize = 16 << 20;

/// The remaining size for names of a component.
pub(crate) struct Names {
    remaining: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self { remaining: MAX_TOTAL }
    }
}

impl Names {
    /// Demangles a short name that the Rust compiler or a C++ compiler wrote. Other names are returned unchanged,
    /// truncated to [`LONGEST`]. Returns `None` once the limit for all names is reached.
    pub(crate) fn readable(&mut self, name: &str) -> Option<String> {
        let readable = demangled(name).unwrap_or_else(|| name[..name.floor_char_boundary(LONGEST)].to_owned());
        self.remaining = self.remaining.checked_sub(readable.len())?;
        Some(readable)
    }
}

fn demangled(name: &str) -> Option<String> {
    if name.len() > DECODED {
        return None;
    }
    // A name that would become longer than the limit is not demangled: a few hundred bytes can expand to gigabytes.
    let mut readable = Short(String::new());
    if let Ok(demangled) = rustc_demangle::try_demangle(name) {
        // The alternate format omits the hash at the end.
        write!(readable, "{demangled:#}").ok()?;
    } else {
        let symbol = cpp_demangle::Symbol::new(name).ok()?;
        symbol.structured_demangle(&mut readable, &cpp_demangle::DemangleOptions::new()).ok()?;
    }
    Some(readable.0)
}

/// A text that rejects writes beyond [`LONGEST`].
struct Short(String);

impl Write for Short {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}
