//! Removes the unreachable parts of a component before it is compiled.
//!
//! Toolchains link an interpreter to its libraries by the exports of core modules. There are thousands of exports, of
//! which a handler needs hundreds. Every export costs time at each start: its name, its entry, and the machine code to
//! enter it are read and kept. Only code inside the component can use these exports, so those that its parts do not
//! import from each other are never used. The same applies to data segments that neither fill a memory nor are named by
//! an instruction: a Go module that starts from a snapshot has seventy thousand of them, written by Go's linker.
//!
//! The result is the same component: its imports and exports are the same, and so are its memories, its tables and all
//! reachable functions. Only the index of a function may change, and its name is demangled. Debug information and other
//! custom sections are removed: a component in Lambda pays for their bytes, and must not be able to make the host
//! decode them.

mod liveness;
mod module;
mod names;

use std::collections::HashSet;
use std::ops::Range;

use wasm_encoder::{ComponentSection as _, ComponentSectionId, RawSection, reencode};
use wasmparser::{
    Chunk, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, ComponentTypeRef,
    Instance, Parser, Payload,
};

use self::liveness::Liveness;
pub(crate) use self::names::Names;

/// The length of the header of a module or component: its magic number and version.
const HEADER: usize = 8;

/// The reason why a component is compiled untrimmed.
pub(crate) type Error = reencode::Error<Cut>;

/// The stated length of a section goes beyond the end of the component.
#[derive(Debug, thiserror::Error)]
#[error("it ends in the middle of a section")]
pub(crate) struct Cut;

/// The exports of a core module that the component around it uses.
#[derive(Debug, Default)]
struct Uses<'a> {
    /// Any of them may be used from outside the component.
    all: bool,
    names: HashSet<&'a str>,
}

impl Uses<'_> {
    fn contains(&self, export: &str) -> bool {
        self.all || self.names.contains(export)
    }
}

/// A core module in a component.
struct Module<'a> {
    bytes: &'a [u8],
    uses: Uses<'a>,
    /// The items that the used exports reach. `None` until the uses are known.
    live: Option<Liveness>,
}

/// A core instance: its module, and the instances that it imports, by the names that it has for them.
struct Instantiation<'a> {
    module: u32,
    args: Vec<(&'a str, u32)>,
}

/// The core modules and core instances of one component, by their index in the binary format. `None` is one from
/// outside.
#[derive(Default)]
struct Scope<'a> {
    modules: Vec<Option<Module<'a>>>,
    instances: Vec<Option<Instantiation<'a>>>,
}

/// Removes the unreachable parts of a component.
///
/// # Errors
/// The component is damaged, or uses a feature that the encoder does not support.
pub(crate) fn trim(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    trim_and_report(wasm).map(|(trimmed, _)| trimmed)
}

/// Like [`trim`], and returns for each core module, in order, which of its own functions are kept.
///
/// # Errors
/// See [`trim`].
pub(crate) fn trim_and_report(wasm: &[u8]) -> Result<(Vec<u8>, Vec<Vec<usize>>), Error> {
    let shared = shares_modules(wasm)?;
    let mut report = Report::default();
    let trimmed = component(Parser::new(0), wasm, wasm, shared, &mut report)?;
    Ok((trimmed, report.functions))
}

/// The facts that are collected about a component as it is trimmed.
#[derive(Default)]
struct Report {
    names: Names,
    functions: Vec<Vec<usize>>,
}

/// Whether a component imports a core module from the enclosing one. In that case the used exports are not determined.
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

/// Trims the component in `bytes`, a part of `whole`, and the components nested in it.
fn component(parser: Parser, bytes: &[u8], whole: &[u8], shared: bool, report: &mut Report) -> Result<Vec<u8>, Error> {
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
                (ComponentSectionId::CoreModule.into(), module.trim(report)?)
            }
            Payload::ComponentSection { parser, unchecked_range } => {
                let nested = component(parser, part(whole, unchecked_range)?, whole, shared, report)?;
                (ComponentSectionId::Component.into(), nested)
            }
            // The names of a component's parts, and producer notes.
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

/// Removes the custom sections of a component that cannot be trimmed. All else is copied byte for byte.
///
/// # Errors
/// The component is damaged.
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

/// Calls `each` for every section of a component. A nested component or module is passed as a whole.
fn each_payload<'a>(
    mut parser: Parser,
    mut bytes: &'a [u8],
    mut each: impl FnMut(Payload<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    while !bytes.is_empty() {
        // `parse` knows that these are all bytes, so it never asks for more.
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
    /// The exports that the module uses of other instances. After this call no more uses of this module may be added.
    fn asked(&mut self) -> Result<Vec<(&'a str, &'a str)>, Error> {
        let live = Liveness::read(self.bytes, &self.uses)?;
        module::asked(self.bytes, self.live.insert(live))
    }

    fn trim(self, report: &mut Report) -> Result<Vec<u8>, Error> {
        let live = match self.live {
            Some(live) => live,
            None => Liveness::read(self.bytes, &self.uses)?,
        };
        report.functions.push(live.functions.kept_own());
        module::trim(self.bytes, &self.uses, &live, &mut report.names)
    }
}

impl<'a> Scope<'a> {
    fn read(&mut self, payload: Payload<'a>, whole: &'a [u8]) -> Result<(), Error> {
        match payload {
            Payload::ModuleSection { unchecked_range, .. } => {
                let bytes = part(whole, unchecked_range)?;
                self.modules.push(Some(Module { bytes, uses: Uses::default(), live: None }));
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
                        // An export also adds another index for it.
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
            // It consists of items that aliases have already marked.
            Instance::FromExports(_) => None,
        });
    }

    /// Marks the exports that the instances use of each other. An instance can import only earlier ones. From the last
    /// to the first, all uses of an instance are therefore known when it is processed.
    fn link(&mut self) -> Result<(), Error> {
        let mut times = vec![0; self.modules.len()];
        for instance in self.instances.iter().flatten() {
            if let Some(times) = times.get_mut(instance.module as usize) {
                *times += 1;
            }
        }
        for index in (0..self.instances.len()).rev() {
            let Some(Instantiation { module, args }) = self.instances[index].take() else { continue };
            // The instances of one module may be used for different exports: everything that the module may need is
            // kept.
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
