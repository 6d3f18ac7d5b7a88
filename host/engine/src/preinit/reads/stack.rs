//! The stack of a goroutine: who called a function.

use super::table::{Memory, Table};

/// The most frames that are looked at.
const DEEPEST: usize = 1000;

/// The folders of Go's standard library.
const STANDARD: [&str; 47] = [
    "archive",
    "arena",
    "bufio",
    "builtin",
    "bytes",
    "cmp",
    "compress",
    "container",
    "context",
    "crypto",
    "database",
    "debug",
    "embed",
    "encoding",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "go",
    "hash",
    "html",
    "image",
    "index",
    "internal",
    "io",
    "iter",
    "log",
    "maps",
    "math",
    "mime",
    "net",
    "os",
    "path",
    "plugin",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "structs",
    "sync",
    "syscall",
    "testing",
    "text",
    "time",
];
const STANDARD_TOO: [&str; 5] = ["unicode", "unique", "unsafe", "vendor", "weak"];

/// The packages of the Go SDK.
const SDK: &str = "funcserver.example/guest";

/// A function that has called another one, and the place of the call.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) function: String,
    pub(super) file: String,
    pub(super) line: u32,
}

impl Frame {
    /// The package's import path.
    pub(super) fn package(&self) -> &str {
        // A receiver or type parameters may contain slashes and dots of other packages.
        let end = self.function.find(['(', '[']).unwrap_or(self.function.len());
        let last = self.function[..end].rfind('/').map_or(0, |slash| slash + 1);
        let dot = self.function[last..].find('.').map_or(self.function.len(), |dot| last + dot);
        &self.function[..dot]
    }

    /// Whether it is of the program or of a module that it uses: neither of the standard library, nor of the SDK.
    pub(super) fn is_of_the_program(&self) -> bool {
        let package = self.package();
        let folder = package.split('/').next().unwrap_or_default();
        let is_sdk = package.strip_prefix(SDK).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        !is_sdk && !STANDARD.contains(&folder) && !STANDARD_TOO.contains(&folder)
    }

    /// Whether its file is of another module than the program's: Go names these with their version.
    pub(super) fn is_of_a_dependency(&self) -> bool {
        self.file.contains('@')
    }
}

/// The callers of a function that has just begun, the nearest first. Its return address is at the stack pointer.
pub(super) fn frames(table: &Table, memory: Memory<'_>, stack_pointer: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    let mut top = stack_pointer;
    while frames.len() < DEEPEST {
        let Some(next) = step(table, memory, top, &mut frames) else { break };
        top = next;
    }
    frames
}

/// Adds the function to which the address at `top` returns, with those that were inlined there. Returns where its own
/// return address is.
fn step(table: &Table, memory: Memory<'_>, top: u64, frames: &mut Vec<Frame>) -> Option<u64> {
    let position = memory.u64(top)?;
    let function = table.at(memory, position)?;
    let returns_to = position & 0xffff;
    // The call is before the block to which it returns.
    let mut block = returns_to.saturating_sub(1);
    let mut add = |name: &str, block| {
        let (file, line) = function.line(block).unwrap_or_default();
        frames.push(Frame { function: name.to_owned(), file: file.to_owned(), line });
    };
    for _ in 0..DEEPEST {
        let Some((inlined, caller)) = function.inlined(block) else { break };
        add(inlined, block);
        block = caller;
    }
    add(function.name()?, block);
    if function.is_last() { None } else { Some(top + 8 + function.stack_size(returns_to)?) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str) -> Frame {
        Frame { function: function.to_owned(), file: String::new(), line: 1 }
    }

    #[test]
    fn packages_are_read_from_the_names_of_functions() {
        for (function, package) in [
            ("main.init", "main"),
            ("os.Getenv", "os"),
            ("math/rand/v2.Uint64", "math/rand/v2"),
            ("github.com/go-chi/chi/v5.(*Mux).Get", "github.com/go-chi/chi/v5"),
            ("example.com/shop/internal/shop.New.func1", "example.com/shop/internal/shop"),
            ("slices.SortFunc[go.shape.struct { example.com/a/b.c int }]", "slices"),
            ("type:.eq.main.item", "type:"),
        ] {
            assert_eq!(frame(function).package(), package);
        }
    }

    #[test]
    fn the_standard_library_and_the_sdk_are_not_of_the_program() {
        for function in ["runtime.main", "log.Print", "unicode.init", "funcserver.example/guest/preinit.init.0"] {
            assert!(!frame(function).is_of_the_program(), "{function}");
        }
        for function in ["main.init", "github.com/google/uuid.New", "shop/settings.init", "logs.Print"] {
            assert!(frame(function).is_of_the_program(), "{function}");
        }
    }
}
