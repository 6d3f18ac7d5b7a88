//! Leaves out of a component what nothing in it can reach, before it is compiled.
//!
//! Toolchains link an interpreter to its libraries by the exports of core modules, thousands of them, of which a handler
//! needs hundreds. Every one costs at each start: its name, its entry, and machine code to enter it are read and kept.
//! From within a component nobody else can see them, so what its parts do not ask of each other is never used. Nor are
//! segments of data that fill no memory and that no instruction names: those of a module whose memory was kept, seventy
//! thousand of Go's linker.
//!
//! What is left is the same component: it imports and exports the same, and its memory, its tables and the functions that
//! are reached are as they were. Only the index of a function may be another one, and its name is written as a person
//! would write it. Debug information and other custom sections are left out: a component in Lambda pays for their bytes, and
//! must not be able to make the host decode them.

mod left;
mod module;
mod names;

use std::collections::HashSet;
use std::ops::Range;

use wasm_encoder::{ComponentSection as _, ComponentSectionId, RawSection, reencode};
use wasmparser::{
    Chunk, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef,
    Instance, Parser, Payload,
};

use self::left::Left;
pub(crate) use self::names::Names;

/// What a module or component begins with: its magic number and version.
const HEADER: usize = 8;

/// Why a component is compiled as it is.
pub(crate) type Error = reencode::Error<Cut>;

/// A part of it is said to reach beyond its end.
#[derive(Debug, thiserror::Error)]
#[error("it ends within a part of it")]
pub(crate) struct Cut;

/// The exports of a core module that the component around it uses.
#[derive(Debug, Default)]
struct Uses<'a> {
    /// Somebody out of sight may ask for any of them.
    all: bool,
    names: HashSet<&'a str>,
}

impl Uses<'_> {
    fn contains(&self, export: &str) -> bool {
        self.all || self.names.contains(export)
    }
}

/// A core module within a component.
struct Module<'a> {
    bytes: &'a [u8],
    uses: Uses<'a>,
    /// What those reach. Known once they are.
    left: Option<Left>,
}

/// A core instance: the module that it is one of, and the instances that it is given, by the names it has for them.
struct Instantiation<'a> {
    module: u32,
    args: Vec<(&'a str, u32)>,
}

/// The core modules and their instances of one component, by the indices of its binary form. What comes from elsewhere
/// is `None`.
#[derive(Default)]
struct Scope<'a> {
    modules: Vec<Option<Module<'a>>>,
    instances: Vec<Option<Instantiation<'a>>>,
}

/// The component without what nothing in it can reach.
///
/// # Errors
/// It is damaged, or uses what the encoder does not know.
pub(crate) fn trim(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    trim_and_tell(wasm).map(|(trimmed, _)| trimmed)
}

/// The same, and of each core module, in their order, which of its own functions stay.
///
/// # Errors
/// See [`trim`].
pub(crate) fn trim_and_tell(wasm: &[u8]) -> Result<(Vec<u8>, Vec<Vec<usize>>), Error> {
    let shared = shares_modules(wasm)?;
    let mut told = Told::default();
    let trimmed = component(Parser::new(0), wasm, wasm, shared, &mut told)?;
    Ok((trimmed, told.functions))
}

/// What is told of a component as it is trimmed.
#[derive(Default)]
struct Told {
    names: Names,
    functions: Vec<Vec<usize>>,
}

/// Whether a component takes a core module from the one around it. Which exports that one uses is not looked for.
fn shares_modules(wasm: &[u8]) -> Result<bool, Error> {
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ComponentAliasSection(aliases) = payload? {
            for alias in aliases {
                if let ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } = alias? {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Trims the component that is `bytes` of `whole`, and those in it.
fn component(parser: Parser, bytes: &[u8], whole: &[u8], shared: bool, told: &mut Told) -> Result<Vec<u8>, Error> {
    let mut scope = Scope::default();
    each_payload(parser.clone(), bytes, |payload| scope.read(payload, whole))?;
    if shared {
        scope.modules.iter_mut().flatten().for_each(|module| module.uses.all = true);
    }
    scope.link()?;
    let mut modules = scope.modules.into_iter().flatten();
    let mut trimmed = wasm_encoder::Component::new();
    each_payload(parser, bytes, |payload| {
        let (id, data) = match payload {
            Payload::ModuleSection { .. } => {
                let Some(module) = modules.next() else { return Ok(()) };
                (ComponentSectionId::CoreModule.into(), module.trim(told)?)
            }
            Payload::ComponentSection { parser, unchecked_range } => {
                let nested = component(parser, part(whole, unchecked_range)?, whole, shared, told)?;
                (ComponentSectionId::Component.into(), nested)
            }
            // Names of a component's parts, and notes of toolchains.
            Payload::CustomSection(_) => return Ok(()),
            other => match other.as_section() {
                Some((id, range)) => (id, part(whole, range)?.to_vec()),
                None => return Ok(()),
            },
        };
        trimmed.section(&RawSection { id, data: &data });
        Ok(())
    })?;
    Ok(trimmed.finish())
}

/// The component without its custom sections, otherwise byte for byte: for one that cannot be trimmed.
///
/// # Errors
/// It is damaged.
pub(crate) fn without_custom_sections(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    sections_alone(Parser::new(0), wasm, wasm)
}

fn sections_alone(parser: Parser, bytes: &[u8], whole: &[u8]) -> Result<Vec<u8>, Error> {
    let mut alone = bytes.get(..HEADER).ok_or(Error::UserError(Cut))?.to_vec();
    each_payload(parser, bytes, |payload| {
        let (id, data) = match payload {
            Payload::ModuleSection { parser, unchecked_range } => {
                let nested = sections_alone(parser, part(whole, unchecked_range)?, whole)?;
                (ComponentSectionId::CoreModule.into(), nested)
            }
            Payload::ComponentSection { parser, unchecked_range } => {
                let nested = sections_alone(parser, part(whole, unchecked_range)?, whole)?;
                (ComponentSectionId::Component.into(), nested)
            }
            Payload::CustomSection(_) => return Ok(()),
            other => match other.as_section() {
                Some((id, range)) => (id, part(whole, range)?.to_vec()),
                None => return Ok(()),
            },
        };
        RawSection { id, data: &data }.append_to_component(&mut alone);
        Ok(())
    })?;
    Ok(alone)
}

fn part(whole: &[u8], range: Range<usize>) -> Result<&[u8], Error> {
    whole.get(range).ok_or(Error::UserError(Cut))
}

/// Hands over what a component consists of. What is nested comes as a whole.
fn each_payload<'a>(
    mut parser: Parser,
    mut bytes: &'a [u8],
    mut each: impl FnMut(Payload<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    while !bytes.is_empty() {
        // The end is told, so that more is never asked for.
        let Chunk::Parsed { consumed, payload } = parser.parse(bytes, true)? else { break };
        bytes = &bytes[consumed..];
        if let Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } =
            &payload
        {
            bytes = bytes.get(unchecked_range.len()..).unwrap_or_default();
        }
        each(payload)?;
    }
    Ok(())
}

impl<'a> Module<'a> {
    /// What it asks of others. From now on nothing more may be asked of it.
    fn asked(&mut self) -> Result<Vec<(&'a str, &'a str)>, Error> {
        let left = Left::read(self.bytes, &self.uses)?;
        module::asked(self.bytes, self.left.insert(left))
    }

    fn trim(self, told: &mut Told) -> Result<Vec<u8>, Error> {
        let left = match self.left {
            Some(left) => left,
            None => Left::read(self.bytes, &self.uses)?,
        };
        told.functions.push(left.functions.own_that_stay());
        module::trim(self.bytes, &self.uses, &left, &mut told.names)
    }
}

impl<'a> Scope<'a> {
    fn read(&mut self, payload: Payload<'a>, whole: &'a [u8]) -> Result<(), Error> {
        match payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                let bytes = part(whole, unchecked_range)?;
                self.modules.push(Some(Module { bytes, uses: Uses::default(), left: None }));
            }
            Payload::InstanceSection(instances) => {
                for instance in instances {
                    self.core_instance(instance?);
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    self.alias(&alias?);
                }
            }
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    if let ComponentTypeRef::Module(_) = import?.ty {
                        self.modules.push(None);
                    }
                }
            }
            Payload::ComponentInstanceSection(instances) => {
                for instance in instances {
                    self.component_instance(instance?);
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ComponentExternalKind::Module {
                        self.use_module(export.index);
                        // To export it gives it another index too.
                        self.modules.push(None);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn core_instance(&mut self, instance: Instance<'a>) {
        self.instances.push(match instance {
            Instance::Instantiate { module_index, args } => {
                let args = args.iter().map(|arg| (arg.name, arg.index)).collect();
                Some(Instantiation { module: module_index, args })
            }
            // Made of what aliases have named already.
            Instance::FromExports(_) => None,
        });
    }

    /// Uses what the instances ask of each other. An instance is given earlier ones alone: from the last to the first, all that
    /// is asked of one is known when it is its turn.
    fn link(&mut self) -> Result<(), Error> {
        let mut times = vec![0; self.modules.len()];
        for instance in self.instances.iter().flatten() {
            if let Some(times) = times.get_mut(instance.module as usize) {
                *times += 1;
            }
        }
        for index in (0..self.instances.len()).rev() {
            let Some(Instantiation { module, args }) = self.instances[index].take() else { continue };
            // Of a module with several instances, not all are asked for the same: all that it may ask is kept.
            if let (Some(Some(module)), Some(2..)) = (self.modules.get_mut(module as usize), times.get(module as usize))
            {
                module.uses.all = true;
            }
            let asked = match self.modules.get_mut(module as usize) {
                Some(Some(module)) => Some(module.asked()?),
                _ => None,
            };
            for (name, instance) in args {
                match &asked {
                    Some(asked) => {
                        let of_arg = asked.iter().filter(|(instance, _)| *instance == name);
                        of_arg.for_each(|(_, export)| self.use_export(instance, export));
                    }
                    None => self.use_instance(instance),
                }
            }
        }
        Ok(())
    }

    fn component_instance(&mut self, instance: ComponentInstance<'_>) {
        let modules: Vec<u32> = match instance {
            ComponentInstance::Instantiate { args, .. } => {
                args.iter().filter(|arg| arg.kind == ComponentExternalKind::Module).map(|arg| arg.index).collect()
            }
            ComponentInstance::FromExports(exports) => {
                let modules = exports.iter().filter(|export| export.kind == ComponentExternalKind::Module);
                modules.map(|export| export.index).collect()
            }
        };
        modules.into_iter().for_each(|module| self.use_module(module));
    }

    fn alias(&mut self, alias: &ComponentAlias<'a>) {
        match *alias {
            ComponentAlias::CoreInstanceExport { instance_index, name, .. } => self.use_export(instance_index, name),
            ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. }
            | ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. } => self.modules.push(None),
            _ => {}
        }
    }

    fn use_export(&mut self, instance: u32, name: &'a str) {
        if let Some(uses) = self.uses_of(instance) {
            uses.names.insert(name);
        }
    }

    fn use_instance(&mut self, instance: u32) {
        if let Some(uses) = self.uses_of(instance) {
            uses.all = true;
        }
    }

    fn use_module(&mut self, module: u32) {
        if let Some(Some(module)) = self.modules.get_mut(module as usize) {
            module.uses.all = true;
        }
    }

    fn uses_of(&mut self, instance: u32) -> Option<&mut Uses<'a>> {
        let module = self.instances.get(instance as usize)?.as_ref()?.module;
        Some(&mut self.modules.get_mut(module as usize)?.as_mut()?.uses)
    }
}

#[cfg(test)]
mod tests;
