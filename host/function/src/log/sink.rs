//! A sink for tests that records every write separately.

use std::io::{Result, Write};
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
pub(super) struct Sink(Arc<Mutex<Vec<String>>>);

impl Sink {
    pub(super) fn writes(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// The writes as JSON, without their time.
    pub(super) fn json(&self) -> Vec<serde_json::Value> {
        let parse = |line: &String| {
            let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
            let timestamp = event.as_object_mut().unwrap().remove("timestamp").unwrap();
            assert_eq!(timestamp.as_str().unwrap().len(), "2025-01-02T03:04:05.678Z".len());
            event
        };
        self.writes().iter().map(parse).collect()
    }

    /// The writes without their time.
    pub(super) fn text(&self) -> Vec<String> {
        self.writes().iter().map(|line| line.split_once('\t').unwrap().1.to_owned()).collect()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().push(String::from_utf8(bytes.to_vec()).unwrap());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
