//! Text files that other programs have written with a byte order mark, or in another encoding than UTF-8.

/// Text that is not UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Encoding(&'static str);

impl std::fmt::Display for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "it is {}, as PowerShell's > writes it; save it as UTF-8", self.0)
    }
}

impl std::error::Error for Encoding {}

/// The text without its byte order mark (U+FEFF), which has no meaning in UTF-8.
///
/// # Errors
/// It is UTF-16 or UTF-32. They are detected by their mark, or by the zero bytes of the first character, which is ASCII
/// in JSON and TOML.
pub(crate) fn without_mark(mut bytes: Vec<u8>) -> Result<Vec<u8>, Encoding> {
    match bytes[..] {
        [0xef, 0xbb, 0xbf, ..] => Ok(bytes.split_off(3)),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, _, ..] | [_, 0, 0, 0, ..] => {
            Err(Encoding("UTF-32"))
        }
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, ..] | [_, 0, ..] => Err(Encoding("UTF-16")),
        _ => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_left_out_and_other_encodings_are_named() {
        for text in ["", "{}", "{", "ä"] {
            assert_eq!(without_mark(text.into()), Ok(text.into()));
            assert_eq!(without_mark(format!("\u{feff}{text}").into()), Ok(text.into()));
        }
        let utf_16 = |text: &str, bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
        let utf_32 =
            |text: &str, bytes: fn(u32) -> [u8; 4]| text.chars().flat_map(|c| bytes(c.into())).collect::<Vec<_>>();
        for text in ["\u{feff}{}", "{}", "\u{feff}"] {
            for bytes in [utf_16(text, u16::to_le_bytes), utf_16(text, u16::to_be_bytes)] {
                assert_eq!(without_mark(bytes), Err(Encoding("UTF-16")), "{text:?}");
            }
            for bytes in [utf_32(text, u32::to_le_bytes), utf_32(text, u32::to_be_bytes)] {
                assert_eq!(without_mark(bytes), Err(Encoding("UTF-32")), "{text:?}");
            }
        }
    }
}
