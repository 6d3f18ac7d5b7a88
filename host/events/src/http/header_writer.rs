//! Headers into JSON.

use super::headers::text;
use crate::json::JsonWriter;
use http::HeaderValue;

/// How several values of one name stand in a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeats {
    /// One text, with a comma and a space between the values.
    Joined,
    /// A list, for one value too.
    Listed,
}

/// Writes a map of headers, and counts what they will take as lines of HTTP.
pub(crate) struct HeaderWriter<'a> {
    json: &'a mut JsonWriter,
    repeats: Repeats,
    separator: &'static str,
    lines: usize,
}

impl<'a> HeaderWriter<'a> {
    /// Begins a map, where a value may stand.
    pub(crate) fn open(json: &'a mut JsonWriter, repeats: Repeats) -> Self {
        json.raw("{");
        Self { json, repeats, separator: "", lines: 0 }
    }

    /// Ends the map, and gives the bytes of its lines of HTTP: name, value and 4 for each.
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
