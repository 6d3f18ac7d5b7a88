//! Changes compiled components and bootstraps, as if another version had built them for another machine.

use object::elf::FileHeader64;
use object::endian::LittleEndian;
use object::read::elf::{FileHeader as _, SectionHeader as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::tool::Tool;

/// The position of the machine in an ELF header.
const MACHINE: usize = 18;
pub(crate) const X86_64: u8 = 62;
pub(crate) const ARM64: u8 = 183;
const RISCV: u8 = 243;

/// Compiles the mirror to `name`, with its facts.
pub(crate) fn compile(tool: &Tool, name: &str, more: &str) {
    tool.write("mirror.wasm", crate::wasm::MIRROR);
    tool.run(&format!("build mirror.wasm -o {name} {more}")).succeeded();
}

/// Changes a compiled component together with its facts, so that only its own header reveals the change.
pub(crate) fn forge(tool: &Tool, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = tool.read(name);
    change(&mut bytes);
    tool.write(name, &bytes);
    let hash: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    set_fact(tool, name, "sha256", json!(hash));
    set_fact(tool, name, "length", json!(bytes.len()));
}

/// Changes one of the facts beside a compiled component.
pub(crate) fn set_fact(tool: &Tool, name: &str, key: &str, value: Value) {
    let path = format!("{name}.json");
    let mut facts: Value = serde_json::from_slice(&tool.read(&path)).unwrap();
    facts[key] = value;
    tool.write(&path, facts.to_string());
}

/// The section with wasmtime's settings: a format, the length of a version, the version, settings.
pub(crate) fn engine_section(bytes: &[u8]) -> std::ops::Range<usize> {
    let header = FileHeader64::<LittleEndian>::parse(bytes).unwrap();
    let sections = header.sections(LittleEndian, bytes).unwrap();
    let (_, section) = sections.section_by_name(LittleEndian, b".wasmtime.engine").unwrap();
    let (offset, size) = section.file_range(LittleEndian).unwrap();
    let offset = usize::try_from(offset).unwrap();
    offset..offset + usize::try_from(size).unwrap()
}

/// The compiled component as if another version of wasmtime had compiled it.
pub(crate) fn other_version(bytes: &mut [u8]) {
    let at = engine_section(bytes).start;
    assert_eq!(bytes[at + 1], 2, "the version has two digits");
    bytes[at + 2..at + 4].copy_from_slice(b"24");
}

/// The compiled component with another setting. The last setting is the set of features of WebAssembly.
pub(crate) fn other_settings(bytes: &mut [u8]) {
    let at = engine_section(bytes).end - 2;
    bytes[at] ^= 1;
}

/// A program for another machine.
pub(crate) fn other_machine(bytes: &mut [u8]) {
    bytes[MACHINE] = RISCV;
}

/// A small program that `bundle` accepts as a bootstrap: an ELF header and the marker.
pub(crate) fn small_bootstrap(machine: u8, marker: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 64];
    bytes[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\x00");
    bytes[MACHINE] = machine;
    bytes.extend_from_slice(marker);
    bytes
}

/// The machine in an ELF header.
pub(crate) fn machine(bytes: &[u8]) -> u8 {
    assert!(bytes.starts_with(b"\x7fELF"));
    bytes[MACHINE]
}
