use wasip3::cli::{stderr, stdout};
use wasip3::wit_stream;

/// A standard stream of 0.3.
pub enum Standard {
    Output,
    Error,
}

/// Writes a line, and waits until the host has accepted it.
pub async fn line(standard: Standard, text: &str) {
    let (mut writer, reader) = wit_stream::new();
    let written = match standard {
        Standard::Output => stdout::write_via_stream(reader),
        Standard::Error => stderr::write_via_stream(reader),
    };
    let rest = writer.write_all(format!("{text}\n").into_bytes()).await;
    drop(writer);
    if !rest.is_empty() || written.await.is_err() {
        panic!("the host does not take the line");
    }
}
