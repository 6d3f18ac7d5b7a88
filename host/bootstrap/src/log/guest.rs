//! What the guest writes to its standard output and error.

use funcserver_engine::Stream;
use serde_json::{Map, Value as Json};

use super::clean::LONGEST;
use super::event::RESERVED;
use super::{Field, Level, Scope, Value};

impl Scope<'_> {
    /// Writes one line of the guest's, with the field `stream`.
    ///
    /// A line that is a JSON object keeps its members as fields. Its `level` counts (Lambda's names and their usual
    /// variants, or the numbers of bunyan and pino), and its `message`, or else its `msg`, is the message. Members that
    /// the host sets itself are kept as `guest_<name>`. Any other line is INFO if it came on standard output, and WARN
    /// on standard error: many languages log everything there, which is no error; but a panic's message is there too,
    /// and must survive a log level of WARN.
    pub fn guest(&self, stream: Stream, line: &str) {
        let (name, level) = match stream {
            Stream::Stdout => ("stdout", Level::Info),
            Stream::Stderr => ("stderr", Level::Warn),
        };
        match object(line) {
            Some(members) => self.guest_json(name, level, members),
            None => self.event(level, line.trim_end_matches(['\r', '\n']), &[("stream", name.into())]),
        }
    }

    fn guest_json(&self, stream: &str, otherwise: Level, mut members: Map<String, Json>) {
        let own_level = members.get("level").and_then(level);
        let level = own_level.unwrap_or(otherwise);
        if !self.log.enabled(level) {
            return;
        }
        if own_level.is_some() {
            members.remove("level");
        }
        let message = members.remove("message").or_else(|| members.remove("msg"));
        for reserved in RESERVED {
            if let Some(value) = members.remove(reserved) {
                members.entry(format!("guest_{reserved}")).or_insert(value);
            }
        }
        let mut fields: Vec<Field<'_>> = vec![("stream", stream.into())];
        fields.extend(members.iter().map(|(key, value)| (key.as_str(), Value::Json(value))));
        self.write(level, message.as_ref().map_or(Value::Text(""), Value::Json), &fields);
    }
}

/// The members of a line that is a JSON object and no longer than a line may be.
fn object(line: &str) -> Option<Map<String, Json>> {
    let fits = line.trim_start().starts_with('{') && line.len() <= LONGEST;
    serde_json::from_str(line).ok().filter(|_| fits)
}

/// The level that a guest's logger means.
fn level(value: &Json) -> Option<Level> {
    match value {
        Json::String(name) => name.parse().ok().or_else(|| match name.to_ascii_lowercase().as_str() {
            "information" | "notice" => Some(Level::Info),
            "warning" => Some(Level::Warn),
            "err" => Some(Level::Error),
            "critical" | "crit" | "panic" => Some(Level::Fatal),
            _ => None,
        }),
        Json::Number(number) => match number.as_u64()? {
            10 => Some(Level::Trace),
            20 => Some(Level::Debug),
            30 => Some(Level::Info),
            40 => Some(Level::Warn),
            50 => Some(Level::Error),
            60 => Some(Level::Fatal),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sink::Sink;
    use super::super::{Format, Log};
    use super::*;

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
    fn what_the_host_sets_is_not_overwritten() {
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
    fn no_key_stands_twice() {
        let sink = Sink::default();
        let log = Log::new(Format::Json, Level::Info, sink.clone());
        log.at("r").guest(Stream::Stdout, r#"{"message":"a","message":"b","level":"INFO","stream":1,"requestId":2}"#);
        let line = &sink.writes()[0];
        for key in RESERVED {
            assert_eq!(line.matches(&format!("\"{key}\":")).count(), 1, "{key} in {line}");
        }
    }

    #[test]
    fn messages_need_not_be_text_or_there() {
        let message = |line| json_of(Level::Info, Stream::Stdout, line)[0]["message"].clone();
        assert_eq!(message(r#"{"message":{"a":1}}"#), json!({"a": 1}));
        assert_eq!(message(r#"{"a":1}"#), json!(""));
        assert_eq!(message(r#"{"message":"m","msg":"n"}"#), json!("m"));
        assert_eq!(text_of(Stream::Stdout, r#"{"message":{"a":1}}"#), ["r\tINFO\t{\"a\":1} stream=stdout\n"]);
    }

    #[test]
    fn levels_of_common_loggers() {
        for (value, expected) in [
            (json!("warning"), Level::Warn),
            (json!("Information"), Level::Info),
            (json!("CRITICAL"), Level::Fatal),
            (json!("err"), Level::Error),
            (json!(10), Level::Trace),
            (json!(20), Level::Debug),
            (json!(30), Level::Info),
            (json!(40), Level::Warn),
            (json!(50), Level::Error),
            (json!(60), Level::Fatal),
        ] {
            assert_eq!(level(&value), Some(expected), "{value}");
        }
        for value in [json!("loud"), json!(35), json!(-1), json!(null), json!([])] {
            assert_eq!(level(&value), None, "{value}");
        }
    }

    #[test]
    fn a_json_line_below_the_level_is_not_written() {
        assert_eq!(json_of(Level::Info, Stream::Stderr, r#"{"level":"debug","message":"m"}"#), Vec::<Json>::new());
    }

    #[test]
    fn what_is_no_json_object_is_text() {
        for line in ["{", "{a: 1}", "[1]", "\"x\"", "7", r#"{"a":1} more"#, r#"{"a":1e999}"#] {
            assert_eq!(json_of(Level::Info, Stream::Stdout, line)[0]["message"], json!(line));
        }
        let deep = format!("{}{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
        assert_eq!(json_of(Level::Info, Stream::Stdout, &deep)[0]["message"], json!(deep));
    }

    #[test]
    fn a_very_long_line_is_cut_whatever_it_is() {
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
}
