//! The log: each event is one line with its request id, and is written at once.
//!
//! Text is `time <tab> request id <tab> level <tab> message key=value …`, with `-` if there is no request. JSON has the
//! keys of Lambda's own JSON logs (`timestamp`, `level`, `requestId`, `tenantId`, `message`), followed by the fields. Events below
//! the level are not formatted. `event.rs` writes every line, and passes all texts, keys and nested values through
//! `clean.rs` in either format: no text breaks its line or moves a terminal's cursor, and very long ones are truncated
//! with a mark.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>

use std::fmt::Display;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

mod clean;
mod event;
mod failure;
mod forward;
mod guest;
mod level;
mod shape;
#[cfg(test)]
mod sink;
mod time;
mod value;
mod words;

pub use clean::{clean, without_controls};
pub(crate) use failure::failure_message;
pub use level::{Format, Level, UnknownName};
pub use value::Value;
pub(crate) use words::Words;

use event::Event;

use crate::config::LogConfig;

/// A log. Clones share it.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    config: LogConfig,
    lines: Option<Box<dyn Symbolizer>>,
    sink: Mutex<Box<dyn Write + Send>>,
}

/// Finds lines of a handler's source for a backtrace.
pub trait Symbolizer: Send + Sync {
    /// The source position of an offset that a crash names, such as `take src/lib.rs:12:5`, or `None` if it is unknown.
    /// A request waits for this, so it must return soon for every component.
    fn at(&self, offset: u64) -> Option<String>;
}

/// A part of the log: the events of one request, or those without a request.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    log: &'a Log,
    request_id: Option<&'a str>,
    tenant: Option<&'a str>,
}

/// The name and value of a field.
pub type Field<'a> = (&'a str, Value<'a>);

impl Log {
    /// A log that writes events of `level` and above to `sink`, each with one write.
    ///
    /// Errors of the sink are ignored, because there is no other place to report them.
    pub fn new(format: Format, level: Level, sink: impl Write + Send + 'static) -> Log {
        Log::of(&LogConfig { format, level, ..LogConfig::default() }, sink, None)
    }

    /// The log that `config` asks for; see [`Log::new`]. `lines` finds source lines for backtraces.
    pub fn of(config: &LogConfig, sink: impl Write + Send + 'static, lines: Option<Box<dyn Symbolizer>>) -> Log {
        Log(Arc::new(Inner { config: config.clone(), lines, sink: Mutex::new(Box::new(sink)) }))
    }

    /// The scope of the request with this id.
    pub fn at<'a>(&'a self, request_id: &'a str) -> Scope<'a> {
        Scope { log: self, request_id: Some(request_id), tenant: None }
    }

    /// The scope of events without a request: the start, the end, and the connection to the Runtime API.
    pub fn host(&self) -> Scope<'_> {
        Scope { log: self, request_id: None, tenant: None }
    }

    /// Whether events of this level are written.
    pub fn enabled(&self, level: Level) -> bool {
        level >= self.0.config.level
    }

    fn write(&self, lines: &[u8]) {
        let mut sink = self.0.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = sink.write_all(lines).and_then(|()| sink.flush());
    }
}

impl<'a> Scope<'a> {
    /// The same part of the log, whose events name this tenant.
    #[must_use]
    pub fn of_tenant(self, tenant: Option<&'a str>) -> Self {
        Self { tenant, ..self }
    }
}

impl Scope<'_> {
    /// Writes an event, if its level is enabled.
    pub fn event(&self, level: Level, message: impl Display, fields: &[Field<'_>]) {
        if self.log.enabled(level) {
            self.write(level, Value::Shown(&message), fields);
        }
    }

    /// Logs details that only developers of funcserver need.
    pub fn trace(&self, message: impl Display, fields: &[Field<'_>]) {
        self.event(Level::Trace, message, fields);
    }

    /// Logs details that help to find a fault.
    pub fn debug(&self, message: impl Display, fields: &[Field<'_>]) {
        self.event(Level::Debug, message, fields);
    }

    /// Logs a normal event.
    pub fn info(&self, message: impl Display, fields: &[Field<'_>]) {
        self.event(Level::Info, message, fields);
    }

    /// Logs an event that may become a fault.
    pub fn warn(&self, message: impl Display, fields: &[Field<'_>]) {
        self.event(Level::Warn, message, fields);
    }

    /// Logs a request that got no good answer.
    pub fn error(&self, message: impl Display, fields: &[Field<'_>]) {
        self.event(Level::Error, message, fields);
    }

    /// Logs an event that ends the process.
    pub fn fatal(&self, message: impl Display, fields: &[Field<'_>]) {
        self.event(Level::Fatal, message, fields);
    }

    fn write(&self, level: Level, message: Value<'_>, fields: &[Field<'_>]) {
        let mut line = Vec::with_capacity(256);
        let event = Event { level, request_id: self.request_id, tenant: self.tenant, message, fields };
        event.write(&mut line, self.log.0.config.format, SystemTime::now());
        self.log.write(&line);
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::sink::Sink;
    use super::*;

    /// A value that must not be formatted.
    struct Untouched;

    impl Display for Untouched {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("formatted below the level")
        }
    }

    #[test]
    fn events_below_the_level_are_not_formatted() {
        let sink = Sink::default();
        let log = Log::new(Format::Text, Level::Warn, sink.clone());
        log.at("r").info(Untouched, &[("field", Value::Shown(&Untouched))]);
        log.host().trace(Untouched, &[]);
        assert_eq!(sink.writes(), Vec::<String>::new());
    }

    #[test]
    fn every_level_has_its_call() {
        let sink = Sink::default();
        let log = Log::new(Format::Text, Level::Trace, sink.clone());
        let scope = log.at("r");
        scope.trace("", &[]);
        scope.debug("", &[]);
        scope.info("", &[]);
        scope.warn("", &[]);
        scope.error("", &[]);
        scope.fatal("", &[]);
        let writes = sink.writes();
        let levels: Vec<_> = writes.iter().filter_map(|line| line.split('\t').nth(2)).collect();
        assert_eq!(levels, Level::NAMES);
    }

    #[test]
    fn each_event_is_one_line_in_one_write() {
        for format in [Format::Text, Format::Json] {
            let sink = Sink::default();
            let log = Log::new(format, Level::Info, sink.clone());
            log.at("r").error("first\nsecond", &[("where", "a\nb".into())]);
            log.host().info("third", &[]);
            let writes = sink.writes();
            assert_eq!(writes.len(), 2);
            assert!(writes.iter().all(|line| line.ends_with('\n') && line.matches('\n').count() == 1), "{writes:?}");
        }
    }

    #[test]
    fn clones_share_one_sink_across_threads_without_mixing_lines() {
        let sink = Sink::default();
        let log = Log::new(Format::Text, Level::Info, sink.clone());
        std::thread::scope(|threads| {
            for id in ["a", "b", "c", "d"] {
                let log = log.clone();
                threads.spawn(move || (0..100).for_each(|n| log.at(id).info(n, &[])));
            }
        });
        let writes = sink.writes();
        assert_eq!(writes.len(), 400);
        assert!(writes.iter().all(|line| line.matches('\t').count() == 3));
    }

    #[test]
    fn a_broken_sink_is_ignored() {
        struct Broken;
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        Log::new(Format::Json, Level::Info, Broken).host().info("lost", &[]);
    }
}
