//! Trims a core module: removes unused exports, and the functions and imports that only they reach.

use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, Data, DataKind, Export, FunctionSectionReader, ImportSectionReader,
    KnownCustom, Name, NameMap, Parser, Payload,
};

use super::liveness::{self, Liveness};
use super::names::Names;
use super::{Cut, Error, Uses};

/// The imports that are kept: the name of an instance, and the name of its export.
pub(super) fn asked<'a>(wasm: &'a [u8], live: &Liveness) -> Result<Vec<(&'a str, &'a str)>, Error> {
    let mut asked = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        if let Payload::ImportSection(section) = payload? {
            for (import, stays) in section.into_imports().zip(&live.imports) {
                let import = import?;
                if *stays {
                    asked.push((import.module, import.name));
                }
            }
        }
    }
    Ok(asked)
}

/// Encodes the module without its unreachable parts.
pub(super) fn trim(wasm: &[u8], uses: &Uses<'_>, live: &Liveness, names: &mut Names) -> Result<Vec<u8>, Error> {
    let mut trimmed = wasm_encoder::Module::new();
    Trimmer { uses, live, names }.parse_core_module(&mut trimmed, Parser::new(0), wasm)?;
    Ok(trimmed.finish())
}

struct Trimmer<'a> {
    uses: &'a Uses<'a>,
    live: &'a Liveness,
    names: &'a mut Names,
}

impl Trimmer<'_> {
    /// The names of the kept functions, up to the first name that cannot be read.
    fn function_names(&mut self, map: NameMap<'_>) -> wasm_encoder::NameMap {
        let mut functions = wasm_encoder::NameMap::new();
        for naming in map.into_iter().map_while(Result::ok) {
            if let Some(Some(index)) = self.live.functions.indices.get(naming.index as usize)
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
        Ok(self.live.functions.index(function))
    }

    fn global_index(&mut self, global: u32) -> Result<u32, Error> {
        Ok(self.live.globals.index(global))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut wasm_encoder::ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error> {
        for (at, import) in section.into_imports().enumerate() {
            let import = import?;
            if self.live.imports.get(at) == Some(&true) {
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
            if self.live.functions.keeps_own(own) {
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
        let keeps_code = self.live.keeps_code();
        for (own, body) in section.into_iter().enumerate() {
            let body = body?;
            if keeps_code {
                // Copied byte for byte, so that the offsets in compiler hints are correct.
                code.raw(body.as_bytes());
            } else if self.live.functions.keeps_own(own) {
                self.parse_function_body(code, body)?;
            }
        }
        Ok(())
    }

    fn data_count(&mut self, count: u32) -> Result<u32, Error> {
        Ok(self.live.filling.unwrap_or(count))
    }

    fn parse_data(&mut self, segments: &mut wasm_encoder::DataSection, segment: Data<'_>) -> Result<(), Error> {
        if self.live.filling.is_none() || !matches!(segment.kind, DataKind::Passive) {
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
            // A damaged name section is not an error of the component: the readable names are kept.
            KnownCustom::Name(names) => {
                let mut readable = wasm_encoder::NameSection::new();
                for subsection in names.map_while(Result::ok) {
                    match subsection {
                        Name::Module { name, .. } => {
                            self.names.readable(name).iter().for_each(|name| readable.module(name));
                        }
                        Name::Function(map) => readable.functions(&self.function_names(map)),
                        // Backtraces show only the names of functions.
                        _ => {}
                    }
                }
                module.section(&readable);
            }
            _ if liveness::hints(section.name()) => {
                module.section(&self.custom_section(section)?);
            }
            // The compiler does not use debug information and producer notes.
            _ => {}
        }
        Ok(())
    }
}
