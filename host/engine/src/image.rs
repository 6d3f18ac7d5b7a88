//! The initial contents of a memory, which are mapped into every instance or copied.

use std::collections::BTreeMap;

use wasmparser::{Data, DataKind, DataSectionReader, Operator, Parser, Payload};

use crate::config::DENSE_IMAGE;

/// A memory with initial data that is too sparse for mapping, so the data is copied into every instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SparseMemory {
    /// From the first byte of data to the last, in bytes.
    pub range: u64,
    /// The size of the data, in bytes.
    pub data: u64,
}

/// The longest sparse memory of a component, if it has one. A damaged component is reported when it is compiled.
#[must_use]
pub fn sparse_memory(wasm: &[u8]) -> Option<SparseMemory> {
    let sections = Parser::new(0).parse_all(wasm).map_while(Result::ok).filter_map(|payload| match payload {
        Payload::DataSection(section) => Some(section),
        _ => None,
    });
    let sparse = sections.flat_map(of_module);
    sparse.max_by_key(|memory| memory.range)
}

/// The sparse memories of one module, by wasmtime's rule.
fn of_module(section: DataSectionReader<'_>) -> Vec<SparseMemory> {
    let mut memories: BTreeMap<u32, (u64, u64, u64)> = BTreeMap::new();
    for segment in section.into_iter().map_while(Result::ok) {
        let Some((memory, begin)) = place(&segment) else { continue };
        let length = segment.data.len() as u64;
        let (first, end, data) = memories.entry(memory).or_insert((u64::MAX, 0, 0));
        *first = begin.min(*first);
        *end = begin.saturating_add(length).max(*end);
        *data += length;
    }
    let memories = memories.into_values().map(|(first, end, data)| SparseMemory { range: end - first, data });
    memories.filter(|memory| memory.range >= DENSE_IMAGE && memory.range >= memory.data * 2).collect()
}

/// The memory and offset of a non-empty segment, if they are known before it runs.
fn place(segment: &Data<'_>) -> Option<(u32, u64)> {
    let DataKind::Active { memory_index, offset_expr } = &segment.kind else { return None };
    let begin = match offset_expr.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => u64::from(value.cast_unsigned()),
        Operator::I64Const { value } => value.cast_unsigned(),
        _ => return None,
    };
    (!segment.data.is_empty()).then_some((*memory_index, begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(second: u64) -> Vec<u8> {
        let text = format!(
            r#"(component (core module (memory 4000)
                (data (i32.const 16) "begin") (data (i32.const {second}) "end") (data (i32.const 0) "")))"#
        );
        wat::parse_str(text).unwrap()
    }

    #[test]
    fn a_long_memory_with_little_data_is_sparse() {
        assert_eq!(sparse_memory(&component(100 << 20)), None);
        let range = (200 << 20) + 3 - 16;
        assert_eq!(sparse_memory(&component(200 << 20)), Some(SparseMemory { range, data: 8 }));
        assert_eq!(sparse_memory(b"no component"), None);
    }
}
