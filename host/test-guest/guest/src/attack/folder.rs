//! Attacks on `/tmp`.

use std::fs::{self, File};
use std::io::{self, Read};

use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};

/// The number of files in one folder.
const TOGETHER: usize = 1_000;

/// The handle of the folder `/tmp`.
pub fn tmp() -> Descriptor {
    let folders = get_directories();
    let (folder, _) = folders.into_iter().find(|(_, name)| name == "/tmp").expect("the driver grants /tmp");
    folder
}

/// Writes a text to a file, and reads it back. The folder must be empty before.
pub fn keep(text: &str) -> String {
    let before = fs::read_dir("/tmp").expect("/tmp can be listed").count();
    assert_eq!(before, 0, "/tmp is empty");
    fs::write("/tmp/kept", text).expect("a file can be written");
    fs::read_to_string("/tmp/kept").expect("a file can be read")
}

pub fn files(count: usize) -> String {
    format!("{}", made(count).unwrap_or_else(|(made, _)| made))
}

fn made(count: usize) -> Result<usize, (usize, io::Error)> {
    for number in 0..count {
        let folder = number / TOGETHER;
        if number % TOGETHER == 0 {
            fs::create_dir(format!("/tmp/{folder}")).map_err(|error| (number, error))?;
        }
        File::create(format!("/tmp/{folder}/{number}")).map_err(|error| (number, error))?;
    }
    Ok(count)
}

pub fn deep(count: usize) -> String {
    let mut folder = tmp();
    let mut made = 0;
    while made < count && folder.create_directory_at("d").is_ok() {
        let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
        match folder.open_at(PathFlags::empty(), "d", OpenFlags::DIRECTORY, flags) {
            Ok(below) => folder = below,
            Err(_) => break,
        }
        made += 1;
    }
    made.to_string()
}

pub fn sparse(mebibytes: u64) -> String {
    let file = File::create("/tmp/sparse").expect("a file can be made");
    file.set_len(mebibytes << 20).expect("a file can have this size");
    let mut file = File::open("/tmp/sparse").expect("the file can be opened");
    let mut piece = vec![0; 1 << 20];
    let mut read = 0;
    while let Ok(more @ 1..) = file.read(&mut piece) {
        read += more;
    }
    read.to_string()
}
