//! The size of a contender, unpacked and zipped.

use std::fs::{self, File};
use std::io::{self, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::contender::Contender;
use crate::figures::Figures;

/// Figures with the sizes only. Links are not counted, because their targets belong to Lambda's runtime.
pub(crate) fn measure(contender: &Contender, stage: &Path) -> Result<Figures> {
    let folder = stage.join(contender.folder());
    let files = files(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut disk = 0;
    for file in &files {
        disk += file.metadata()?.len();
    }
    let executable = contender.command.first().map(|name| folder.join(name));
    let executable = executable.and_then(|path| path.symlink_metadata().ok()).filter(|path| path.is_file());
    // If the contender's own tool has created the zip, that one is measured.
    let zip = match stage.join(format!("{}.zip", contender.folder())).metadata() {
        Ok(zip) => zip.len(),
        Err(_) => zipped(&files)?,
    };
    Ok(Figures {
        disk_bytes: disk,
        executable_bytes: executable.map_or(0, |executable| executable.len()),
        zip_bytes: zip,
        ..Figures::default()
    })
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            found.extend(files(&entry.path())?);
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// The size of a zip of these files, with the same compression level as `funcserver bundle`.
fn zipped(files: &[PathBuf]) -> Result<u64> {
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).compression_level(Some(9));
    let mut zip = ZipWriter::new(Counter::default());
    for file in files {
        zip.start_file_from_path(file, options)?;
        io::copy(&mut File::open(file)?, &mut zip)?;
    }
    Ok(zip.finish()?.end)
}

/// A writer that only counts the bytes.
#[derive(Default)]
struct Counter {
    position: u64,
    end: u64,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.position += bytes.len() as u64;
        self.end = self.end.max(self.position);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl io::Seek for Counter {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Seek as _;

    use super::*;

    #[test]
    fn links_are_not_counted_and_a_zip_is_smaller() {
        let stage = tempfile::tempdir().unwrap();
        let folder = stage.path().join("go");
        fs::create_dir_all(folder.join("sub")).unwrap();
        fs::write(folder.join("bootstrap"), vec![b'a'; 50_000]).unwrap();
        fs::write(folder.join("sub/b"), vec![b'b'; 50_000]).unwrap();
        std::os::unix::fs::symlink("bootstrap", folder.join("link")).unwrap();
        let [go] = Contender::list(&["go".into()]).unwrap().try_into().unwrap();
        let figures = measure(&go, stage.path()).unwrap();
        assert_eq!((figures.disk_bytes, figures.executable_bytes), (100_000, 50_000));
        assert!((200..2_000).contains(&figures.zip_bytes), "{}", figures.zip_bytes);
        fs::write(stage.path().join("go.zip"), "zip").unwrap();
        assert_eq!(measure(&go, stage.path()).unwrap().zip_bytes, 3);
    }

    #[test]
    fn a_counter_ends_where_the_last_byte_is() {
        let mut counter = Counter::default();
        counter.write_all(b"12345").unwrap();
        counter.seek(SeekFrom::Start(1)).unwrap();
        counter.write_all(b"x").unwrap();
        assert_eq!((counter.stream_position().unwrap(), counter.end), (2, 5));
        assert!(counter.seek(SeekFrom::End(-6)).is_err());
    }
}
