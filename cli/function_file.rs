//! A file of a function, as a zip or an image holds it.

/// The program that Lambda starts: the first file of a function.
pub(crate) const BOOTSTRAP: &str = "bootstrap";

/// One file, with its path below the function's folder.
#[derive(Debug)]
pub(crate) struct FunctionFile<'a> {
    /// Its path, with `/` between folders.
    pub(crate) name: &'a str,
    /// Its content.
    pub(crate) bytes: &'a [u8],
    /// Whether it is a program.
    pub(crate) executable: bool,
}

impl<'a> FunctionFile<'a> {
    /// A file to read.
    pub(crate) fn file(name: &'a str, bytes: &'a [u8]) -> FunctionFile<'a> {
        FunctionFile { name, bytes, executable: false }
    }

    /// A file to run.
    pub(crate) fn program(name: &'a str, bytes: &'a [u8]) -> FunctionFile<'a> {
        FunctionFile { name, bytes, executable: true }
    }

    /// Its permissions: everyone may read it, because Lambda runs the function as a user of its own.
    pub(crate) fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}
