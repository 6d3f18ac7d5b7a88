//! A core module without the exports that nobody uses, and the functions and imports that only those reached.

use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, Data, DataKind, Export, FunctionSectionReader, ImportSectionReader,
    KnownCustom, Name, NameMap, Parser, Payload,
};

use super::left::{self, Left};
use super::names::Names;
use super::{Cut, Error, Uses};

/// What is left of a module's imports: the name of an instance, and what of it.
pub(super) fn asked<'a>(wasm: &'a [u8], left: &Left) -> Result<Vec<(&'a str, &'a str)>, Error> {
    let mut asked = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload? {
            for (import, stays) in section.into_imports().zip(&left.imports) {
                let import = import?;
                if *stays {
                    asked.push((import.module, import.name));
                }
            }
        }
    }
    Ok(asked)
}

/// The module without what is not left of it.
pub(super) fn trim(wasm: &[u8], uses: &Uses<'_>, left: &Left, names: &mut Names) -> Result<Vec<u8>, Error> {
    let mut trimmed = wasm_encoder::Module::new();
    Trimmer { uses, left, names }.parse_core_module(&mut trimmed, Parser::new(0), wasm)?;
    Ok(trimmed.finish())
}

struct Trimmer<'a> {
    uses: &'a Uses<'a>,
    left: &'a Left,
    names: &'a mut Names,
}

impl Trimmer<'_> {
    /// The names of the functions that stay, up to the first that cannot be read.
    fn function_names(&mut self, map: NameMap<'_>) -> wasm_encoder::NameMap {
        let mut functions = wasm_encoder::NameMap::new();
        for naming in map.into_iter().map_while(Result::ok) {
            if let Some(Some(index)) = self.left.functions.indices.get(naming.index as usize)
                && let Some(name) = self.names.readable(naming.name)
            {
                functions.append(*index, &name);
            }
        }
        functions
    }
}

impl Reencode for Trimmer<'_> {
    type Error = Cut;

    fn function_index(&mut self, function: u32) -> Result<u32, Error> {
        Ok(self.left.functions.index(function))
    }

    fn global_index(&mut self, global: u32) -> Result<u32, Error> {
        Ok(self.left.globals.index(global))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut wasm_encoder::ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        for (at, import) in section.into_imports().enumerate() {
            let import = import?;
            if self.left.imports.get(at) == Some(&true) {
                imports.import(import.module, import.name, self.entity_type(import.ty)?);
            }
        }
        Ok(())
    }

    fn parse_export(&mut self, exports: &mut wasm_encoder::ExportSection, export: Export<'_>) -> Result<(), Error> {
        if self.uses.contains(export.name) {
            reencode::utils::parse_export(self, exports, export)?;
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut wasm_encoder::FunctionSection,
        section: FunctionSectionReader<'_>,
    ) -> Result<(), Error> {
        for (own, function_type) in section.into_iter().enumerate() {
            if self.left.functions.own_stays(own) {
                functions.function(self.type_index(function_type?)?);
            }
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        let keeps_code = self.left.keeps_code();
        for (own, body) in section.into_iter().enumerate() {
            let body = body?;
            if keeps_code {
                // Byte for byte, as hints for the compiler want it.
                code.raw(body.as_bytes());
            } else if self.left.functions.own_stays(own) {
                self.parse_function_body(code, body)?;
            }
        }
        Ok(())
    }

    fn data_count(&mut self, count: u32) -> Result<u32, Error> {
        Ok(self.left.filling.unwrap_or(count))
    }

    fn parse_data(&mut self, segments: &mut wasm_encoder::DataSection, segment: Data<'_>) -> Result<(), Error> {
        if self.left.filling.is_none() || !matches!(segment.kind, DataKind::Passive) {
            reencode::utils::parse_data(self, segments, segment)?;
        }
        Ok(())
    }

    fn parse_custom_section(
        &mut self,
        module: &mut wasm_encoder::Module,
        section: CustomSectionReader<'_>,
    ) -> Result<(), Error> {
        match section.as_known() {
            // A section of names that cannot be read to its end is no error of a component: what can be read is kept.
            KnownCustom::Name(names) => {
                let mut readable = wasm_encoder::NameSection::new();
                for subsection in names.map_while(Result::ok) {
                    match subsection {
                        Name::Module { name, .. } => {
                            self.names.readable(name).iter().for_each(|name| readable.module(name));
                        }
                        Name::Function(map) => readable.functions(&self.function_names(map)),
                        // Backtraces show no other names.
                        _ => {}
                    }
                }
                module.section(&readable);
            }
            _ if left::hints(section.name()) => {
                module.section(&self.custom_section(section)?);
            }
            // Debug information and notes of toolchains mean nothing to the compiler.
            _ => {}
        }
        Ok(())
    }
}
