//! Handles with as much host memory behind each as possible. They are kept until the instance ends. The answer is their
//! number.

use std::mem::forget;

use wasip3::http::types::{Fields, Response};
use wasip3::{spawn_local, wit_future, wit_stream};

pub fn fields(count: usize, bytes: usize) -> String {
    kept(count, || large(bytes))
}

pub fn responses(count: usize) -> String {
    kept(count, || {
        let (_, ended) = wit_future::new(|| Ok(None));
        Some(Response::new(large(100_000)?, None, ended))
    })
}

pub fn unread(count: usize) -> String {
    kept(count, || {
        let (mut writer, reader) = wit_stream::new::<u8>();
        spawn_local(async move { drop(writer.write_all(vec![b'u'; 1 << 20]).await) });
        Some(reader)
    })
}

fn large(bytes: usize) -> Option<Fields> {
    Fields::from_list(&[("x".to_owned(), vec![b'x'; bytes])]).ok()
}

/// Creates `count` values, or as many as the host allows.
fn kept<T>(count: usize, make: impl FnMut() -> Option<T>) -> String {
    let all: Vec<T> = std::iter::repeat_with(make).take(count).map_while(|one| one).collect();
    let said = all.len().to_string();
    forget(all);
    said
}
