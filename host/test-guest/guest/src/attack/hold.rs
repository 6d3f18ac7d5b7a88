//! Handles with as much host memory behind each as possible. They are kept until the instance ends. The answer is their
//! number.

use std::fs::File;
use std::mem::forget;

use wasip2::clocks::monotonic_clock::subscribe_duration;
use wasip2::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use wasip2::http::types::{Fields, OutgoingResponse};

use super::folder::tmp;

const PIECE: usize = 64 * 1024;

pub fn fields(count: usize, bytes: usize) -> String {
    let value = vec![b'x'; bytes];
    let make = || {
        let fields = Fields::new();
        fields.append("x", &value).ok().map(|()| fields)
    };
    kept(count, make)
}

pub fn bodies(count: usize) -> String {
    let piece = vec![0; PIECE];
    let make = || {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().ok()?;
        let stream = body.write().ok()?;
        while let Ok(room @ 1..) = stream.check_write() {
            let length = usize::try_from(room).unwrap_or(PIECE).min(PIECE);
            if stream.write(&piece[..length]).is_err() {
                break;
            }
        }
        Some((stream, body, response))
    };
    kept(count, make)
}

pub fn listings(files: usize, count: usize) -> String {
    let long = "y".repeat(200);
    for number in 0..files {
        File::create(format!("/tmp/{number}-{long}")).expect("a file can be made");
    }
    let folder = tmp();
    kept(count, || folder.read_directory().ok())
}

pub fn open(count: usize) -> String {
    let folder = tmp();
    kept(count, || folder.open_at(PathFlags::empty(), "f", OpenFlags::CREATE, DescriptorFlags::WRITE).ok())
}

pub fn pollables(count: usize) -> String {
    kept(count, || Some(subscribe_duration(u64::MAX)))
}

/// Creates `count` values, or as many as the host allows.
fn kept<T>(count: usize, make: impl FnMut() -> Option<T>) -> String {
    let all: Vec<T> = std::iter::repeat_with(make).take(count).map_while(|one| one).collect();
    let said = all.len().to_string();
    forget(all);
    said
}
