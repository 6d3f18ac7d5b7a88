//! Logs the guest's standard output and error.

use std::time::SystemTime;

use funcserver_engine::{LogLevel, LogMessage, Stream};
use serde_json::{Map, Value as Json};

use super::clean::{LONGEST, clean};
use super::event::{Event, RESERVED};
use super::shape::{self, Shaped};
use super::value::cleaned;
use super::{Field, Format, Level, Scope, Value};
use crate::metrics::NAMESPACE;

/// The keys by which CloudWatch recognizes a line with metrics, in any letter case: those of the format, and of its
/// first version.
const METRIC_KEYS: [&str; 2] = ["_aws", "CloudWatchMetrics"];

impl Scope<'_> {
    /// Writes one line of the guest, with the field `stream`.
    ///
    /// A line that is a JSON object keeps its members as fields. Its level and message are read as common loggers write
    /// them (`shape.rs`). Members that the host sets itself are kept as `guest_<name>`, and so are those that would
    /// make the line a metric of CloudWatch, unless `log.handler-metrics` allows them. Any other line is INFO on
    /// standard output and WARN on standard error: many languages log everything there, which is not an error, but a
    /// panic's message is there too and must be visible with a log level of WARN.
    pub fn guest(&self, stream: Stream, line: &str) {
        self.guest_lines(stream, &mut std::iter::once(line));
    }

    /// Writes all lines at once. Returns the number of bytes.
    pub fn guest_lines(&self, stream: Stream, lines: &mut dyn Iterator<Item = &str>) -> usize {
        let mut written = Vec::with_capacity(256);
        let now = SystemTime::now();
        lines.for_each(|line| self.guest_line(&mut written, now, stream, line));
        if !written.is_empty() {
            self.log.write(&written);
        }
        written.len()
    }

    /// Writes a message of `wasi:logging`, with its level and with its context as a field. Returns the number of bytes.
    /// The message is text, even if it looks like JSON: it has its level already.
    pub fn guest_message(&self, message: &LogMessage<'_>) -> usize {
        let level = match message.level {
            LogLevel::Trace => Level::Trace,
            LogLevel::Debug => Level::Debug,
            LogLevel::Info => Level::Info,
            LogLevel::Warn => Level::Warn,
            LogLevel::Error => Level::Error,
            LogLevel::Critical => Level::Fatal,
        };
        if !self.log.enabled(level) {
            return 0;
        }
        let mut fields: Vec<Field<'_>> = vec![("stream", "wasi:logging".into())];
        if !message.context.is_empty() {
            fields.push(("context", (&*message.context).into()));
        }
        let text = message.text.trim_end_matches(['\r', '\n']).into();
        let event = Event { level, request_id: self.request_id, tenant: self.tenant, message: text, fields: &fields };
        let mut written = Vec::with_capacity(256);
        event.write(&mut written, self.log.0.config.format, SystemTime::now());
        self.log.write(&written);
        written.len()
    }

    fn guest_line(&self, written: &mut Vec<u8>, now: SystemTime, stream: Stream, line: &str) {
        let (name, level) = match stream {
            Stream::Stdout => ("stdout", Level::Info),
            Stream::Stderr => ("stderr", Level::Warn),
        };
        match object(line) {
            Some(members) => self.guest_json(written, now, name, level, members),
            None if self.log.enabled(level) => {
                let message = line.trim_end_matches(['\r', '\n']).into();
                let Self { request_id, tenant, .. } = *self;
                let event = Event { level, request_id, tenant, message, fields: &[("stream", name.into())] };
                event.write(written, self.log.0.config.format, now);
            }
            None => {}
        }
    }

    fn guest_json(
        &self,
        written: &mut Vec<u8>,
        now: SystemTime,
        stream: &str,
        otherwise: Level,
        members: Map<String, Json>,
    ) {
        let Shaped { level, message, members } = shape::read(with_clean_keys(members));
        let level = level.unwrap_or(otherwise);
        let (members, is_metric) = self.with_keys_of_ours(members);
        if !self.log.enabled(level) && !is_metric {
            return;
        }
        let mut fields: Vec<Field<'_>> = vec![("stream", stream.into())];
        fields.extend(members.iter().map(|(key, value)| (key.as_str(), Value::Json(value))));
        let message = message.as_ref().map_or(Value::Text(""), Value::Json);
        // CloudWatch finds a metric only in a line that is JSON from its first byte.
        let format = if is_metric { Format::Json } else { self.log.0.config.format };
        let Self { request_id, tenant, .. } = *self;
        Event { level, request_id, tenant, message, fields: &fields }.write(written, format, now);
    }

    /// Renames the members that the guest may not set. Also returns whether they are a metric that it may write.
    fn with_keys_of_ours(&self, mut members: Map<String, Json>) -> (Map<String, Json>, bool) {
        let mut is_metric = false;
        let keys: Vec<String> = members.keys().filter(|key| is_ours(key)).cloned().collect();
        for key in keys {
            let Some(mut value) = members.remove(&key) else { continue };
            if key == METRIC_KEYS[0] && self.log.0.config.handler_metrics {
                value = cleaned(&value);
                if is_of_the_guest(&value) {
                    is_metric = true;
                    members.insert(key, value);
                    continue;
                }
            }
            members.entry(format!("guest_{key}")).or_insert(value);
        }
        (members, is_metric)
    }
}

fn is_ours(key: &str) -> bool {
    RESERVED.contains(&key) || METRIC_KEYS.iter().any(|ours| key.eq_ignore_ascii_case(ours))
}

/// Whether no metric is in the host's own namespace. The value has been cleaned, so no key occurs twice.
fn is_of_the_guest(directive: &Json) -> bool {
    let namespaces = directive["CloudWatchMetrics"].as_array().into_iter().flatten();
    let mut names = namespaces.map(|metrics| metrics["Namespace"].as_str().map(str::trim)).peekable();
    names.peek().is_some() && names.all(|name| name.is_some_and(|name| !name.eq_ignore_ascii_case(NAMESPACE)))
}

/// Keys that differ only in invisible characters are the same key, and the first one is kept.
fn with_clean_keys(members: Map<String, Json>) -> Map<String, Json> {
    if members.keys().all(|key| clean(key) == key.as_str()) {
        return members;
    }
    let (own, changed): (Vec<_>, Vec<_>) = members.into_iter().partition(|(key, _)| clean(key) == key.as_str());
    let mut kept: Map<String, Json> = own.into_iter().collect();
    for (key, value) in changed {
        kept.entry(&*clean(&key)).or_insert(value);
    }
    kept
}

/// The members of a line that is a JSON object and is not too long.
fn object(line: &str) -> Option<Map<String, Json>> {
    if !line.trim_start().starts_with('{') || line.len() > LONGEST {
        return None;
    }
    // A lone surrogate is not a character, but JavaScript may write one.
    serde_json::from_str(line).or_else(|_| serde_json::from_str(&without_lone_surrogates(line))).ok()
}

/// Replaces each escape of a lone surrogate in JSON by U+FFFD.
fn without_lone_surrogates(json: &str) -> String {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let mut kept = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = match unit(rest) {
            Some(0xd800..0xdc00) if matches!(unit(&rest[6..]), Some(0xdc00..0xe000)) => 12,
            Some(0xd800..0xe000) => {
                kept.push_str("\\ufffd");
                rest = &rest[6..];
                continue;
            }
            Some(_) => 6,
            // Another escape, such as a backslash, which is two characters.
            None => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
        };
        kept.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sink::Sink;
    use super::super::{Format, Log};
    use super::*;
    use crate::config::LogConfig;

    fn json_of(level: Level, stream: Stream, line: &str) -> Vec<Json> {
        let sink = Sink::default();
        Log::new(Format::Json, level, sink.clone()).at("r").guest(stream, line);
        sink.json()
    }

    fn text_of(stream: Stream, line: &str) -> Vec<String> {
        let sink = Sink::default();
        Log::new(Format::Text, Level::Info, sink.clone()).at("r").guest(stream, line);
        sink.text()
    }

    #[test]
    fn plain_lines_have_the_level_of_their_stream() {
        assert_eq!(
            json_of(Level::Info, Stream::Stdout, "hello\r\n"),
            [json!({"level": "INFO", "requestId": "r", "message": "hello", "stream": "stdout"})]
        );
        assert_eq!(
            json_of(Level::Warn, Stream::Stderr, "\u{1b}[31mpanicked"),
            [json!({"level": "WARN", "requestId": "r", "message": "panicked", "stream": "stderr"})]
        );
        assert_eq!(json_of(Level::Warn, Stream::Stdout, "hello"), Vec::<Json>::new());
        assert_eq!(text_of(Stream::Stdout, "hello you"), ["r\tINFO\thello you stream=stdout\n"]);
    }

    fn message(level: LogLevel, context: &'static str, text: &'static str) -> LogMessage<'static> {
        LogMessage::new(level, context.into(), text.into())
    }

    #[test]
    fn a_message_of_wasi_logging_has_its_level_and_its_context() {
        let levels = [
            (LogLevel::Trace, "TRACE"),
            (LogLevel::Debug, "DEBUG"),
            (LogLevel::Info, "INFO"),
            (LogLevel::Warn, "WARN"),
            (LogLevel::Error, "ERROR"),
            (LogLevel::Critical, "FATAL"),
        ];
        for (level, name) in levels {
            let sink = Sink::default();
            let log = Log::new(Format::Json, Level::Trace, sink.clone());
            let written = log.at("r").guest_message(&message(level, "cart", "no stock\n"));
            let context = json!({
                "level": name, "requestId": "r", "message": "no stock", "stream": "wasi:logging", "context": "cart"
            });
            assert_eq!(sink.json(), [context]);
            assert_eq!(written, sink.writes()[0].len());
        }
    }

    #[test]
    fn messages_below_the_level_are_not_written() {
        let sink = Sink::default();
        let log = Log::new(Format::Text, Level::Info, sink.clone());
        for level in [LogLevel::Trace, LogLevel::Debug] {
            assert_eq!(log.at("r").guest_message(&message(level, "", "no")), 0);
        }
        log.at("r").guest_message(&message(LogLevel::Info, "", "yes"));
        assert_eq!(sink.text(), ["r\tINFO\tyes stream=wasi:logging\n"]);
    }

    /// Neither the text nor the context of a message can pass for another record, for a field of the host or a metric.
    #[test]
    fn a_message_cannot_forge_a_line() {
        let sink = Sink::default();
        let log = Log::new(Format::Text, Level::Info, sink.clone());
        let forged = "a\n2025-01-02T03:04:05.678Z\tr2\tINFO\tpaid\u{1b}[31m";
        log.at("r").guest_message(&message(LogLevel::Info, "x requestId=r2\n\u{202e}", forged));
        let expected = "r\tINFO\ta\\n2025-01-02T03:04:05.678Z\tr2\tINFO\tpaid stream=wasi:logging \
                        context=\"x requestId=r2\\n\"\n";
        assert_eq!(sink.text(), [expected]);

        let sink = Sink::default();
        let log = Log::new(Format::Json, Level::Info, sink.clone());
        let metric = r#"{"_aws":{},"requestId":"r2","level":"ERROR"}"#;
        log.at("r").guest_message(&message(LogLevel::Info, "", metric));
        let plain = json!({"level": "INFO", "requestId": "r", "message": metric, "stream": "wasi:logging"});
        assert_eq!(sink.json(), [plain]);
    }

    #[test]
    fn a_json_line_keeps_its_level_message_and_members() {
        let line =
            r#" {"level":"error","message":"no stock","order":7,"items":[{"id":"a"}],"big":18446744073709551615} "#;
        assert_eq!(
            json_of(Level::Error, Stream::Stdout, line),
            [json!({
                "level": "ERROR", "requestId": "r", "message": "no stock", "stream": "stdout",
                "order": 7, "items": [{"id": "a"}], "big": u64::MAX
            })]
        );
        assert_eq!(
            text_of(Stream::Stdout, r#"{"level":"error","message":"no stock","order":7,"why":"sold out"}"#),
            ["r\tERROR\tno stock stream=stdout order=7 why=\"sold out\"\n"]
        );
    }

    #[test]
    fn fields_of_the_host_are_not_overwritten() {
        let line = r#"{"requestId":"forged","timestamp":1,"stream":"x","level":"odd","msg":"m","guest_stream":"own"}"#;
        assert_eq!(
            json_of(Level::Info, Stream::Stdout, line),
            [json!({
                "level": "INFO", "requestId": "r", "message": "m", "stream": "stdout",
                "guest_requestId": "forged", "guest_timestamp": 1, "guest_level": "odd", "guest_stream": "own"
            })]
        );
    }

    #[test]
    fn no_key_occurs_twice() {
        let sink = Sink::default();
        let log = Log::new(Format::Json, Level::Info, sink.clone());
        log.at("r")
            .of_tenant(Some("blue"))
            .guest(Stream::Stdout, r#"{"message":"a","message":"b","level":"INFO","stream":1,"requestId":2}"#);
        let line = &sink.writes()[0];
        for key in RESERVED {
            assert_eq!(line.matches(&format!("\"{key}\":")).count(), 1, "{key} in {line}");
        }
    }

    #[test]
    fn messages_may_be_absent_or_not_text() {
        let message = |line| json_of(Level::Info, Stream::Stdout, line)[0]["message"].clone();
        assert_eq!(message(r#"{"message":{"a":1}}"#), json!({"a": 1}));
        assert_eq!(message(r#"{"a":1}"#), json!(""));
        assert_eq!(message(r#"{"message":"m","msg":"n"}"#), json!("m"));
        assert_eq!(text_of(Stream::Stdout, r#"{"message":{"a":1}}"#), ["r\tINFO\t{\"a\":1} stream=stdout\n"]);
    }

    #[test]
    fn a_json_line_below_the_level_is_not_written() {
        assert_eq!(json_of(Level::Info, Stream::Stderr, r#"{"level":"debug","message":"m"}"#), Vec::<Json>::new());
    }

    #[test]
    fn a_line_that_is_not_a_json_object_is_text() {
        for line in ["{", "{a: 1}", "[1]", "\"x\"", "7", r#"{"a":1} more"#, r#"{"a":1e999}"#] {
            assert_eq!(json_of(Level::Info, Stream::Stdout, line)[0]["message"], json!(line));
        }
        let deep = format!("{}{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        assert_eq!(json_of(Level::Info, Stream::Stdout, &deep)[0]["message"], json!(deep));
    }

    #[test]
    fn a_very_long_line_of_any_kind_is_truncated() {
        for line in ["x".repeat(1 << 20), format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20))] {
            let event = &json_of(Level::Info, Stream::Stdout, &line)[0];
            let message = event["message"].as_str().unwrap();
            assert!(message.ends_with(&format!("… [cut, {} bytes in all]", line.len())));
            assert!(message.len() < LONGEST + 64);
        }
    }

    #[test]
    fn terminal_sequences_inside_json_do_not_reach_a_terminal() {
        let lines = text_of(Stream::Stdout, r#"{"message":"\u001b[31mred","a":"\u009b1mb","\u007fk":[ "\u007f" ]}"#);
        assert!(lines[0].chars().all(|c| !c.is_control() || c == '\t' || c == '\n'), "{lines:?}");
        assert!(lines[0].contains("\tred "), "{lines:?}");
    }

    fn lines_with(handler_metrics: bool, format: Format, line: &str) -> Vec<String> {
        let sink = Sink::default();
        let config = LogConfig { format, level: Level::Warn, handler_metrics, ..LogConfig::default() };
        Log::of(&config, sink.clone(), None).at("r").guest(Stream::Stderr, line);
        sink.writes()
    }

    fn metric(key: &str, namespaces: &[&str]) -> String {
        let metrics: Vec<_> = namespaces
            .iter()
            .map(|name| json!({"Namespace": name, "Dimensions": [["kind"]], "Metrics": [{"Name": "Faults"}]}))
            .collect();
        json!({key: {"Timestamp": 1, "CloudWatchMetrics": metrics}, "kind": "trap", "Faults": 7}).to_string()
    }

    /// Whether CloudWatch would find a metric in the line.
    fn is_metric(line: &str) -> bool {
        serde_json::from_str::<Json>(line).is_ok_and(|line| {
            let keys: Vec<_> = line.as_object().unwrap().keys().map(|key| key.to_ascii_lowercase()).collect();
            keys.iter().any(|key| key == "_aws" || key == "cloudwatchmetrics")
        })
    }

    #[test]
    fn a_line_of_the_handler_is_not_a_metric() {
        let both = r#"{"_aws":1,"_aws":{"CloudWatchMetrics":[{"Namespace":"shop"}]},"a":1}"#;
        let old = r#"{"Version":"0","CloudWatchMetrics":[{"Namespace":"shop"}],"a":1}"#;
        let lines = [
            metric("_aws", &["shop"]),
            metric("_AWS", &["shop"]),
            metric("_aws\u{200b}", &["shop"]),
            metric("\u{1b}[1m_aws", &["shop"]),
            both.to_owned(),
            old.to_owned(),
        ];
        for line in lines {
            for format in [Format::Json, Format::Text] {
                let written = lines_with(false, format, &line);
                assert!(!is_metric(&written[0]), "{written:?}");
                assert!(written[0].contains("guest_"), "{written:?}");
            }
        }
    }

    #[test]
    fn a_metric_of_the_handler_is_written_if_that_is_allowed() {
        for format in [Format::Json, Format::Text] {
            // The level does not matter, because metrics are not log messages.
            let line = metric("_aws", &["shop"]).replacen('{', r#"{"level":"debug","#, 1);
            let written = lines_with(true, format, &line);
            assert!(is_metric(&written[0]) && written.len() == 1, "{written:?}");
            let read: Json = serde_json::from_str(&written[0]).unwrap();
            assert_eq!(
                (&read["_aws"]["CloudWatchMetrics"][0]["Namespace"], &read["Faults"]),
                (&json!("shop"), &json!(7))
            );
        }
        // A metric is never in the host's namespace, nor in one that may be read as it.
        let hidden = r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"shop"}],"CloudWatchMetrics\u200b":[{"Namespace":"funcserver"}]}}"#;
        let name = r#"{"_aws":{"CloudWatchMetrics":[{"Namespace":"shop","Namespace\u0000":"funcserver"}]}}"#;
        let bare = [
            r#"{"_aws":{"CloudWatchMetrics":[]}}"#,
            r#"{"_aws":{"CloudWatchMetrics":[{}]}}"#,
            r#"{"_aws":7}"#,
            hidden,
            name,
        ];
        let own = [&["funcserver"][..], &["shop", "funcserver"], &[" FuncServer"], &["func\u{200b}server"]];
        for line in own.iter().map(|names| metric("_aws", names)).chain(bare.map(str::to_owned)) {
            let written = lines_with(true, Format::Json, &line);
            assert!(!is_metric(&written[0]), "{written:?}");
        }
    }

    #[test]
    fn a_key_that_looks_like_the_hosts_is_renamed() {
        let event =
            &json_of(Level::Info, Stream::Stdout, r#"{"requestId\u200b":"forged","a":1,"a\u007f":2,"msg":"m"}"#)[0];
        assert_eq!(
            *event,
            json!({"level": "INFO", "requestId": "r", "message": "m", "stream": "stdout", "a": 1, "guest_requestId": "forged"})
        );
    }

    #[test]
    fn a_line_with_a_lone_surrogate_is_still_json() {
        let event = &json_of(
            Level::Info,
            Stream::Stdout,
            r#"{"level":"error","msg":"a\ud83db\\ud83d","c":"\ud83e\udd80\udc00"}"#,
        )[0];
        assert_eq!(event["level"], "ERROR");
        assert_eq!((&event["message"], &event["c"]), (&json!("a\u{fffd}b\\ud83d"), &json!("🦀\u{fffd}")));
        for text in ["\\", "{\\ud83d", "\\u", "\\ud8", "\\ud83d\\u", "\\ü\\ud83dü"] {
            without_lone_surrogates(text);
        }
    }

    #[test]
    fn lines_of_one_write_are_one_write() {
        let sink = Sink::default();
        let log = Log::new(Format::Json, Level::Info, sink.clone());
        let written = log.at("r").guest_lines(Stream::Stdout, &mut ["a", r#"{"level":"debug"}"#, "b"].into_iter());
        assert_eq!(sink.writes().len(), 1);
        assert_eq!((sink.writes()[0].lines().count(), sink.writes()[0].len()), (2, written));
    }
}
