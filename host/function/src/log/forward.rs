//! Forwards warnings and errors of the libraries that use `tracing` to our log.

use std::fmt;

use tracing::field::{Field as TracingField, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event as TracingEvent, Metadata, Subscriber};

use super::{Field, Level, Log};

/// Accepts events of WARN and ERROR. Spans are ignored, because their fields would add nothing.
struct Forward {
    log: Log,
}

impl Log {
    /// From now on, writes the process's `tracing` events of WARN and ERROR to this log, with their origin as the field
    /// `target`. If the process already has a subscriber, it keeps that one.
    pub fn forward_tracing(&self) {
        let _ = tracing::subscriber::set_global_default(Forward { log: self.clone() });
    }
}

impl Subscriber for Forward {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && level(metadata).is_some()
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::WARN)
    }

    fn event(&self, event: &TracingEvent<'_>) {
        let Some(level) = level(event.metadata()) else { return };
        let mut content = Content::default();
        event.record(&mut content);
        let mut fields: Vec<Field<'_>> = vec![("target", event.metadata().target().into())];
        fields.extend(content.fields.iter().map(|(name, value)| (*name, value.into())));
        self.log.host().event(level, &content.message, &fields);
    }

    /// Spans are never enabled, so this id is not used.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

fn level(metadata: &Metadata<'_>) -> Option<Level> {
    match *metadata.level() {
        tracing::Level::ERROR => Some(Level::Error),
        tracing::Level::WARN => Some(Level::Warn),
        _ => None,
    }
}

#[derive(Default)]
struct Content {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Visit for Content {
    fn record_str(&mut self, field: &TracingField, value: &str) {
        self.add(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &TracingField, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }
}

impl Content {
    fn add(&mut self, field: &TracingField, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((name, value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Format;
    use super::super::sink::Sink;
    use super::*;

    fn lines(level: Level, events: impl FnOnce()) -> Vec<String> {
        let sink = Sink::default();
        let log = Log::new(Format::Text, level, sink.clone());
        tracing::subscriber::with_default(Forward { log }, events);
        sink.text()
    }

    #[test]
    fn warnings_and_errors_come_with_their_fields() {
        let lines = lines(Level::Info, || {
            tracing::error!(target: "engine", status = 500_u16, kind = "odd", "returned {}", "non-200");
            tracing::warn!(target: "engine", error = ?Some(1));
        });
        assert_eq!(
            lines,
            [
                "-\tERROR\treturned non-200 target=engine status=500 kind=odd\n",
                "-\tWARN\t target=engine error=Some(1)\n"
            ]
        );
    }

    #[test]
    fn spans_and_lower_levels_are_ignored() {
        let lines = lines(Level::Trace, || {
            let _span = tracing::error_span!("worker").entered();
            tracing::info!("info");
            tracing::debug!("debug");
            tracing::trace!("trace");
        });
        assert_eq!(lines, Vec::<String>::new());
    }

    #[test]
    fn the_level_of_the_log_applies() {
        let lines = lines(Level::Error, || {
            tracing::warn!("warning");
            tracing::error!("error");
        });
        assert_eq!(lines.len(), 1);
    }

    #[test]
    fn the_first_log_of_a_process_gets_the_events_of_all_its_threads() {
        let (first, second) = (Sink::default(), Sink::default());
        Log::new(Format::Text, Level::Info, first.clone()).forward_tracing();
        Log::new(Format::Text, Level::Info, second.clone()).forward_tracing();
        std::thread::scope(|threads| {
            threads.spawn(|| tracing::error!(target: "elsewhere", "worker died"));
        });
        assert!(first.text().contains(&"-\tERROR\tworker died target=elsewhere\n".to_owned()));
        assert_eq!(second.text(), Vec::<String>::new());
    }
}
