//! Go's table of functions and lines (`runtime.pclntab`), as Go 1.20 and later write it into the memory of a program.

use std::ops::Range;

/// The first bytes of the table: its magic number, two zeros, the size of an instruction and of an address.
const HEADER: [u8; 8] = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];

/// The index of the table of inlined calls among the values by position of a function, and among its pointers.
const INLINE_INDEX: u32 = 2;
const INLINE_TREE: u32 = 3;

/// A part of a program's memory.
#[derive(Clone, Copy)]
pub(super) struct Memory<'a> {
    start: u64,
    bytes: &'a [u8],
}

impl<'a> Memory<'a> {
    pub(super) fn at(start: u64, bytes: &'a [u8]) -> Memory<'a> {
        Memory { start, bytes }
    }

    fn from(self, address: u64) -> Option<&'a [u8]> {
        self.bytes.get(usize::try_from(address.checked_sub(self.start)?).ok()?..)
    }

    fn u8(self, address: u64) -> Option<u8> {
        self.from(address)?.first().copied()
    }

    fn u32(self, address: u64) -> Option<u32> {
        Some(u32::from_le_bytes(*self.from(address)?.first_chunk()?))
    }

    pub(super) fn u64(self, address: u64) -> Option<u64> {
        Some(u64::from_le_bytes(*self.from(address)?.first_chunk()?))
    }

    /// A text that ends with a zero.
    fn text(self, address: u64) -> Option<&'a str> {
        let bytes = self.from(address)?;
        let end = bytes.iter().take(4096).position(|byte| *byte == 0)?;
        str::from_utf8(&bytes[..end]).ok()
    }

    /// The text of which the address and the length are at `address`: a string of Go.
    pub(super) fn string(self, address: u64) -> Option<String> {
        let (start, length) = (self.u64(address)?, usize::try_from(self.u64(address + 8)?).ok()?);
        let bytes = self.from(start)?.get(..length.min(4096))?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}

/// The addresses of the table's parts.
#[derive(Clone, Debug)]
pub(super) struct Table {
    names: u64,
    units: u64,
    files: u64,
    values: u64,
    functions: u64,
    count: u32,
    /// The position of the first function, in the form of a return address without its block.
    first: u64,
    /// The base of the pointers of functions.
    pointers: u64,
}

/// A function.
#[derive(Clone, Copy)]
pub(super) struct Function<'a> {
    table: &'a Table,
    memory: Memory<'a>,
    address: u64,
}

impl Table {
    /// Finds the table, and the description of the program that refers to it.
    pub(super) fn find(memory: Memory<'_>) -> Option<Table> {
        let header = aligned(memory).find(|address| memory.from(*address).is_some_and(|at| at.starts_with(&HEADER)))?;
        let part = |number: u64| Some(header + memory.u64(header + 32 + 8 * number)?);
        let (names, functions) = (part(0)?, part(4)?);
        let module = aligned(memory)
            .find(|address| memory.u64(*address) == Some(header) && memory.u64(*address + 8) == Some(names))?;
        let table = Table {
            names,
            units: part(1)?,
            files: part(2)?,
            values: part(3)?,
            functions,
            count: u32::try_from(memory.u64(header + 8)?).ok()?,
            first: memory.u64(module + 160)? >> 16,
            pointers: memory.u64(module + 320)?,
        };
        // The description has the same addresses, if its fields are where this version of Go has them.
        let fits = memory.u64(module + 104) == Some(functions) && memory.u64(module + 128) == Some(functions);
        fits.then_some(table)
    }

    /// The functions of these names, each with its index.
    pub(super) fn named<'n>(&self, memory: Memory<'_>, names: &[&'n str]) -> Option<Vec<(&'n str, u32)>> {
        let mut found = Vec::new();
        for index in 0..self.count {
            let name = self.function(memory, index)?.name()?;
            if let Some(name) = names.iter().find(|wanted| **wanted == name) {
                found.push((*name, index));
            }
        }
        Some(found)
    }

    fn function<'a>(&'a self, memory: Memory<'a>, index: u32) -> Option<Function<'a>> {
        let offset = memory.u32(self.functions + 8 * u64::from(index) + 4)?;
        Some(Function { table: self, memory, address: self.functions + u64::from(offset) })
    }

    /// The function that a return address is in.
    pub(super) fn at<'a>(&'a self, memory: Memory<'a>, position: u64) -> Option<Function<'a>> {
        let index = u32::try_from((position >> 16).checked_sub(self.first)?).ok()?;
        if index >= self.count { None } else { self.function(memory, index) }
    }

    fn name<'a>(&self, memory: Memory<'a>, offset: u32) -> Option<&'a str> {
        memory.text(self.names + u64::from(offset))
    }
}

impl<'a> Function<'a> {
    fn field(self, offset: u64) -> Option<u32> {
        self.memory.u32(self.address + offset)
    }

    pub(super) fn name(self) -> Option<&'a str> {
        self.table.name(self.memory, self.field(4)?)
    }

    /// Whether it is the last of its stack.
    pub(super) fn is_last(self) -> bool {
        const TOP_FRAME: u8 = 1;
        self.memory.u8(self.address + 41).is_none_or(|flags| flags & TOP_FRAME != 0)
    }

    /// The size of its part of the stack at a block, without the return address.
    pub(super) fn stack_size(self, block: u64) -> Option<u64> {
        u64::try_from(self.value(self.field(16)?, block)?).ok()
    }

    /// The file and line of a block.
    pub(super) fn line(self, block: u64) -> Option<(&'a str, u32)> {
        let file = u32::try_from(self.value(self.field(20)?, block)?).ok()?;
        let line = u32::try_from(self.value(self.field(24)?, block)?).ok()?;
        let unit = self.field(32)?.checked_add(file)?;
        let offset = self.memory.u32(self.table.units + 4 * u64::from(unit))?;
        Some((self.memory.text(self.table.files + u64::from(offset))?, line))
    }

    /// The call that was inlined at a block: the function's name, and the block from which it is called.
    pub(super) fn inlined(self, block: u64) -> Option<(&'a str, u64)> {
        let (values, pointers) = (self.field(28)?, u32::from(self.memory.u8(self.address + 43)?));
        if values <= INLINE_INDEX || pointers <= INLINE_TREE {
            return None;
        }
        let index = self.value(self.field(44 + 4 * u64::from(INLINE_INDEX))?, block)?;
        let tree = self.field(44 + 4 * u64::from(values + INLINE_TREE))?;
        if tree == u32::MAX {
            return None;
        }
        let call = self.table.pointers + u64::from(tree) + 16 * u64::try_from(index).ok()?;
        let name = self.table.name(self.memory, self.memory.u32(call + 4)?)?;
        Some((name, u64::from(self.memory.u32(call + 8)?)))
    }

    /// The value at a block, in a list of differences of values and blocks.
    fn value(self, list: u32, block: u64) -> Option<i32> {
        if list == 0 {
            return None;
        }
        let mut bytes = self.memory.from(self.table.values + u64::from(list))?;
        let (mut value, mut end, mut first) = (-1_i32, 0_u64, true);
        loop {
            let difference = number(&mut bytes)?;
            if difference == 0 && !first {
                return None;
            }
            first = false;
            // Zigzag: the lowest bit is the sign.
            let sign = 0_u32.wrapping_sub(difference & 1);
            value = value.wrapping_add((sign ^ (difference >> 1)).cast_signed());
            end += u64::from(number(&mut bytes)?);
            if block < end {
                return Some(value);
            }
        }
    }
}

/// A number of seven bits a byte, the lowest first.
fn number(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0;
    for shift in (0..32).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// The addresses of memory that a table or description may be at.
fn aligned(memory: Memory<'_>) -> impl Iterator<Item = u64> {
    let Range { start, end } = memory.start..memory.start + memory.bytes.len() as u64;
    (start.next_multiple_of(8)..end).step_by(8)
}
