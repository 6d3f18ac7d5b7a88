//! Merges the data segments that fill the memories of a core module into one for each memory.
//!
//! A snapshot replaces the segments of the module, but their indices stay in use, and it adds up to 10,000 segments of
//! its own. Go's linker writes up to 100,000, the maximum that any engine accepts.

use std::collections::{BTreeMap, BTreeSet};

use wasm_encoder::ConstExpr;
use wasm_encoder::reencode::{self, Reencode};
use wasmparser::{
    CodeSectionReader, ConstExpr as Offset, Data, DataKind, DataSectionReader, FunctionBody, MemoryType, Name,
    Operator, Parser, Payload, TypeRef,
};

type Error = reencode::Error;

/// Encodes the module with one segment for each memory that its segments fill, before the segments that instructions
/// name. Returns `None` if the module is damaged, if the offset of a segment is known only at instantiation, or if the
/// segments span more than `most` bytes.
pub(super) fn packed(wasm: &[u8], most: usize) -> Option<Vec<u8>> {
    let mut packer = Packer::read(wasm, most)?;
    let mut module = wasm_encoder::Module::new();
    packer.parse_core_module(&mut module, Parser::new(0), wasm).ok()?;
    Some(module.finish())
}

/// The contents of a memory after its segments are applied.
struct Image {
    memory64: bool,
    start: u64,
    bytes: Vec<u8>,
}

/// The facts about the segments of a module.
struct Packer {
    images: BTreeMap<u32, Image>,
    /// The passive segments that an instruction names. The others are never read.
    kept: BTreeSet<u32>,
    /// The new index of each segment.
    indices: Vec<u32>,
    /// Whether an instruction names a segment.
    in_code: bool,
}

/// The memory and the offset of a segment that fills a memory.
pub(super) type Place = Option<(u32, u64)>;

impl Packer {
    fn read(wasm: &[u8], most: usize) -> Option<Packer> {
        let mut memories = Vec::new();
        let mut segments = Vec::new();
        let mut named = BTreeSet::new();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.ok()? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        if let TypeRef::Memory(memory) = import.ok()?.ty {
                            memories.push(memory);
                        }
                    }
                }
                Payload::MemorySection(section) => {
                    for memory in section {
                        memories.push(memory.ok()?);
                    }
                }
                Payload::CodeSectionEntry(body) => names(&body, &mut named)?,
                Payload::DataSection(section) => {
                    for segment in section {
                        let segment = segment.ok()?;
                        segments.push((place(&segment)?, segment.data));
                    }
                }
                _ => {}
            }
        }
        let images = images(&memories, &segments, most)?;
        Some(Packer::of(images, &segments, &named))
    }

    fn of(images: BTreeMap<u32, Image>, segments: &[(Place, &[u8])], named: &BTreeSet<u32>) -> Packer {
        let first: BTreeMap<u32, u32> = images.keys().copied().zip(0..).collect();
        let mut next = (images.len() as u32)..;
        let mut kept = BTreeSet::new();
        let indices = (0..).zip(segments).map(|(index, (place, _))| match place {
            Some((memory, _)) => first.get(memory).copied().unwrap_or(u32::MAX),
            None if named.contains(&index) => {
                kept.insert(index);
                next.next().unwrap_or(u32::MAX)
            }
            // No instruction refers to it.
            None => u32::MAX,
        });
        let indices = indices.collect();
        Packer { images, kept, indices, in_code: !named.is_empty() }
    }

    fn count(&self) -> u32 {
        (self.images.len() + self.kept.len()) as u32
    }
}

/// Adds the segments that the instructions of a function name.
fn names(body: &FunctionBody<'_>, named: &mut BTreeSet<u32>) -> Option<()> {
    for operator in body.get_operators_reader().ok()? {
        if let Operator::MemoryInit { data_index, .. }
        | Operator::DataDrop { data_index }
        | Operator::ArrayNewData { array_data_index: data_index, .. }
        | Operator::ArrayInitData { array_data_index: data_index, .. } = operator.ok()?
        {
            named.insert(data_index);
        }
    }
    Some(())
}

/// The memory and offset of a segment, if it fills a memory. Returns `None` if the offset is not a constant.
pub(super) fn place(segment: &Data<'_>) -> Option<Place> {
    match &segment.kind {
        DataKind::Passive => Some(None),
        DataKind::Active { memory_index, offset_expr } => Some(Some((*memory_index, constant(offset_expr)?))),
    }
}

fn constant(offset: &Offset<'_>) -> Option<u64> {
    let mut operators = offset.get_operators_reader().into_iter();
    let constant = match operators.next()?.ok()? {
        Operator::I32Const { value } => u64::from(value.cast_unsigned()),
        Operator::I64Const { value } => value.cast_unsigned(),
        _ => return None,
    };
    matches!(operators.next(), Some(Ok(Operator::End))).then_some(constant)
}

/// The contents of each memory after its segments are applied, later ones over earlier ones. Returns `None` if a
/// segment goes beyond the end of its memory, or if the segments span more than `most` bytes in total.
fn images(memories: &[MemoryType], segments: &[(Place, &[u8])], most: usize) -> Option<BTreeMap<u32, Image>> {
    let placed = || segments.iter().filter_map(|(place, data)| place.map(|(memory, start)| (memory, start, *data)));
    let mut spans: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (memory, start, data) in placed() {
        let memory_type = memories.get(memory as usize)?;
        let size = memory_type.initial.checked_mul(1 << memory_type.page_size_log2.unwrap_or(16))?;
        let end = start.checked_add(data.len() as u64).filter(|end| *end <= size)?;
        let span = spans.entry(memory).or_insert((start, end));
        *span = (span.0.min(start), span.1.max(end));
    }
    let all: u64 = spans.values().map(|(start, end)| end - start).sum();
    if all > most as u64 {
        return None;
    }
    let image = |(memory, (start, end)): (u32, (u64, u64))| {
        let memory64 = memories.get(memory as usize)?.memory64;
        Some((memory, Image { memory64, start, bytes: vec![0; usize::try_from(end - start).ok()?] }))
    };
    let mut images: BTreeMap<u32, Image> = spans.into_iter().map(image).collect::<Option<_>>()?;
    for (memory, start, data) in placed() {
        let image = images.get_mut(&memory)?;
        let at = usize::try_from(start - image.start).ok()?;
        image.bytes.get_mut(at..at + data.len())?.copy_from_slice(data);
    }
    Some(images)
}

impl Reencode for Packer {
    type Error = std::convert::Infallible;

    fn data_index(&mut self, data: u32) -> Result<u32, Error> {
        Ok(self.indices.get(data as usize).copied().unwrap_or(u32::MAX))
    }

    fn data_count(&mut self, _: u32) -> Result<u32, Error> {
        Ok(self.count())
    }

    fn parse_data_section(
        &mut self,
        packed: &mut wasm_encoder::DataSection,
        section: DataSectionReader<'_>,
    ) -> Result<(), Error> {
        for (memory, image) in &self.images {
            let offset = if image.memory64 {
                ConstExpr::i64_const(image.start.cast_signed())
            } else {
                // The offset is within a 32-bit memory.
                ConstExpr::i32_const((image.start as u32).cast_signed())
            };
            packed.active(*memory, &offset, image.bytes.iter().copied());
        }
        for (index, segment) in (0..).zip(section) {
            if self.kept.contains(&index) {
                packed.passive(segment?.data.iter().copied());
            }
        }
        Ok(())
    }

    fn parse_code_section(
        &mut self,
        code: &mut wasm_encoder::CodeSection,
        section: CodeSectionReader<'_>,
    ) -> Result<(), Error> {
        for body in section {
            let body = body?;
            if self.in_code {
                self.parse_function_body(code, body)?;
            } else {
                code.raw(body.as_bytes());
            }
        }
        Ok(())
    }

    fn parse_custom_name_subsection(
        &mut self,
        names: &mut wasm_encoder::NameSection,
        section: Name<'_>,
    ) -> Result<(), Error> {
        // The segments were merged, so their names do not apply.
        if matches!(section, Name::Data(_)) {
            Ok(())
        } else {
            reencode::utils::parse_custom_name_subsection(self, names, section)
        }
    }
}
