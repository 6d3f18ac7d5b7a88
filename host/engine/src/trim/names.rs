//! Names of functions as their source has them, for backtraces. However they are written, they stay short, and few.

use std::fmt::{self, Write};

/// The longest name that is kept, in bytes. Nobody reads a longer one, and it is copied for each frame of a crash.
const LONGEST: usize = 300;
/// The longest name that is decoded, in bytes: the time for one grows with the square of its length.
const DECODED: usize = 1000;
/// What the names of one component may take in all, in bytes. Those of Python's interpreter take 0.4 MB.
const MOST: usize = 16 << 20;

/// How much the names of a component may still take.
pub(crate) struct Names {
    left: usize,
}

impl Default for Names {
    fn default() -> Self {
        Self { left: MOST }
    }
}

impl Names {
    /// The name as its source has it, where Rust's or a C++ compiler wrote it and that is short; else as it is, cut to
    /// [`LONGEST`]. Nothing once all names together are too long.
    pub(crate) fn readable(&mut self, name: &str) -> Option<String> {
        let readable = demangled(name).unwrap_or_else(|| name[..name.floor_char_boundary(LONGEST)].to_owned());
        self.left = self.left.checked_sub(readable.len())?;
        Some(readable)
    }
}

fn demangled(name: &str) -> Option<String> {
    if name.len() > DECODED {
        return None;
    }
    // What takes more to write than a name may have is not decoded: a few hundred bytes can stand for gigabytes.
    let mut readable = Short(String::new());
    if let Ok(demangled) = rustc_demangle::try_demangle(name) {
        // Without the hash at its end.
        write!(readable, "{demangled:#}").ok()?;
    } else {
        let symbol = cpp_demangle::Symbol::new(name).ok()?;
        symbol.structured_demangle(&mut readable, &cpp_demangle::DemangleOptions::new()).ok()?;
    }
    Some(readable.0)
}

/// A text that refuses to grow beyond [`LONGEST`].
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
