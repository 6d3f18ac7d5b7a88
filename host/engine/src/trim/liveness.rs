//! Determines which parts of a core module are live: reachable from its used exports.

use wasmparser::{
    DataKind, ElementItems, ElementKind, ExternalKind, Operator, OperatorsReader, Parser, Payload, TableInit, TypeRef,
};

use super::{Error, Uses};

/// The live parts of a module.
pub(super) struct Liveness {
    /// For each import, in order, whether it is kept.
    pub(super) imports: Vec<bool>,
    pub(super) functions: Items,
    pub(super) globals: Items,
    /// The number of data segments that are kept, if only those that fill a memory are kept. `None` if an instruction
    /// names a segment.
    pub(super) filling: Option<u32>,
}

/// The functions or the globals of a module: first the imported ones, then its own.
pub(super) struct Items {
    imported: usize,
    /// The new index of each, or `None` if it is removed.
    pub(super) indices: Vec<Option<u32>>,
}

impl Liveness {
    pub(super) fn read(wasm: &[u8], uses: &Uses<'_>) -> Result<Liveness, Error> {
        let mut graph = Graph::default();
        for payload in Parser::new(0).parse_all(wasm) {
            graph.read(payload?, uses)?;
        }
        Ok(graph.reached())
    }

    /// Whether all indices in the code stay the same.
    pub(super) fn keeps_code(&self) -> bool {
        self.functions.complete() && self.globals.complete()
    }
}

impl Items {
    fn new(imported: usize, reached: &[bool]) -> Items {
        let mut next = 0..;
        let indices = reached.iter().map(|reached| if *reached { next.next() } else { None }).collect();
        Items { imported, indices }
    }

    fn complete(&self) -> bool {
        self.indices.iter().all(Option::is_some)
    }

    pub(super) fn keeps_own(&self, own: usize) -> bool {
        self.indices.get(self.imported + own).is_some_and(Option::is_some)
    }

    pub(super) fn kept_own(&self) -> Vec<usize> {
        (0..self.indices.len() - self.imported).filter(|own| self.keeps_own(*own)).collect()
    }

    pub(super) fn index(&self, old: u32) -> u32 {
        // Only removed items refer to a removed item, and only damaged modules refer to an index that does not exist.
        self.indices.get(old as usize).copied().flatten().unwrap_or(u32::MAX)
    }
}

/// The references between the functions and globals of a module.
#[derive(Default)]
struct Graph {
    /// The kinds of the imports, in order.
    imports: Vec<Import>,
    own_globals: usize,
    /// The references of each of the module's own functions.
    bodies: Vec<References>,
    /// The references from outside of functions.
    roots: References,
    /// Whether a custom section refers to offsets in the code, so that no function may be moved.
    pinned: bool,
    /// The number of data segments that fill a memory when the module is instantiated.
    filling: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Import {
    Function,
    Global,
    Other,
}

#[derive(Default)]
struct References {
    functions: Vec<u32>,
    globals: Vec<u32>,
    /// Whether an instruction refers to a data segment.
    data: bool,
}

impl Graph {
    fn read(&mut self, payload: Payload<'_>, uses: &Uses<'_>) -> Result<(), Error> {
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    self.imports.push(match import?.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => Import::Function,
                        TypeRef::Global(_) => Import::Global,
                        _ => Import::Other,
                    });
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    match export.kind {
                        _ if !uses.contains(export.name) => {}
                        ExternalKind::Func | ExternalKind::FuncExact => self.roots.functions.push(export.index),
                        ExternalKind::Global => self.roots.globals.push(export.index),
                        _ => {}
                    }
                }
            }
            Payload::StartSection { func, .. } => self.roots.functions.push(func),
            Payload::GlobalSection(section) => {
                for global in section {
                    self.own_globals += 1;
                    self.roots.read(global?.init_expr.get_operators_reader())?;
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    if let TableInit::Expr(init) = table?.init {
                        self.roots.read(init.get_operators_reader())?;
                    }
                }
            }
            Payload::ElementSection(section) => {
                for element in section {
                    let element = element?;
                    if let ElementKind::Active { offset_expr, .. } = element.kind {
                        self.roots.read(offset_expr.get_operators_reader())?;
                    }
                    self.elements(element.items)?;
                }
            }
            Payload::DataSection(section) => {
                for data in section {
                    if let DataKind::Active { offset_expr, .. } = data?.kind {
                        self.filling += 1;
                        self.roots.read(offset_expr.get_operators_reader())?;
                    }
                }
            }
            Payload::CodeSectionEntry(body) => {
                let mut references = References::default();
                references.read(body.get_operators_reader()?)?;
                self.bodies.push(references);
            }
            Payload::CustomSection(section) => self.pinned |= hints(section.name()),
            _ => {}
        }
        Ok(())
    }

    /// Any code that has access to a table may call its elements.
    fn elements(&mut self, items: ElementItems<'_>) -> Result<(), Error> {
        match items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.roots.functions.push(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    self.roots.read(expression?.get_operators_reader())?;
                }
            }
        }
        Ok(())
    }

    fn imported(&self, kind: Import) -> usize {
        self.imports.iter().filter(|import| **import == kind).count()
    }

    fn reached(mut self) -> Liveness {
        let names_data = self.bodies.iter().any(|body| body.data);
        let imported = self.imported(Import::Function);
        let mut functions = vec![self.pinned; imported + self.bodies.len()];
        let imported_globals = self.imported(Import::Global);
        let mut globals = vec![self.pinned; imported_globals + self.own_globals];
        // The module's own globals are all kept, because their initial value may depend on an import.
        globals[imported_globals..].fill(true);
        while let Some(function) = self.roots.functions.pop() {
            let Some(reached) = functions.get_mut(function as usize) else { continue };
            let before = std::mem::replace(reached, true);
            let own = (function as usize).checked_sub(imported);
            if let (false, Some(own)) = (before, own) {
                let References { functions, globals, .. } = &mut self.bodies[own];
                self.roots.functions.append(functions);
                self.roots.globals.append(globals);
            }
        }
        for global in self.roots.globals {
            if let Some(reached) = globals.get_mut(global as usize) {
                *reached = true;
            }
        }
        let (mut function, mut global) = (functions.iter(), globals.iter());
        let imports = self.imports.iter().map(|import| match import {
            Import::Function => function.next().copied().unwrap_or(true),
            Import::Global => global.next().copied().unwrap_or(true),
            Import::Other => true,
        });
        Liveness {
            imports: imports.collect(),
            functions: Items::new(imported, &functions),
            globals: Items::new(imported_globals, &globals),
            filling: (!names_data).then_some(self.filling),
        }
    }
}

impl References {
    fn read(&mut self, operators: OperatorsReader<'_>) -> Result<(), Error> {
        for operator in operators {
            match operator? {
                Operator::Call { function_index }
                | Operator::ReturnCall { function_index }
                | Operator::RefFunc { function_index } => self.functions.push(function_index),
                Operator::GlobalGet { global_index } | Operator::GlobalSet { global_index } => {
                    self.globals.push(global_index);
                }
                Operator::MemoryInit { .. }
                | Operator::DataDrop { .. }
                | Operator::ArrayNewData { .. }
                | Operator::ArrayInitData { .. } => self.data = true,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether this custom section has compiler hints, which refer to offsets in the code.
pub(super) fn hints(section: &str) -> bool {
    section.starts_with("metadata.code.")
}
