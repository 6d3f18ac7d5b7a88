//! The core modules of a component: the ranges of their functions, the names of these, and their debug information.

use std::collections::HashMap;
use std::ops::Range;

use wasmparser::{
    BinaryReader, Encoding, FunctionBody, KnownCustom, Name, NameSectionReader, Parser, Payload, TypeRef,
};

use crate::trim::Names;

/// A core module, as ranges of the component.
#[derive(Default)]
pub(super) struct Module {
    /// The start of its code section's contents. Offsets in debug information begin there.
    pub(super) code: usize,
    /// The bodies of its own functions.
    pub(super) bodies: Vec<Range<usize>>,
    /// Its sections of debug information, by name.
    pub(super) debug: HashMap<String, Range<usize>>,
    imported: u32,
    names: Vec<Range<usize>>,
}

/// Reads the core modules of a component, in order, at any depth.
pub(super) fn read(wasm: &[u8]) -> wasmparser::Result<Vec<Module>> {
    let mut modules = Vec::new();
    // The enclosing modules and components.
    let mut open: Vec<Option<usize>> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload?;
        match &payload {
            Payload::Version { encoding: Encoding::Module, .. } => {
                open.push(Some(modules.len()));
                modules.push(Module::default());
            }
            Payload::Version { encoding: Encoding::Component, .. } => open.push(None),
            Payload::End(_) => {
                open.pop();
            }
            _ => {}
        }
        if let Some(Some(module)) = open.last().map(|at| at.and_then(|at| modules.get_mut(at))) {
            module.read(payload)?;
        }
    }
    Ok(modules)
}

impl Module {
    fn read(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.imported += u32::from(matches!(import?.ty, TypeRef::Func(_) | TypeRef::FuncExact(_)));
                }
            }
            Payload::CodeSectionStart { range, .. } => self.code = range.start,
            Payload::CodeSectionEntry(body) => self.bodies.push(body.range()),
            Payload::CustomSection(section) => {
                let data = section.data_offset()..section.data_offset() + section.data().len();
                match section.as_known() {
                    KnownCustom::Name(_) => self.names.push(data),
                    _ if section.name().starts_with(".debug_") => {
                        self.debug.insert(section.name().to_owned(), data);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The name of its own function with this number.
    pub(super) fn name(&self, wasm: &[u8], own: usize) -> Option<String> {
        let index = u32::try_from(own).ok()?.checked_add(self.imported)?;
        let sections = self.names.iter().filter_map(|names| wasm.get(names.clone()));
        let subsections =
            sections.flat_map(|names| NameSectionReader::new(BinaryReader::new(names, 0)).map_while(Result::ok));
        let mut functions = subsections.filter_map(|subsection| match subsection {
            Name::Function(functions) => Some(functions),
            _ => None,
        });
        let name = functions.find_map(|functions| {
            functions.into_iter().map_while(Result::ok).find(|naming| naming.index == index).map(|naming| naming.name)
        })?;
        Names::default().readable(name)
    }
}

/// The number of the instruction at an offset of a function's body.
pub(super) fn instruction_at(body: &[u8], offset: usize) -> Option<usize> {
    instructions(body)?.take_while(|at| *at <= offset).count().checked_sub(1)
}

/// The offset of the instruction with this number in a function's body.
pub(super) fn offset_of(body: &[u8], number: usize) -> Option<usize> {
    instructions(body)?.nth(number)
}

fn instructions(body: &[u8]) -> Option<impl Iterator<Item = usize>> {
    let operators = FunctionBody::new(BinaryReader::new(body, 0)).get_operators_reader().ok()?;
    Some(operators.into_iter_with_offsets().map_while(|operator| operator.ok().map(|(_, at)| at)))
}
