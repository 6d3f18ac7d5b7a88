use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// The text format of a custom section with these contents.
fn section(name: &str, contents: &[u8]) -> String {
    let bytes: String = contents.iter().map(|byte| format!("\\{byte:02x}")).collect();
    format!(r#"(@custom "{name}" (after code) "{bytes}")"#)
}

/// A section of DWARF: its length, followed by the contents.
fn counted(contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).unwrap().to_le_bytes();
    [&length[..], contents].concat()
}

/// DWARF 4 debug information for the code from `start` to `end`. It has `units` units, which share one line program
/// with a line for each byte of `lines`, at consecutive addresses.
fn debug_information(units: usize, start: u32, end: u32, lines: &[u8]) -> String {
    let abbreviations = [1, 0x11, 0, 0x10, 0x17, 0x11, 0x01, 0x12, 0x06, 0, 0, 0];
    let mut unit = vec![4, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0];
    unit.extend(start.to_le_bytes());
    unit.extend((end - start).to_le_bytes());
    let header = [1, 1, 1, 0, 1, 13, 0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, b's', b'r', b'c', 0, 0];
    let header = [&header[..], b"shop.rs\0\x01\0\0\0"].concat();
    let mut program = counted(&header);
    program.splice(0..0, [4, 0]);
    program.extend([0, 5, 2]);
    program.extend(start.to_le_bytes());
    for line in lines {
        // Advance the line by `line`, add a row, and advance the address by one.
        program.extend([3, *line, 1, 2, 1]);
    }
    program.extend([0, 1, 1]);
    [
        section(".debug_abbrev", &abbreviations),
        section(".debug_info", &counted(&unit).repeat(units)),
        section(".debug_line", &counted(&program)),
    ]
    .concat()
}

fn component(debug: &str) -> Vec<u8> {
    let text = format!(
        r#"(component
            (core module (func (export "other") nop))
            (core module $shop
                (import "" "unused" (func $unused))
                (func $left_out (call $unused) nop nop nop)
                (func $_ZN4shop4take17h0123456789abcdefE nop nop unreachable)
                (func (export "handle") (call $_ZN4shop4take17h0123456789abcdefE))
                {debug})
            (core module $stub (func (export "unused")))
            (core instance $stub (instantiate $stub))
            (core instance $shop (instantiate $shop (with "" (instance $stub))))
            (alias core export $shop "handle" (core func)))"#
    );
    wat::parse_str(text).unwrap()
}

/// The offset of `unreachable` in the compiled component.
fn unreachable_in(wasm: &[u8]) -> u64 {
    let trimmed = trim::trim(wasm).unwrap();
    // The bytes of nop, nop, unreachable, end.
    let at = trimmed.windows(4).position(|code| code == [1, 1, 0, 0x0b]).unwrap();
    at as u64 + 2
}

#[test]
fn a_compiled_offset_maps_to_a_place_in_the_source() {
    let plain = component("");
    let at = unreachable_in(&plain);
    let map = SourceMap::new(plain.clone()).unwrap();
    let place = map.at(at, SECOND).unwrap();
    assert_eq!(place.functions.len(), 1);
    assert_eq!(place.functions[0].to_string(), "shop::take");

    // Of the code section: a count, the first function with its length of 7, then the length, a count of locals, two nops.
    let with = component(&debug_information(1, 9, 14, &[10, 1, 1, 1, 1, 1]));
    assert_eq!(unreachable_in(&with), at);
    let place = SourceMap::new(with).unwrap().at(at, SECOND).unwrap();
    assert_eq!(place.functions[0].name.as_deref(), Some("shop::take"));
    assert_eq!(place.functions[0].file.as_deref(), Some("src/shop.rs"));
    assert_eq!(place.functions[0].line, Some(15), "{place:?}");
}

#[test]
fn an_offset_without_code_maps_to_nothing() {
    let wasm = component("");
    let map = SourceMap::new(wasm.clone()).unwrap();
    for offset in [0, 8, u64::MAX, wasm.len() as u64 * 2] {
        assert_eq!(map.at(offset, SECOND), None);
    }
    assert!(SourceMap::new(b"no component".to_vec()).is_err());
}

/// 2,000 units share a line program of 100,000 rows that does not contain the address.
#[test]
fn hostile_debug_information_ends_in_time() {
    let lines = vec![0; 100_000];
    let wasm = component(&debug_information(2000, 0x1000, 0x1001, &lines));
    let map = SourceMap::new(wasm.clone()).unwrap();
    let found = dwarf::find(&map.wasm, &map.source[1].debug, 0x1000 + 200_000, Instant::now() + SECOND);
    assert_eq!(found, Ok(Vec::new()));
    let wide = component(&debug_information(2000, 0, 0xffff_ffff, &lines));
    let map = SourceMap::new(wide).unwrap();
    let begun = Instant::now();
    let found = dwarf::find(&map.wasm, &map.source[1].debug, 0xfff_ffff, begun + Duration::from_millis(100));
    assert_eq!(found, Err(dwarf::TooLong));
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn damaged_debug_information_gives_only_the_function() {
    let good = debug_information(1, 9, 14, &[10, 1, 1, 1, 1, 1]);
    let wasm = component(&good);
    let at = unreachable_in(&wasm);
    let from = wasm.windows(11).position(|bytes| bytes == b".debug_info").unwrap();
    for byte in from..wasm.len().min(from + 200) {
        let mut damaged = wasm.clone();
        damaged[byte] ^= 0x55;
        let Ok(map) = SourceMap::new(damaged) else { continue };
        let _ = map.at(at, SECOND);
    }
}
