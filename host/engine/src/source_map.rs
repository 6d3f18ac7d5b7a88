//! Maps the code offsets of a crash to places in the source.
//!
//! A crash has offsets in the compiled component. This component was trimmed, so its functions have other offsets than
//! in the file that the toolchain wrote. Both have the same instructions. An offset in the compiled component is
//! therefore converted to the number of an instruction in a function, and that to an offset in the file, for which the
//! file's debug information has a line.

mod dwarf;
mod modules;

use std::fmt;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::{nesting, trim};
use modules::Module;

/// The longest name of a function or file that is returned, in bytes.
const LONGEST: usize = 300;
/// The most functions that are returned for one place. The place is in all of them: each but the outermost was inlined
/// into the next.
const DEEPEST: usize = 32;

/// The code of a component and of its compiled form.
pub struct SourceMap {
    wasm: Vec<u8>,
    source: Vec<Module>,
    trimmed: Vec<u8>,
    compiled: Vec<Function>,
}

/// A function in the compiled component.
struct Function {
    /// The range of its body in the compiled component.
    body: Range<usize>,
    /// Its module, and its number among the own functions of that module in the source.
    module: usize,
    own: usize,
}

/// The place of a piece of code in its source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceLocation {
    /// The functions that contain it, the innermost first. There is always at least one.
    pub functions: Vec<SourceFunction>,
    /// Whether reading the debug information took too long, so that no line is known.
    pub gave_up: bool,
}

/// A function, and a line in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFunction {
    /// Its demangled name, at most 300 bytes. `None` if the component does not contain it.
    pub name: Option<String>,
    /// The file, at most 300 bytes. `None` if the component has no debug information for it.
    pub file: Option<String>,
    /// The line in the file.
    pub line: Option<u64>,
    /// The column in the line.
    pub column: Option<u64>,
}

impl SourceMap {
    /// Reads a component in the form that [`compile`](crate::compile::compile) takes.
    ///
    /// # Errors
    /// The bytes are not a component, or it is damaged. The text says what is wrong.
    pub fn new(wasm: Vec<u8>) -> Result<Self, String> {
        // The reader is recursive, so it has the same limit on nesting as the compiler.
        nesting::check(&wasm).map_err(|error| error.to_string())?;
        let source = modules::read(&wasm).map_err(|error| error.to_string())?;
        let (trimmed, kept) = match trim::trim_and_report(&wasm) {
            Ok((trimmed, kept)) => (trimmed, Some(kept)),
            Err(_) => (trim::without_custom_sections(&wasm).map_err(|error| error.to_string())?, None),
        };
        let mut compiled = Vec::new();
        for (module, of) in modules::read(&trimmed).map_err(|error| error.to_string())?.into_iter().enumerate() {
            for (number, body) in of.bodies.into_iter().enumerate() {
                let own = match &kept {
                    Some(kept) => kept.get(module).and_then(|kept| kept.get(number)).copied(),
                    None => Some(number),
                };
                compiled.extend(own.map(|own| Function { body, module, own }));
            }
        }
        Ok(Self { wasm, source, trimmed, compiled })
    }

    /// The place of the code at an offset of the compiled component, as far as it can be found within `time`. `None` if
    /// there is no code at that offset.
    #[must_use]
    pub fn at(&self, offset: u64, time: Duration) -> Option<SourceLocation> {
        let until = Instant::now() + time;
        let offset = usize::try_from(offset).ok()?;
        let next = self.compiled.partition_point(|function| function.body.start <= offset);
        let function = self.compiled.get(next.checked_sub(1)?).filter(|function| function.body.contains(&offset))?;
        let module = self.source.get(function.module)?;
        let body = module.bodies.get(function.own)?;
        let instruction =
            modules::instruction_at(self.trimmed.get(function.body.clone())?, offset - function.body.start)?;
        let place = body.start + modules::offset_of(self.wasm.get(body.clone())?, instruction)?;
        let name = module.name(&self.wasm, function.own);
        let found = dwarf::find(&self.wasm, &module.debug, place.checked_sub(module.code)? as u64, until);
        let gave_up = found.is_err();
        let mut functions = found.unwrap_or_default();
        match functions.last_mut() {
            Some(outermost) => outermost.name = name.or(outermost.name.take()),
            None => functions.push(SourceFunction { name, ..SourceFunction::default() }),
        }
        Some(SourceLocation { functions, gave_up })
    }
}

impl SourceFunction {
    /// Its name, or a text that says that it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("a function without a name")
    }

    /// The place in its file, such as `src/lib.rs:4:5`, if it is known.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        let file = self.file.as_deref()?;
        let numbers = [self.line, self.column].into_iter().map_while(|number| number);
        Some(numbers.fold(file.to_owned(), |place, number| format!("{place}:{number}")))
    }
}

/// `take at src/lib.rs:4:5`.
impl fmt::Display for SourceFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        self.place().map_or(Ok(()), |place| write!(f, " at {place}"))
    }
}

/// Truncates a text to [`LONGEST`] bytes.
fn short(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

#[cfg(test)]
mod tests;
