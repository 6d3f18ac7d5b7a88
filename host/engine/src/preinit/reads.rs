//! Notices what a Go program reads while its packages are initialised, with the place in its sources.
//!
//! Such values are kept in the snapshot: a variable of the environment that is not there yet, the time, a random number.
//! Go has no hook for that. So the functions of its standard library that read them get a prologue, which calls an import
//! that the module has anyway, with arguments that mean nothing to it. The snapshot does not contain the prologues,
//! because it is made of the module without them. Go's table of functions says where they are, and who called them.

mod stack;
mod table;

use std::collections::BTreeMap;

use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{CodeSectionReader, ElementItems, ElementKind, FunctionBody, Parser, Payload, TypeRef};

use self::stack::Frame;
use self::table::{Memory, Table};

/// The import that the prologues call: the Go SDK's package `preinit` has it, and no folder exists to ask for.
pub(super) const IMPORT: (&str, &str) = ("wasi_snapshot_preview1", "fd_prestat_get");

/// The second argument of the calls by prologues, which is no address: memory ends before.
const FIRST_CALL: i32 = -16;

/// The functions that read, and what they read.
const READERS: [(&str, Source); 5] = [
    ("syscall.Getenv", Source::Variable),
    ("syscall.Environ", Source::Environment),
    ("time.Now", Source::Clock),
    ("runtime.rand", Source::Numbers),
    ("crypto/internal/sysrand.Read", Source::Secrets),
];

/// The most reads that are kept.
const MOST: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Variable,
    Environment,
    Clock,
    Numbers,
    Secrets,
}

/// A read by a package that was being initialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// What was read.
    pub what: ReadKind,
    /// The file, as the compiler names it.
    pub file: String,
    /// The line in it.
    pub line: u32,
    /// Whether the package itself calls the reading function, not one of the standard library that reads for itself.
    pub direct: bool,
    /// Whether the file is of another module than the program's, which the program uses.
    pub is_of_a_dependency: bool,
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadKind {
    /// The variable of that name.
    Variable(String),
    /// All variables.
    Environment,
    /// The time.
    Clock,
    /// Random numbers.
    Random,
}

/// The reads of an initialisation, while it runs.
#[derive(Default)]
pub(super) struct Reads {
    table: Option<Table>,
    seen: Vec<Read>,
}

impl Reads {
    /// Prepares the instrumented module: adds the prologues. Returns `None` if it is not of a Go whose table is known.
    pub(super) fn prepare(module: &[u8]) -> Option<(Vec<u8>, Reads)> {
        let facts = Facts::read(module)?;
        let table = facts.segments.iter().find_map(|(start, data)| Table::find(Memory::at(*start, data)))?;
        let memory = facts.segments.iter().map(|(start, data)| Memory::at(*start, data));
        let readers = memory.clone().find_map(|memory| table.named(memory, &READERS.map(|(name, _)| name)))?;
        let mut prologues = BTreeMap::new();
        for (name, index) in readers {
            let number = READERS.iter().position(|(reader, _)| *reader == name)?;
            // The functions of the table are in the module's order, after the imports.
            let function = facts.first_element.checked_add(index)?.checked_sub(facts.imports)?;
            prologues.insert(function, FIRST_CALL + i32::try_from(number).ok()?);
        }
        let mut prologued = wasm_encoder::Module::new();
        let mut add = Prologues { import: facts.import, prologues, next: 0 };
        add.parse_core_module(&mut prologued, Parser::new(0), module).ok()?;
        Some((prologued.finish(), Reads { table: Some(table), seen: Vec::new() }))
    }

    /// Takes a call of the import. Returns whether it came from a prologue.
    pub(super) fn call(&mut self, memory: &[u8], stack_pointer: i32, number: i32) -> bool {
        let reader = number.checked_sub(FIRST_CALL).and_then(|at| READERS.get(usize::try_from(at).ok()?));
        let Some((_, source)) = reader else { return false };
        if let Some(read) = self.read(Memory::at(0, memory), u64::from(stack_pointer.cast_unsigned()), *source)
            && self.seen.len() < MOST
            && !self.seen.contains(&read)
        {
            self.seen.push(read);
        }
        true
    }

    fn read(&self, memory: Memory<'_>, stack_pointer: u64, source: Source) -> Option<Read> {
        let table = self.table.as_ref()?;
        let frames = stack::frames(table, memory, stack_pointer);
        // The runtime draws numbers for itself.
        if source == Source::Numbers && !frames.first()?.package().starts_with("math/rand") {
            return None;
        }
        let first = frames.iter().position(Frame::is_of_the_program)?;
        let own = frames.iter().position(|frame| frame.is_of_the_program() && !frame.is_of_a_dependency());
        let (between, frame) = (&frames[..first], &frames[own.unwrap_or(first)]);
        let direct = between.iter().all(|frame| ["os", "syscall"].contains(&frame.package()));
        let what = match source {
            // The arguments are above the return address.
            Source::Variable => ReadKind::Variable(memory.string(stack_pointer + 8)?),
            Source::Environment => ReadKind::Environment,
            // The standard library reads the clock for itself, such as `log` for its lines.
            Source::Clock if !between.is_empty() => return None,
            Source::Clock => ReadKind::Clock,
            Source::Numbers | Source::Secrets => ReadKind::Random,
        };
        let (file, line) = (frame.file.clone(), frame.line);
        Some(Read { what, file, line, direct, is_of_a_dependency: own.is_none() })
    }

    pub(super) fn into_seen(self) -> Vec<Read> {
        self.seen
    }
}

/// The facts about a module that the prologues need.
#[derive(Default)]
struct Facts<'a> {
    /// The number of imported functions.
    imports: u32,
    /// The index of [`IMPORT`].
    import: u32,
    /// The function of the first element of the table: that of the first function of Go.
    first_element: u32,
    /// The data of the memory, by address.
    segments: Vec<(u64, &'a [u8])>,
}

impl<'a> Facts<'a> {
    fn read(module: &'a [u8]) -> Option<Facts<'a>> {
        let mut facts = Facts::default();
        let mut import = None;
        for payload in Parser::new(0).parse_all(module) {
            match payload.ok()? {
                Payload::ImportSection(section) => {
                    for found in section.into_imports() {
                        let found = found.ok()?;
                        if matches!(found.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)) {
                            if (found.module, found.name) == IMPORT {
                                import = Some(facts.imports);
                            }
                            facts.imports += 1;
                        }
                    }
                }
                Payload::ElementSection(section) => {
                    let element = section.into_iter().next()?.ok()?;
                    let (ElementKind::Active { .. }, ElementItems::Functions(functions)) =
                        (element.kind, element.items)
                    else {
                        return None;
                    };
                    facts.first_element = functions.into_iter().next()?.ok()?;
                }
                Payload::DataSection(section) => {
                    for segment in section {
                        let segment = segment.ok()?;
                        if let Some((0, start)) = super::segments::place(&segment)? {
                            facts.segments.push((start, segment.data));
                        }
                    }
                }
                _ => {}
            }
        }
        Some(Facts { import: import?, ..facts })
    }
}

/// Adds the prologues to the functions with these indices among the module's own.
struct Prologues {
    import: u32,
    prologues: BTreeMap<u32, i32>,
    next: u32,
}

impl Reencode for Prologues {
    type Error = std::convert::Infallible;

    fn parse_code_section(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for body in section {
            let body = body?;
            match self.prologues.get(&self.next) {
                Some(number) => code.raw(&prologued(&body, self.import, *number)?),
                None => code.raw(body.as_bytes()),
            };
            self.next += 1;
        }
        Ok(())
    }
}

/// A function of Go that calls the import with the stack pointer when it begins. Its parameter is the block at which it
/// goes on, because Go's scheduler leaves functions and enters them again.
fn prologued(body: &FunctionBody<'_>, import: u32, number: i32) -> Result<Vec<u8>, reencode::Error> {
    use wasm_encoder::{BlockType, Encode as _, Instruction};

    const STACK_POINTER: u32 = 0;
    const BLOCK: u32 = 0;
    let start = body.range().start;
    let (locals, rest) = body.as_bytes().split_at(body.get_operators_reader()?.original_position() - start);
    let mut bytes = locals.to_vec();
    for instruction in [
        Instruction::LocalGet(BLOCK),
        Instruction::I32Eqz,
        Instruction::If(BlockType::Empty),
        Instruction::GlobalGet(STACK_POINTER),
        Instruction::I32Const(number),
        Instruction::Call(import),
        Instruction::Drop,
        Instruction::End,
    ] {
        instruction.encode(&mut bytes);
    }
    bytes.extend_from_slice(rest);
    Ok(bytes)
}
