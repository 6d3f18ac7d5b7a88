//! Formats an event as one line.

use std::io::{self, Write as _};
use std::time::SystemTime;

use serde::ser::{SerializeMap, Serializer};

use super::clean::clean;
use super::time::Timestamp;
use super::{Field, Format, Level, Value};

/// The keys that only the host may set.
pub(super) const RESERVED: [&str; 6] = ["timestamp", "level", "requestId", "tenantId", "message", "stream"];

/// An event to log.
pub(super) struct Event<'a> {
    pub(super) level: Level,
    pub(super) request_id: Option<&'a str>,
    /// The tenant of the request, if the function isolates its tenants.
    pub(super) tenant: Option<&'a str>,
    pub(super) message: Value<'a>,
    pub(super) fields: &'a [Field<'a>],
}

impl Event<'_> {
    /// Appends the line with its line feed. All its contents are cleaned here, and nowhere else.
    pub(super) fn write(&self, lines: &mut Vec<u8>, format: Format, now: SystemTime) {
        let now = Timestamp(now);
        // Writing to a vector cannot fail. If it did, a shorter line would be better than none.
        let _ = match format {
            Format::Text => self.text(lines, now),
            Format::Json => self.members(now, &mut serde_json::Serializer::new(&mut *lines)).map_err(io::Error::from),
        };
        lines.push(b'\n');
    }

    fn text(&self, line: &mut Vec<u8>, now: Timestamp) -> io::Result<()> {
        write!(line, "{now}\t")?;
        push_on_one_line(line, &clean(self.request_id.unwrap_or("-")));
        write!(line, "\t{}\t", self.level.name())?;
        push_on_one_line(line, &self.message.text());
        let tenant = self.tenant.map(|tenant| ("tenantId", Value::Text(tenant)));
        for (key, value) in tenant.iter().chain(self.fields) {
            line.push(b' ');
            push_word(line, &clean(key));
            line.push(b'=');
            push_word(line, &value.text());
        }
        Ok(())
    }

    fn members<S: Serializer>(&self, now: Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("timestamp", &Value::Shown(&now))?;
        members.serialize_entry("level", self.level.name())?;
        if let Some(id) = self.request_id {
            members.serialize_entry("requestId", &Value::Text(id))?;
        }
        if let Some(tenant) = self.tenant {
            members.serialize_entry("tenantId", &Value::Text(tenant))?;
        }
        members.serialize_entry("message", &self.message)?;
        for (key, value) in self.fields {
            members.serialize_entry(&*clean(key), value)?;
        }
        members.end()
    }
}

/// Appends a text on one line: its line breaks are written as `\n`.
fn push_on_one_line(line: &mut Vec<u8>, text: &str) {
    for (at, part) in text.split('\n').enumerate() {
        if at > 0 {
            line.extend_from_slice(b"\\n");
        }
        line.extend_from_slice(part.as_bytes());
    }
}

/// Appends a key or value to a line of text: unchanged if it is one word, and quoted otherwise.
fn push_word(line: &mut Vec<u8>, text: &str) {
    let bare = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '=');
    if bare {
        line.extend_from_slice(text.as_bytes());
    } else {
        line.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    fn line(format: Format, request_id: Option<&str>, message: &str, fields: &[Field<'_>]) -> String {
        let now = UNIX_EPOCH + Duration::from_millis(1_735_787_045_678);
        let event = Event { level: Level::Warn, request_id, tenant: None, message: message.into(), fields };
        let mut line = Vec::new();
        event.write(&mut line, format, now);
        String::from_utf8(line).unwrap()
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
    fn a_tenant_is_named_before_the_fields() {
        for (format, expected) in [
            (Format::Text, "2025-01-02T03:04:05.678Z\tr\tWARN\tslow tenantId=\"a b\" took=12\n"),
            (
                Format::Json,
                "{\"timestamp\":\"2025-01-02T03:04:05.678Z\",\"level\":\"WARN\",\"requestId\":\"r\",\
                 \"tenantId\":\"a b\",\"message\":\"slow\",\"took\":12}\n",
            ),
        ] {
            let fields: [Field<'_>; 1] = [("took", 12_u64.into())];
            let message = "slow".into();
            let event = Event {
                level: Level::Warn,
                request_id: Some("r"),
                tenant: Some("a\u{1b}[1m b"),
                message,
                fields: &fields,
            };
            let mut line = Vec::new();
            event.write(&mut line, format, UNIX_EPOCH + Duration::from_millis(1_735_787_045_678));
            assert_eq!(String::from_utf8(line).unwrap(), expected);
        }
    }

    #[test]
    fn json_values_stay_json() {
        let given = serde_json::json!({"a": [1, null, "text"]});
        let line = line(Format::Json, None, "", &[("given", Value::Json(&given)), ("nan", f64::NAN.into())]);
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["given"], given);
        assert_eq!(read["nan"], serde_json::Value::Null);
    }

    /// Checks texts at every position and in both formats, also after a program has parsed the JSON.
    #[test]
    fn no_control_or_invisible_character_is_left_anywhere() {
        let hostile = "a\u{1b}[31mb\u{9b}1mc\u{9d}0;t\u{9c}d\u{7f}e\rf\u{85}g\u{2028}h\u{202e}i\u{200b}j\u{feff}k\0l";
        let nested = serde_json::json!({ hostile: [{ hostile: hostile }, hostile, 1.5, null] });
        let error = io::Error::other(hostile);
        let fields: [Field<'_>; 5] = [
            (hostile, hostile.into()),
            ("nested", Value::Json(&nested)),
            ("text", Value::Json(&nested[hostile][1])),
            ("shown", Value::Shown(&error)),
            ("number", f64::INFINITY.into()),
        ];
        let acts = |c: char| (c.is_control() && c != '\n') || "\u{2028}\u{202e}\u{200b}\u{feff}".contains(c);
        for format in [Format::Text, Format::Json] {
            let line = line(format, Some(hostile), hostile, &fields);
            assert_eq!(line.matches('\n').count(), 1, "{line:?}");
            assert!(!line.contains(|c: char| acts(c) && (c != '\t' || format == Format::Json)), "{line:?}");
            if format == Format::Json {
                let read: serde_json::Value = serde_json::from_str(&line).unwrap();
                assert!(!format!("{read:#}").contains(acts) && !line.contains("\\u"), "{line}");
                assert!(read["message"].as_str().unwrap().starts_with("abcde\nf\ng\nh"), "{line}");
            }
        }
    }
}
