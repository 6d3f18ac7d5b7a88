//! Finds lines of the source in the debug information of a core module (DWARF 4 and 5).
//!
//! A few bytes of hostile debug information can require hours: units share line programs, and entries share lists of
//! ranges. The information is therefore read in steps with a time check after each. One step takes time linear in the
//! length of the section at most, and no stored data grows with it.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Instant;

use gimli::{AttributeValue, ColumnType, DebuggingInformationEntry, Dwarf, EndianSlice, LittleEndian, Unit};

use super::{SourceFunction, short};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'a> = DebuggingInformationEntry<Bytes<'a>>;

/// The most references that are followed to find a name: to a declaration, or to an inlined function.
const ORIGINS: usize = 8;

/// Finds the functions that contain the code at an address, the innermost first, with the line in each. The result is
/// empty if the information is missing or damaged.
///
/// # Errors
/// The search takes too long.
pub(super) fn find(
    wasm: &[u8],
    sections: &HashMap<String, Range<usize>>,
    address: u64,
    until: Instant,
) -> Result<Vec<SourceFunction>, TooLong> {
    let section = |id: gimli::SectionId| {
        let bytes = sections.get(id.name()).and_then(|section| wasm.get(section.clone())).unwrap_or_default();
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    };
    let Ok(dwarf) = Dwarf::load(section) else { return Ok(Vec::new()) };
    match (Search { dwarf: &dwarf, address, until }).functions() {
        Ok(functions) => Ok(functions),
        Err(Ended::TooLong) => Err(TooLong),
        Err(Ended::Damaged) => Ok(Vec::new()),
    }
}

/// Reading the debug information takes too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// The reason why a search ends early.
enum Ended {
    TooLong,
    Damaged,
}

impl From<gimli::Error> for Ended {
    fn from(_: gimli::Error) -> Self {
        Self::Damaged
    }
}

struct Search<'s, 'a> {
    dwarf: &'s Dwarf<Bytes<'a>>,
    address: u64,
    until: Instant,
}

/// A line of a file, identified by the file's number.
#[derive(Clone, Copy, Default)]
struct Line {
    file: u64,
    line: Option<u64>,
    column: Option<u64>,
}

impl<'a> Search<'_, 'a> {
    fn step(&self) -> Result<(), Ended> {
        if Instant::now() < self.until { Ok(()) } else { Err(Ended::TooLong) }
    }

    fn functions(&self) -> Result<Vec<SourceFunction>, Ended> {
        let mut headers = self.dwarf.units();
        while let Some(header) = headers.next()? {
            self.step()?;
            let Ok(unit) = self.dwarf.unit(header) else { continue };
            if self.covers(self.dwarf.unit_ranges(&unit)?)? {
                let found = self.in_unit(&unit)?;
                if !found.is_empty() {
                    return Ok(found);
                }
            }
        }
        Ok(Vec::new())
    }

    fn covers(&self, mut ranges: gimli::RangeIter<Bytes<'a>>) -> Result<bool, Ended> {
        while let Some(range) = ranges.next()? {
            self.step()?;
            if (range.begin..range.end).contains(&self.address) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The line of the code, and for each function that is inlined there, the line of its call.
    fn in_unit(&self, unit: &Unit<Bytes<'a>>) -> Result<Vec<SourceFunction>, Ended> {
        let Some(mut line) = self.line(unit)? else { return Ok(Vec::new()) };
        let mut functions = Vec::new();
        for (name, called) in self.entries(unit)?.into_iter().rev() {
            functions.push(self.function(unit, name, line));
            line = called;
        }
        if functions.is_empty() {
            functions.push(self.function(unit, None, line));
        }
        Ok(functions)
    }

    fn line(&self, unit: &Unit<Bytes<'a>>) -> Result<Option<Line>, Ended> {
        let Some(program) = unit.line_program.clone() else { return Ok(None) };
        let mut rows = program.rows();
        let mut before = None;
        while let Some((_, row)) = rows.next_row()? {
            self.step()?;
            if let Some((start, line)) = before
                && start <= self.address
                && self.address < row.address()
            {
                return Ok(Some(line));
            }
            let column = match row.column() {
                ColumnType::LeftEdge => None,
                ColumnType::Column(column) => Some(column.get()),
            };
            let line = Line { file: row.file_index(), line: row.line().map(Into::into), column };
            before = (!row.end_sequence()).then_some((row.address(), line));
        }
        Ok(None)
    }

    /// The function at the address and the functions inlined in it, the outermost first: their names, and the line of
    /// each call.
    fn entries(&self, unit: &Unit<Bytes<'a>>) -> Result<Vec<(Option<String>, Line)>, Ended> {
        let mut found: Vec<(isize, Option<String>, Line)> = Vec::new();
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            self.step()?;
            // Only an entry within the innermost one so far can be a part of it.
            if found.last().is_some_and(|(depth, ..)| entry.depth() <= *depth) {
                break;
            }
            let is_function = match entry.tag() {
                gimli::DW_TAG_subprogram => found.is_empty(),
                gimli::DW_TAG_inlined_subroutine => !found.is_empty(),
                _ => false,
            };
            if is_function && self.covers(self.dwarf.die_ranges(unit, entry)?)? {
                found.push((entry.depth(), self.name(unit, entry), called(entry)));
                if found.len() >= super::DEEPEST {
                    break;
                }
            }
        }
        Ok(found.into_iter().map(|(_, name, line)| (name, line)).collect())
    }

    /// The name in an entry, or in the entry that it refers to.
    fn name(&self, unit: &Unit<Bytes<'a>>, entry: &Entry<'a>) -> Option<String> {
        let mut entry = entry.clone();
        for _ in 0..ORIGINS {
            let names = [gimli::DW_AT_linkage_name, gimli::DW_AT_name];
            if let Some(name) = names.into_iter().find_map(|name| entry.attr_value(name)) {
                let name = self.dwarf.attr_string(unit, name).ok()?;
                return crate::trim::Names::default().readable(&String::from_utf8_lossy(cut(name.slice())));
            }
            let origins = [gimli::DW_AT_abstract_origin, gimli::DW_AT_specification];
            let AttributeValue::UnitRef(origin) = origins.into_iter().find_map(|origin| entry.attr_value(origin))?
            else {
                return None;
            };
            entry = unit.entry(origin).ok()?;
        }
        None
    }

    fn function(&self, unit: &Unit<Bytes<'a>>, name: Option<String>, line: Line) -> SourceFunction {
        let file = self.file(unit, line.file);
        let (line, column) = if file.is_some() { (line.line, line.column) } else { (None, None) };
        SourceFunction { name, file, line, column }
    }

    fn file(&self, unit: &Unit<Bytes<'a>>, number: u64) -> Option<String> {
        let header = unit.line_program.as_ref()?.header();
        let file = header.file(number)?;
        let text = |value| {
            let text = self.dwarf.attr_string(unit, value).ok()?;
            Some(String::from_utf8_lossy(cut(text.slice())).into_owned())
        };
        let name = text(file.path_name())?;
        match file.directory(header).and_then(text) {
            Some(folder) if !name.starts_with('/') && !folder.is_empty() => Some(short(&format!("{folder}/{name}"))),
            _ => Some(short(&name)),
        }
    }
}

/// The line at which an inlined function is called.
fn called(entry: &Entry<'_>) -> Line {
    let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
    Line {
        file: number(gimli::DW_AT_call_file).unwrap_or_default(),
        line: number(gimli::DW_AT_call_line),
        column: number(gimli::DW_AT_call_column),
    }
}

/// Truncates a text to the length that may be returned, before it is copied.
fn cut(text: &[u8]) -> &[u8] {
    &text[..text.len().min(4 * super::LONGEST)]
}
