//! Values of fields. They are borrowed, so that an event below the level costs nothing.

use std::borrow::Cow;
use std::fmt::Display;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value as Json;

use super::clean::clean;

/// A value in an event.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A text.
    Text(&'a str),
    /// A whole number.
    Number(u64),
    /// A number with a fraction.
    Float(f64),
    /// A boolean.
    Flag(bool),
    /// A value that is formatted only if it is written.
    Shown(&'a dyn Display),
    /// A JSON value.
    Json(&'a serde_json::Value),
}

impl Value<'_> {
    /// The value in a line of text, not quoted. It may contain line breaks and tabs, but no other control characters.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self {
            Value::Text(text) => clean(text),
            Value::Json(serde_json::Value::String(text)) => clean(text),
            Value::Number(number) => number.to_string().into(),
            Value::Float(number) => number.to_string().into(),
            Value::Flag(flag) => flag.to_string().into(),
            Value::Shown(shown) => clean(&shown.to_string()).into_owned().into(),
            Value::Json(json) => clean(&serde_json::to_string(&Cleaned(json)).unwrap_or_default()).into_owned().into(),
        }
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Number(number) => serializer.serialize_u64(*number),
            Value::Float(number) => serializer.serialize_f64(*number),
            Value::Flag(flag) => serializer.serialize_bool(*flag),
            Value::Json(json) if !json.is_string() => Cleaned(json).serialize(serializer),
            Value::Text(_) | Value::Shown(_) | Value::Json(_) => serializer.serialize_str(&self.text()),
        }
    }
}

/// The value in its logged form: clean, without duplicate keys.
pub(super) fn cleaned(json: &Json) -> Json {
    // Serializing a JSON value cannot fail. If it did, null would be written.
    serde_json::to_value(Cleaned(json)).unwrap_or_default()
}

/// A value whose texts and keys are cleaned during serialization, at any depth. The parser limits its depth.
struct Cleaned<'a>(&'a Json);

impl Serialize for Cleaned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Json::String(text) => serializer.serialize_str(&clean(text)),
            Json::Array(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                items.iter().try_for_each(|item| list.serialize_element(&Cleaned(item)))?;
                list.end()
            }
            Json::Object(members) => {
                let mut object = serializer.serialize_map(Some(members.len()))?;
                members.iter().try_for_each(|(key, value)| object.serialize_entry(&*clean(key), &Cleaned(value)))?;
                object.end()
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => self.0.serialize(serializer),
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::Text(text)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Value::Text(text)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Value::Number(number)
    }
}

impl From<u16> for Value<'_> {
    fn from(number: u16) -> Self {
        Value::Number(number.into())
    }
}

/// On a machine with sizes of more than 64 bits, larger values become the maximum.
impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Value::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<f64> for Value<'_> {
    fn from(number: f64) -> Self {
        Value::Float(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(flag: bool) -> Self {
        Value::Flag(flag)
    }
}
