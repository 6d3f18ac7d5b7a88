//! Joins the data segments of a core module. Go's linker starts a new one after each few zeros and writes up to 100,000
//! of them. Everything that reads the module goes through them one by one.

use std::ops::Range;

use wasm_encoder::{ConstExpr, DataSection, RawSection, Section as _};
use wasmparser::{Data, DataKind, DataSectionReader, Operator, Parser, Payload, TypeRef};

/// The most zeros between two segments that become one.
const GAP: u32 = 64;

/// The length of a module's header: its magic number and version.
const HEADER: usize = 8;

/// A part of the initial memory.
struct Segment<'a> {
    offset: u32,
    end: u32,
    data: &'a [u8],
}

/// The module with fewer data segments, or `None` if it is damaged or they cannot be joined. The memory of its instances
/// begins with the same bytes.
#[must_use]
pub fn join(module: &[u8]) -> Option<Vec<u8>> {
    let mut joined = module.get(..HEADER)?.to_vec();
    let mut found = false;
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.ok()?;
        if let Payload::DataSection(section) = payload {
            encoded(&segments(section)?)?.append_to(&mut joined);
            found = true;
        } else if names_segments_or_memories(&payload) {
            return None;
        } else if let Some((id, range)) = payload.as_section() {
            let data = module.get(range)?;
            RawSection { id, data }.append_to(&mut joined);
        }
    }
    found.then_some(joined)
}

/// Whether instructions may name the segments, or the memory may begin with other bytes than zeros.
fn names_segments_or_memories(payload: &Payload<'_>) -> bool {
    match payload {
        Payload::DataCountSection { .. } => true,
        Payload::ImportSection(section) => {
            let mut imports = section.clone().into_imports();
            imports.any(|import| !import.is_ok_and(|import| !matches!(import.ty, TypeRef::Memory(_))))
        }
        _ => false,
    }
}

/// The segments by their place in the memory, unless two of them overlap or one is of another kind.
fn segments(section: DataSectionReader<'_>) -> Option<Vec<Segment<'_>>> {
    let mut segments = section.into_iter().map(|data| segment(&data.ok()?)).collect::<Option<Vec<_>>>()?;
    segments.sort_by_key(|segment| segment.offset);
    segments.array_windows().all(|[first, second]| first.end <= second.offset).then_some(segments)
}

fn segment<'a>(data: &Data<'a>) -> Option<Segment<'a>> {
    let DataKind::Active { memory_index: 0, offset_expr } = &data.kind else { return None };
    let mut operators = offset_expr.get_operators_reader();
    let Ok(Operator::I32Const { value }) = operators.read() else { return None };
    let Ok(Operator::End) = operators.read() else { return None };
    let offset = value.cast_unsigned();
    let end = offset.checked_add(u32::try_from(data.data.len()).ok()?)?;
    Some(Segment { offset, end, data: data.data })
}

fn encoded(segments: &[Segment<'_>]) -> Option<DataSection> {
    let mut section = DataSection::new();
    for group in segments.chunk_by(|first, second| second.offset - first.end <= GAP) {
        let Range { start, end } = group.first()?.offset..group.last()?.end;
        let mut data = Vec::with_capacity(usize::try_from(end - start).ok()?);
        for segment in group {
            data.resize(usize::try_from(segment.offset - start).ok()?, 0);
            data.extend_from_slice(segment.data);
        }
        section.active(0, &ConstExpr::i32_const(start.cast_signed()), data);
    }
    Some(section)
}

#[cfg(test)]
mod tests {
    use wasmtime::{Engine, Instance, Module, Store};

    use super::*;

    fn memory(module: &[u8]) -> Vec<u8> {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &Module::new(&engine, module).unwrap(), &[]).unwrap();
        instance.get_memory(&mut store, "memory").unwrap().data(&store).to_vec()
    }

    fn number_of_segments(module: &[u8]) -> u32 {
        let sections = Parser::new(0).parse_all(module).filter_map(|payload| match payload.unwrap() {
            Payload::DataSection(section) => Some(section.count()),
            _ => None,
        });
        sections.sum()
    }

    fn module(fields: &str) -> Vec<u8> {
        wat::parse_str(format!(r#"(module (memory (export "memory") 2) {fields} (@custom "after" "kept"))"#)).unwrap()
    }

    #[test]
    fn near_segments_are_joined_and_the_memory_begins_the_same() {
        let first = (0..1000).map(|i| format!(r#"(data (i32.const {}) "\01\02")"#, 4096 + i * 20)).collect::<String>();
        // Before the others; far from all others; side by side; empty.
        let more = r#"(data (i32.const 8) "abc") (data (i32.const 131000) "end") (data (i32.const 131003) "s") (data (i32.const 90000) "")"#;
        let before = module(&format!("{first} {more}"));
        let after = join(&before).unwrap();
        assert_eq!((number_of_segments(&before), number_of_segments(&after)), (1004, 4));
        assert!(memory(&before) == memory(&after));
        assert!(after.ends_with(b"\x05afterkept"));
        // The largest gap that is joined.
        for (gap, segments) in [(GAP, 1), (GAP + 1, 2)] {
            let after = join(&module(&format!(r#"(data (i32.const 7) "a") (data (i32.const {}) "b")"#, 8 + gap)));
            assert_eq!(number_of_segments(&after.unwrap()), segments);
        }
    }

    #[test]
    fn segments_that_depend_on_each_other_or_are_named_stay() {
        for fields in [
            r#"(data (i32.const 0) "abcd") (data (i32.const 2) "xy")"#,
            r#"(data "passive") (data (i32.const 2) "xy")"#,
            r#"(func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))) (data (i32.const 0) "a") (data (i32.const 2) "b")"#,
            r#"(global $at i32 (i32.const 0)) (data (global.get $at) "a") (data (i32.const 2) "b")"#,
            r#"(data (i32.const -1) "ab")"#,
            "",
        ] {
            assert!(join(&module(fields)).is_none(), "{fields}");
        }
        let imported =
            r#"(module (import "env" "memory" (memory 1)) (data (i32.const 0) "a") (data (i32.const 2) "b"))"#;
        assert!(join(&wat::parse_str(imported).unwrap()).is_none());
        let whole = module(r#"(data (i32.const 0) "a") (data (i32.const 2) "b")"#);
        assert!(join(&whole[..whole.len() - 20]).is_none());
    }
}
