//! Detects the kind of a file from its first bytes, for errors that say what was found.

use object::elf::FileHeader64;
use object::endian::Endianness;
use object::read::elf::{FileHeader, SectionHeader};

/// The section in which wasmtime stores its version and settings.
const ENGINE_SECTION: &[u8] = b".wasmtime.engine";
/// The OS ABI of wasmtime's ELF files (`ELFOSABI_WASMTIME` of the crate wasmtime-environ).
const WASMTIME_OS_ABI: u8 = 200;
/// The header flag of a compiled component (`EF_WASMTIME_COMPONENT`, same place).
const COMPONENT_FLAG: u32 = 2;

/// The kinds of files that users pass to this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A component in the WebAssembly binary format: it can be compiled.
    Component,
    /// A core module in the WebAssembly binary format.
    CoreModule,
    /// A component that wasmtime compiled.
    Precompiled(Precompiled),
    /// An executable or library, or a core module that wasmtime compiled.
    OtherBinary,
    /// A file without content.
    Empty,
    /// Text.
    Text,
    /// Anything else.
    Unknown,
}

/// The header of a compiled component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precompiled {
    /// The version of wasmtime in the file (only its major version), if it can be read.
    pub version: Option<String>,
    /// The architecture in the words of a target triple: `x86_64`, `aarch64`, or another.
    pub arch: &'static str,
}

impl FileKind {
    /// Detects the kind of these bytes. No input causes a panic, and only the version's name is allocated.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        match bytes {
            [] => Self::Empty,
            [0, b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => Self::Component,
            [0, b'a', b's', b'm', 1, 0, 0, 0, ..] => Self::CoreModule,
            [0x7f, b'E', b'L', b'F', ..] => elf(bytes),
            _ => {
                let head = &bytes[..bytes.len().min(512)];
                let text = |byte: &u8| *byte >= b' ' || matches!(byte, b'\n' | b'\r' | b'\t');
                if head.iter().all(text) { Self::Text } else { Self::Unknown }
            }
        }
    }

    /// A description for error messages.
    #[must_use]
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Component => "a component that is not compiled yet",
            Self::CoreModule => "a core WebAssembly module, not a component",
            Self::Precompiled(_) => "a compiled component",
            Self::OtherBinary => "an executable or library, not a component",
            Self::Empty => "empty",
            Self::Text => "text, not a component",
            Self::Unknown => "neither a WebAssembly file nor a compiled component",
        }
    }
}

fn elf(bytes: &[u8]) -> FileKind {
    let Ok(header) = FileHeader64::<Endianness>::parse(bytes) else { return FileKind::OtherBinary };
    let Ok(endian) = header.endian() else { return FileKind::OtherBinary };
    if header.e_ident().os_abi != WASMTIME_OS_ABI || header.e_flags(endian) & COMPONENT_FLAG == 0 {
        return FileKind::OtherBinary;
    }
    let arch = match header.e_machine(endian) {
        object::elf::EM_X86_64 => "x86_64",
        object::elf::EM_AARCH64 => "aarch64",
        object::elf::EM_RISCV => "riscv64",
        object::elf::EM_S390 => "s390x",
        _ => "unknown",
    };
    FileKind::Precompiled(Precompiled { version: version(header, endian, bytes), arch })
}

/// The version in the engine section, which consists of a format byte, a length, and the version.
fn version(header: &FileHeader64<Endianness>, endian: Endianness, bytes: &[u8]) -> Option<String> {
    let sections = header.sections(endian, bytes).ok()?;
    let (_, section) = sections.section_by_name(endian, ENGINE_SECTION)?;
    let data = section.data(endian, bytes).ok()?;
    let length = usize::from(*data.get(1)?);
    let version = std::str::from_utf8(data.get(2..2 + length)?).ok()?;
    Some(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_files_are_detected() {
        assert_eq!(FileKind::of(b""), FileKind::Empty);
        assert_eq!(FileKind::of(b"\0asm\x0d\0\x01\0..."), FileKind::Component);
        assert_eq!(FileKind::of(b"\0asm\x01\0\0\0"), FileKind::CoreModule);
        assert_eq!(FileKind::of(b"\x7fELF"), FileKind::OtherBinary);
        assert_eq!(FileKind::of("(component) ü\n".as_bytes()), FileKind::Text);
        assert_eq!(FileKind::of(b"\0as"), FileKind::Unknown);
    }
}
