//! Writes headers as JSON.

use http::HeaderValue;

use super::headers::text;
use crate::json::JsonWriter;

/// How a map represents several values of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// One text, the values joined by a comma and a space.
    Joined,
    /// A list, even for a single value.
    Listed,
}

/// Writes a map of headers, and counts the bytes that they take as lines of HTTP/1.1.
pub(crate) struct HeaderWriter<'a> {
    json: &'a mut JsonWriter,
    repeats: Repeats,
    separator: &'static str,
    lines: usize,
}

impl<'a> HeaderWriter<'a> {
    /// Begins a map, in a place where JSON allows a value.
    pub(crate) fn open(json: &'a mut JsonWriter, repeats: Repeats) -> Self {
        json.raw("{");
        Self { json, repeats, separator: "", lines: 0 }
    }

    /// Ends the map, and returns the size of its lines of HTTP/1.1: name, value and 4 bytes for each.
    pub(crate) fn close(self) -> usize {
        self.json.raw("}");
        self.lines
    }

    /// Writes a name with its values.
    pub(crate) fn entry(&mut self, name: &str, values: impl Iterator<Item = &'a HeaderValue>) {
        let (open, between, close) = match self.repeats {
            Repeats::Joined => ("\"", ", ", "\""),
            Repeats::Listed => ("[\"", "\",\"", "\"]"),
        };
        self.json.raw(self.separator);
        self.json.string(name);
        self.json.raw(":");
        let mut before = open;
        for value in values {
            let value = text(value);
            self.json.raw(before);
            self.json.escaped(&value);
            self.lines += name.len() + value.len() + ": \r\n".len();
            before = between;
        }
        self.json.raw(close);
        self.separator = ",";
    }
}
