//! JSON Schema of the settings, for editors.

use std::ops::RangeInclusive;

use funcserver_engine::PROPOSALS;
use serde_json::{Value, json};

use super::duration;
use super::setting::{Fallback, Kind, NEVER, Setting};
use super::value::size_pattern;
use super::{App, SecretReference};

impl Setting {
    /// The JSON Schema (draft 2020-12) of the setting in `funcserver.toml`, with its description and default.
    ///
    /// It allows all values that the reader allows. Only the form of a text with a unit is checked, because a schema
    /// cannot express that "2GiB" is more than "1MiB".
    pub fn schema(&self) -> Value {
        let mut schema = match self.kind() {
            Kind::Path { endings: [one, other], .. } => {
                json!({ "type": "string", "pattern": format!(r"[^/]\.(?:{one}|{other})/*$") })
            }
            Kind::Target { .. } => json!({ "type": "string", "pattern": "^/" }),
            Kind::EventPath { .. } => json!({ "type": "string", "pattern": "^/" }),
            Kind::Command { .. } => json!({ "type": "string", "pattern": r"\S" }),
            Kind::App { .. } => json!({ "type": "string", "pattern": App::PATTERN }),
            Kind::Flag { .. } => json!({ "type": "boolean" }),
            Kind::Count { range, .. } => whole_number(range),
            Kind::Size { range, .. } => number_or_text(range, size_pattern()),
            Kind::Time { .. } => json!({ "type": "string", "pattern": duration::pattern() }),
            Kind::Folder { .. } | Kind::File { .. } => json!({ "type": "string", "pattern": r"^[^/]" }),
            Kind::Names { .. } => json!({ "type": "array", "items": { "type": "string", "pattern": "^[^=]+$" } }),
            Kind::Pairs { .. } => json!({
                "type": "object",
                "propertyNames": { "pattern": "^[^=]+$" },
                "additionalProperties": { "type": "string" },
            }),
            Kind::Secrets { .. } => json!({
                "type": "object",
                "propertyNames": { "pattern": "^[^=]+$" },
                "additionalProperties": { "type": "string", "pattern": SecretReference::PATTERN },
            }),
            Kind::Age { .. } => {
                json!({ "anyOf": [{ "const": NEVER }, { "type": "string", "pattern": duration::pattern() }] })
            }
            Kind::Proposals { .. } => {
                let names: Vec<_> = PROPOSALS.iter().map(|proposal| proposal.name).collect();
                json!({ "type": "array", "items": { "enum": names } })
            }
            Kind::Text { text, .. } => json!({ "type": "string", "pattern": text.pattern() }),
            Kind::Choice { names, .. } => json!({ "enum": names }),
            Kind::Origins { .. } | Kind::SignAws { .. } => {
                json!({ "type": "array", "items": { "type": "string", "pattern": r"\S" } })
            }
        };
        schema["description"] = format!("{} Allowed: {}.", self.doc, self.allowed()).into();
        if let Fallback::Value(value) = self.default {
            schema["default"] = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        }
        schema
    }
}

fn whole_number(range: &RangeInclusive<u64>) -> Value {
    json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
}

fn number_or_text(range: &RangeInclusive<u64>, pattern: String) -> Value {
    json!({ "anyOf": [whole_number(range), { "type": "string", "pattern": pattern }] })
}

#[cfg(test)]
mod tests {
    use super::super::SETTINGS;
    use super::*;

    fn schema(key: &str) -> Value {
        SETTINGS.iter().find(|setting| setting.key == key).expect("a setting has this key").schema()
    }

    #[test]
    fn ranges_and_units_are_the_readers() {
        let sizes = r"^\s*[0-9]+\s*(?:B|kB|MB|GB|KiB|MiB|GiB)\s*$";
        let expected = json!([
            { "type": "integer", "minimum": 1024, "maximum": 6_291_456 },
            { "type": "string", "pattern": sizes },
        ]);
        assert_eq!(schema("limits.max-reply")["anyOf"], expected);
        assert_eq!(schema("limits.timeout")["pattern"], "^[0-9]+(?:ms|s|m)$");
    }

    #[test]
    fn defaults_have_the_type_that_they_have_in_the_file() {
        assert_eq!(schema("limits.max-reply")["default"], "6MiB");
        assert_eq!(schema("alb.cookie-variants")["default"], true);
        assert_eq!(schema("alb.trusted-hops")["default"], 0);
        assert_eq!(schema("component.build").get("default"), None);
    }
}
