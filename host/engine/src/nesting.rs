//! Limits the nesting of components and of their types. Everything that walks them, including wasmparser's readers,
//! recurses for each level. This check does not recurse, and runs first.

use std::fmt;
use std::thread;

use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternName, ComponentImport, ComponentType, ComponentTypeRef, CoreType,
    Parser, Payload, Result, Validator, WasmFeatures,
};

/// The deepest nesting that is accepted. Toolchains produce five levels.
const DEEPEST: usize = 100;

/// The name of the thread whose panic means that a component is nested too deep, so that its message can be hidden.
pub const VALIDATOR: &str = "validator";

/// The stack of that thread in bytes. Only the used part takes memory.
const STACK: usize = 64 << 20;

/// The error for a component that is nested too deep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooDeep;

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its components or their types are nested more than {DEEPEST} deep, which no toolchain produces")
    }
}

impl std::error::Error for TooDeep {}

/// Checks a component. A damaged one passes as far as it can be read, because no reader reads further.
///
/// # Errors
/// [`TooDeep`].
pub fn check(wasm: &[u8]) -> std::result::Result<(), TooDeep> {
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(Payload::Version { .. }) => depth += 1,
            Ok(Payload::End(_)) => depth -= 1,
            Ok(Payload::ComponentTypeSection(section)) => {
                let range = section.range();
                let types = wasm.get(range.clone()).unwrap_or_default();
                match check_types(BinaryReader::new(types, range.start)) {
                    Ok(true) => {}
                    Ok(false) => return Err(TooDeep),
                    Err(_) => break,
                }
            }
            Ok(_) => {}
            Err(_) => break,
        }
        if depth > DEEPEST {
            return Err(TooDeep);
        }
    }
    check_references(wasm)
}

/// Checks types that refer to earlier types, possibly thousands of levels deep. Wasmparser limits that: by an error for
/// some types, and by a panic for others. Its errors are ignored here, because compiling gives them again.
fn check_references(wasm: &[u8]) -> std::result::Result<(), TooDeep> {
    let validate = || {
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        Parser::new(0).parse_all(wasm).all(|payload| payload.and_then(|payload| validator.payload(&payload)).is_ok())
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name(VALIDATOR.to_owned()).stack_size(STACK).spawn_scoped(scope, validate);
        thread.map_or(Ok(()), |thread| thread.join().map(drop).map_err(|_| TooDeep))
    })
}

/// The owner of a list of declarations, and the number of declarations that are still unread.
struct Open {
    is_component: bool,
    left: u32,
}

/// Whether the types of a section are within the limit.
fn check_types(mut reader: BinaryReader<'_>) -> Result<bool> {
    for _ in 0..reader.read_var_u32()? {
        let mut open = Vec::new();
        open_type(&mut reader, &mut open)?;
        while let Some(Open { is_component, left }) = open.last_mut() {
            if *left == 0 {
                open.pop();
                continue;
            }
            *left -= 1;
            let is_component = *is_component;
            declaration(&mut reader, is_component, &mut open)?;
            if open.len() > DEEPEST {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// Reads a type to its end, or only its head if it contains types.
fn open_type(reader: &mut BinaryReader<'_>, open: &mut Vec<Open>) -> Result<()> {
    // The binary format of component and instance types (component-model, Binary.md, "Type Definitions").
    match reader.clone().read_u8()? {
        head @ (0x41 | 0x42) => {
            reader.read_u8()?;
            open.push(Open { is_component: head == 0x41, left: reader.read_var_u32()? });
        }
        _ => _ = reader.read::<ComponentType<'_>>()?,
    }
    Ok(())
}

fn declaration(reader: &mut BinaryReader<'_>, in_component: bool, open: &mut Vec<Open>) -> Result<()> {
    match reader.clone().read_u8()? {
        0x03 if in_component => {
            reader.read_u8()?;
            reader.read::<ComponentImport<'_>>()?;
        }
        kind => {
            reader.read_u8()?;
            match kind {
                0x00 => _ = reader.read::<CoreType<'_>>()?,
                0x01 => open_type(reader, open)?,
                0x02 => _ = reader.read::<ComponentAlias<'_>>()?,
                _ => {
                    reader.read::<ComponentExternName<'_>>()?;
                    reader.read::<ComponentTypeRef>()?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{compile, world};
    use crate::target::Target;

    const HEAD: [u8; 8] = *b"\0asm\x0d\0\x01\0";

    fn leb(mut number: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let low = u8::try_from(number & 0x7f).unwrap();
            number >>= 7;
            if number == 0 {
                bytes.push(low);
                return bytes;
            }
            bytes.push(low | 0x80);
        }
    }

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id], &leb(content.len())[..], content].concat()
    }

    /// Nested components. They are built from the inside, because each contains the length of its contents.
    fn components(depth: usize) -> Vec<u8> {
        // Built in reverse order, so that the time is linear.
        let mut reversed: Vec<u8> = HEAD.iter().rev().copied().collect();
        for _ in 1..depth {
            reversed.extend(leb(reversed.len()).into_iter().rev());
            reversed.push(4);
            reversed.extend(HEAD.iter().rev());
        }
        reversed.into_iter().rev().collect()
    }

    /// A component with one type that contains nested types.
    fn types(head: u8, depth: usize) -> Vec<u8> {
        let mut content = vec![1];
        content.extend((1..depth).flat_map(|_| [head, 1, 1]));
        content.extend([head, 0]);
        [&HEAD[..], &section(7, &content)].concat()
    }

    fn is_refused(wasm: &[u8]) -> bool {
        let errors =
            [world(wasm).err(), compile(wasm, Target::Host).err()].map(|error| error.map(|error| error.to_string()));
        assert_eq!(errors[0].is_some(), check(wasm).is_err());
        errors.iter().flatten().any(|error| error.contains("more than 100 deep"))
    }

    #[test]
    fn nested_components_are_limited() {
        assert_eq!(check(&components(DEEPEST)), Ok(()));
        for depth in [DEEPEST + 1, 20_000, 200_000] {
            assert!(is_refused(&components(depth)), "{depth}");
        }
        assert!(!is_refused(&components(5)));
    }

    #[test]
    fn nested_types_are_limited() {
        for head in [0x41, 0x42] {
            assert_eq!(check(&types(head, DEEPEST)), Ok(()));
            for depth in [DEEPEST + 1, 20_000, 200_000] {
                assert!(is_refused(&types(head, depth)), "{depth}");
            }
            assert!(!is_refused(&types(head, 5)));
        }
    }

    #[test]
    fn deep_references_are_rejected_without_a_stack_overflow() {
        let chain = |first: &str, next: fn(usize) -> String| {
            let text: String = (1..20_000).map(next).collect();
            wat::parse_str(format!("(component {first} {text})")).unwrap()
        };
        let lists = chain("(type $t0 (list u8))", |index| format!("(type $t{index} (list $t{}))", index - 1));
        let instances = chain("(type $t0 (instance))", |index| {
            let inner = format!("(alias outer 1 $t{} (type $x)) (export \"a\" (instance (type $x)))", index - 1);
            format!("(type $t{index} (instance {inner}))")
        });
        assert_eq!(check(&lists), Ok(()));
        assert!(compile(&lists, Target::Host).unwrap_err().to_string().contains("too deep"));
        assert!(is_refused(&instances));
    }

    #[test]
    fn all_kinds_of_types_are_read() {
        for wasm in
            [funcserver_test_guest::WASM, funcserver_test_guest::WASM_P3, funcserver_test_guest::WASM_HOST_IMPORTS]
        {
            assert_eq!(check(wasm), Ok(()));
            for payload in Parser::new(0).parse_all(wasm) {
                if let Payload::ComponentTypeSection(section) = payload.unwrap() {
                    let range = section.range();
                    assert!(check_types(BinaryReader::new(&wasm[range.clone()], range.start)).unwrap());
                }
            }
        }
        assert_eq!(check(b""), Ok(()));
        assert_eq!(check(&components(50)[..100]), Ok(()));
    }
}
