//! A core module without the exports that nobody uses, and the functions and imports that only those reached.

use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{
    CodeSectionReader, CustomSectionReader, Data, DataKind, Export, FunctionSectionReader, ImportSectionReader,
    KnownCustom, Name, Parser, Payload,
};

use super::left::Left;
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
pub(super) fn trim(wasm: &[u8], uses: &Uses<'_>, left: &Left) -> Result<Vec<u8>, Error> {
    let mut trimmed = wasm_encoder::Module::new();
    Trimmer { uses, left }.parse_core_module(&mut trimmed, Parser::new(0), wasm)?;
    Ok(trimmed.finish())
}

struct Trimmer<'a> {
    uses: &'a Uses<'a>,
    left: &'a Left,
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
                // Byte for byte, as debug information wants it.
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
            KnownCustom::Name(names) => module.section(&self.custom_name_section(names)?),
            _ => module.section(&self.custom_section(section)?),
        };
        Ok(())
    }

    /// Of names, backtraces show those of modules and functions.
    fn parse_custom_name_subsection(
        &mut self,
        names: &mut wasm_encoder::NameSection,
        section: Name<'_>,
    ) -> Result<(), Error> {
        match section {
            Name::Module { name, .. } => names.module(name),
            Name::Function(map) => {
                let mut functions = wasm_encoder::NameMap::new();
                for naming in map {
                    let naming = naming?;
                    if let Some(Some(index)) = self.left.functions.indices.get(naming.index as usize) {
                        functions.append(*index, &readable(naming.name));
                    }
                }
                names.functions(&functions);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A name as its source has it, for the names that Rust and C++ compilers write.
fn readable(name: &str) -> String {
    if let Ok(demangled) = rustc_demangle::try_demangle(name) {
        // Without the hash at its end.
        return format!("{demangled:#}");
    }
    let symbol = cpp_demangle::Symbol::new(name).ok();
    symbol.and_then(|symbol| symbol.demangle().ok()).unwrap_or_else(|| name.to_owned())
}
