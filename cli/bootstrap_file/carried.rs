//! The bootstraps that a released tool carries, so that `bundle` needs no other file.

use std::io::{self, Read as _};

use flate2::read::GzDecoder;
use funcserver_engine::Arch;

use crate::size::{Size, UNZIPPED};

/// The output of `embed.rs`: architectures and gzip files. Empty in a plain `cargo build`.
const CARRIED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bootstraps.rs"));

/// Whether this tool carries the bootstrap for `arch`.
pub(super) fn carries(arch: Arch) -> bool {
    compressed(arch).is_some()
}

/// The bootstrap for `arch`; `None` if this tool carries none.
pub(super) fn bootstrap(arch: Arch) -> Option<io::Result<Vec<u8>>> {
    compressed(arch).map(|bytes| unpack(bytes, UNZIPPED))
}

fn compressed(arch: Arch) -> Option<&'static [u8]> {
    CARRIED.iter().find(|(name, _)| *name == arch.name()).map(|(_, bytes)| *bytes)
}

fn unpack(compressed: &[u8], most: Size) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    GzDecoder::new(compressed).take(most.0 + 1).read_to_end(&mut bytes)?;
    if Size::of(&bytes) > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn it_is_unpacked_up_to_a_limit() {
        let packed = packed(b"program");
        assert_eq!(unpack(&packed, Size(7)).unwrap(), b"program");
        assert_eq!(unpack(&packed, Size(6)).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn damage_is_found() {
        let mut packed = packed(b"program");
        let last = packed.len() - 8;
        packed[last] ^= 1;
        assert!(unpack(&packed, Size(7)).is_err());
        assert!(unpack(&packed[..last], Size(7)).is_err());
        assert!(unpack(b"", Size(7)).is_err());
    }
}
