//! One event as one line.

use std::time::SystemTime;

use serde::ser::{SerializeMap, Serializer};

use super::time::Timestamp;
use super::{Field, Format, Level, Value};

/// The keys that the host sets, whatever the guest says.
pub(super) const RESERVED: [&str; 5] = ["timestamp", "level", "requestId", "message", "stream"];

/// What happened.
pub(super) struct Event<'a> {
    pub(super) level: Level,
    pub(super) request_id: Option<&'a str>,
    pub(super) message: Value<'a>,
    pub(super) fields: &'a [Field<'a>],
}

impl Event<'_> {
    /// The line, with its line feed.
    pub(super) fn line(&self, format: Format, now: SystemTime) -> Vec<u8> {
        let now = Timestamp(now);
        let mut line = match format {
            Format::Text => self.text(now).into_bytes(),
            Format::Json => self.json(now),
        };
        line.push(b'\n');
        line
    }

    fn text(&self, now: Timestamp) -> String {
        let one_line = |value: Value<'_>| value.text().replace('\n', "\\n");
        let id = one_line(self.request_id.unwrap_or("-").into());
        let message = one_line(self.message);
        let mut line = format!("{now}\t{id}\t{}\t{message}", self.level);
        for (key, value) in self.fields {
            line.push(' ');
            push_word(&mut line, &Value::Text(key).text());
            line.push('=');
            push_word(&mut line, &value.text());
        }
        line
    }

    fn json(&self, now: Timestamp) -> Vec<u8> {
        let mut line = Vec::with_capacity(256);
        // Writing text to a vector cannot fail; were it to, a shorter line is better than none.
        let _ = self.members(now, &mut serde_json::Serializer::new(&mut line));
        line
    }

    fn members<S: Serializer>(&self, now: Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("timestamp", &Value::Shown(&now))?;
        members.serialize_entry("level", self.level.name())?;
        if let Some(id) = self.request_id {
            members.serialize_entry("requestId", id)?;
        }
        members.serialize_entry("message", &self.message)?;
        for (key, value) in self.fields {
            members.serialize_entry(key, value)?;
        }
        members.end()
    }
}

/// Adds a key or value to a line of text: as it is, or quoted where it would not be one word.
fn push_word(line: &mut String, text: &str) {
    let bare = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=');
    if bare {
        line.push_str(text);
    } else {
        line.push_str(&serde_json::Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn line(format: Format, request_id: Option<&str>, message: &str, fields: &[Field<'_>]) -> String {
        let now = UNIX_EPOCH + Duration::from_millis(1_735_787_045_678);
        let event = Event { level: Level::Warn, request_id, message: message.into(), fields };
        String::from_utf8(event.line(format, now)).unwrap()
    }

    #[test]
    fn text() {
        assert_eq!(
            line(Format::Text, Some("r-1"), "slow guest", &[("took", 12_u64.into()), ("path", "/a b".into())]),
            "2025-01-02T03:04:05.678Z\tr-1\tWARN\tslow guest took=12 path=\"/a b\"\n"
        );
        assert_eq!(line(Format::Text, None, "", &[]), "2025-01-02T03:04:05.678Z\t-\tWARN\t\n");
    }

    #[test]
    fn text_keeps_its_line_and_its_words_together() {
        let fields: [Field<'_>; 5] =
            [("a", "x\ny".into()), ("b", "".into()), ("c", "k=v".into()), ("d", "\"".into()), ("e f", true.into())];
        assert_eq!(
            line(Format::Text, Some("r\n\u{1b}[1m"), "one\ntwo\u{1b}[31m", &fields),
            "2025-01-02T03:04:05.678Z\tr\\n\tWARN\tone\\ntwo a=\"x\\ny\" b=\"\" c=\"k=v\" d=\"\\\"\" \"e f\"=true\n"
        );
    }

    #[test]
    fn json() {
        let fields: [Field<'_>; 4] =
            [("took", 12_u64.into()), ("ratio", 0.5.into()), ("cold", true.into()), ("path", "/\"a\"".into())];
        assert_eq!(
            line(Format::Json, Some("r-1"), "slow\nguest\u{1b}[31m", &fields),
            concat!(
                r#"{"timestamp":"2025-01-02T03:04:05.678Z","level":"WARN","requestId":"r-1","message":"slow\nguest","#,
                r#""took":12,"ratio":0.5,"cold":true,"path":"/\"a\""}"#,
                "\n"
            )
        );
        assert_eq!(
            line(Format::Json, None, "up", &[]),
            "{\"timestamp\":\"2025-01-02T03:04:05.678Z\",\"level\":\"WARN\",\"message\":\"up\"}\n"
        );
    }

    #[test]
    fn json_that_is_given_stays_json() {
        let given = serde_json::json!({"a": [1, null, "\u{1b}[31m"]});
        let line = line(Format::Json, None, "", &[("given", Value::Json(&given)), ("nan", f64::NAN.into())]);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["given"], given);
        assert_eq!(read["nan"], serde_json::Value::Null);
    }
}
