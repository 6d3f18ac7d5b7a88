//! The forms in which loggers write a line of JSON: the places of its level and message.

use serde_json::{Map, Value as Json};

use super::Level;

/// The keys of the level, most common first: most loggers; Python's json loggers; Google's; OpenTelemetry; ECS; .NET.
const LEVELS: [&str; 9] =
    ["level", "levelname", "severity", "severityText", "severity_text", "log.level", "lvl", "LogLevel", "@l"];
/// The keys of the message: most loggers; pino, bunyan, zap, slog and logrus.
const MESSAGES: [&str; 2] = ["message", "msg"];
/// Keys that are the message if they hold a text and there is no other: structlog, .NET, Serilog, OpenTelemetry.
const TEXTS: [&str; 5] = ["event", "Message", "@m", "@mt", "body"];
/// Members that contain the level or message: `tracing` of Rust, loguru of Python.
const WITHIN: [&str; 2] = ["fields", "record"];

/// A line of JSON with its level and message extracted.
pub(super) struct Shaped {
    /// The level that the logger stated, if any.
    pub(super) level: Option<Level>,
    pub(super) message: Option<Json>,
    /// The other members, including a level that is not valid.
    pub(super) members: Map<String, Json>,
}

/// Extracts level and message from the members of a line.
pub(super) fn read(mut members: Map<String, Json>) -> Shaped {
    let mut level = take_level(&mut members);
    let mut message = MESSAGES.iter().find_map(|key| members.remove(*key));
    for key in WITHIN {
        let Some(Json::Object(within)) = members.get_mut(key) else { continue };
        // Loguru states the level only here. A field of `tracing` with that name belongs to the handler.
        if key == "record" && level.is_none() {
            level = take_level(within);
        }
        if message.is_none() {
            message = within.remove(MESSAGES[0]);
        }
        if within.is_empty() {
            members.remove(key);
        }
    }
    if message.is_none() {
        let text = TEXTS.iter().find(|key| members.get(**key).is_some_and(Json::is_string));
        message = text.and_then(|key| members.remove(*key));
    }
    Shaped { level, message, members }
}

fn take_level(members: &mut Map<String, Json>) -> Option<Level> {
    let (key, level) = LEVELS.iter().find_map(|key| Some((*key, level(members.get(*key)?)?)))?;
    members.remove(key);
    Some(level)
}

/// The level that the guest's logger stated.
fn level(value: &Json) -> Option<Level> {
    match value {
        // slog writes levels between its own as a sum: `INFO+2`.
        Json::String(name) => named(name.split(['+', '-']).next().unwrap_or(name)),
        Json::Number(number) => match number.as_u64()? {
            10 => Some(Level::Trace),
            20 => Some(Level::Debug),
            30 => Some(Level::Info),
            40 => Some(Level::Warn),
            50 => Some(Level::Error),
            60 => Some(Level::Fatal),
            _ => None,
        },
        Json::Object(level) => named(level.get("name")?.as_str()?),
        _ => None,
    }
}

fn named(name: &str) -> Option<Level> {
    name.parse().ok().or_else(|| match name.to_ascii_lowercase().as_str() {
        "verbose" => Some(Level::Debug),
        "information" | "notice" | "success" => Some(Level::Info),
        "warning" => Some(Level::Warn),
        "err" => Some(Level::Error),
        "critical" | "crit" | "panic" | "dpanic" | "alert" | "emergency" => Some(Level::Fatal),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn levels_of_common_loggers() {
        for (value, expected) in [
            (json!("warning"), Level::Warn),
            (json!("Information"), Level::Info),
            (json!("CRITICAL"), Level::Fatal),
            (json!("err"), Level::Error),
            (json!("INFO+2"), Level::Info),
            (json!("DEBUG-4"), Level::Debug),
            (json!("dpanic"), Level::Fatal),
            (json!({"name": "SUCCESS", "no": 25}), Level::Info),
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
    fn lines_of_common_loggers_keep_level_message_and_members() {
        for (line, expected, members) in [
            // Rust: tracing-subscriber, with and without `flatten_event`.
            (
                json!({"timestamp": "t", "level": "WARN", "fields": {"message": "m", "k": 1}, "target": "shop::cart"}),
                Level::Warn,
                json!({"timestamp": "t", "fields": {"k": 1}, "target": "shop::cart"}),
            ),
            (json!({"level": "WARN", "fields": {"message": "m"}, "target": "a"}), Level::Warn, json!({"target": "a"})),
            (json!({"level": "ERROR", "message": "m", "target": "a"}), Level::Error, json!({"target": "a"})),
            // JavaScript: pino, winston.
            (json!({"level": 50, "time": 1, "pid": 7, "msg": "m"}), Level::Error, json!({"time": 1, "pid": 7})),
            (json!({"level": "verbose", "message": "m"}), Level::Debug, json!({})),
            // Go: slog, zap, zerolog.
            (json!({"time": "t", "level": "WARN", "msg": "m", "k": 1}), Level::Warn, json!({"time": "t", "k": 1})),
            (
                json!({"level": "error", "ts": 1.5, "caller": "a.go:1", "msg": "m"}),
                Level::Error,
                json!({"ts": 1.5, "caller": "a.go:1"}),
            ),
            (json!({"level": "warn", "message": "m"}), Level::Warn, json!({})),
            // Python: python-json-logger, structlog, loguru.
            (json!({"levelname": "ERROR", "name": "root", "message": "m"}), Level::Error, json!({"name": "root"})),
            (json!({"event": "m", "level": "warning", "logger": "a"}), Level::Warn, json!({"logger": "a"})),
            (
                json!({"text": "t", "record": {"level": {"name": "ERROR", "no": 40}, "message": "m", "line": 3}}),
                Level::Error,
                json!({"text": "t", "record": {"line": 3}}),
            ),
            // Google's, ECS, Serilog.
            (json!({"severity": "ERROR", "message": "m"}), Level::Error, json!({})),
            (json!({"log.level": "warn", "message": "m"}), Level::Warn, json!({})),
            (json!({"@l": "Warning", "@m": "m"}), Level::Warn, json!({})),
        ] {
            let Json::Object(object) = line.clone() else { unreachable!() };
            let shaped = read(object);
            assert_eq!(shaped.level, Some(expected), "{line}");
            assert_eq!(shaped.message, Some(json!("m")), "{line}");
            assert_eq!(Json::Object(shaped.members), members, "{line}");
        }
    }

    #[test]
    fn the_handlers_own_members_are_kept() {
        let line = json!({"message": "m", "event": "e", "level": "odd", "fields": {"message": "other"}, "record": 7});
        let Json::Object(object) = line else { unreachable!() };
        let shaped = read(object);
        assert_eq!((shaped.level, shaped.message), (None, Some(json!("m"))));
        assert_eq!(
            Json::Object(shaped.members),
            json!({"event": "e", "level": "odd", "fields": {"message": "other"}, "record": 7})
        );
    }
}
