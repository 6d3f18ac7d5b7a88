//! The log of a deployment: JSON records, which are found by the id of their request.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

/// The log is written after the answer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone, Default)]
pub(crate) struct Records(Arc<Mutex<Vec<Value>>>);

impl Records {
    /// Adds a line. A line that is no JSON is kept as a text.
    pub(crate) fn add(&self, line: &str) {
        let record = serde_json::from_str(line).unwrap_or_else(|_| Value::from(line));
        self.lock().push(record);
    }

    /// The records of a request, as soon as one of them has `text` in its message.
    pub(crate) fn with(&self, id: &str, text: &str) -> Result<Vec<Value>, String> {
        let begin = Instant::now();
        loop {
            let found = self.of(id);
            if found.iter().any(|record| message(record).contains(text)) {
                return Ok(found);
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("no record has {text:?}; those of the request are {found:#?}"));
            }
            sleep(Duration::from_millis(10));
        }
    }

    /// The records of a request.
    pub(crate) fn of(&self, id: &str) -> Vec<Value> {
        self.lock().iter().filter(|record| record["requestId"] == id).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The host writes each record as one line in one write.
impl Write for Records {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for line in String::from_utf8_lossy(bytes).lines() {
            self.add(line);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The message of a record.
pub(crate) fn message(record: &Value) -> &str {
    record["message"].as_str().unwrap_or_default()
}
