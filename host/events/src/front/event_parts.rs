//! A request, taken apart as events state it.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request};

use super::EventError;
use crate::http::media::{self, Media};
use crate::http::request::host_of_target;
use crate::json::JsonWriter;

/// The parts of a request. A `host` header is added for a target in absolute form.
pub(crate) struct EventParts<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// Names, each with its values.
    pub(crate) headers: Vec<(&'a str, Vec<&'a str>)>,
    media: Media<'a>,
    size: usize,
}

impl<'a> EventParts<'a> {
    pub(crate) fn of(request: &'a Request<Bytes>, host: Option<&'a HeaderValue>) -> Result<Self, EventError> {
        let uri = request.uri();
        if !uri.path().starts_with('/') {
            return Err(EventError::Target { target: uri.to_string() });
        }
        let headers = header_groups(request.headers(), host)?;
        let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
        Ok(Self {
            method: request.method().as_str(),
            path: uri.path(),
            query: uri.query().unwrap_or_default(),
            headers,
            media: media::of_request(request.headers(), request.body()),
            size: 1024 + 2 * size + request.body().len() / 3 * 4,
        })
    }

    /// The value for a missing `host` header.
    pub(crate) fn host(request: &Request<Bytes>) -> Option<HeaderValue> {
        host_of_target(request)
    }

    /// A writer with room for the event.
    pub(crate) fn writer(&self) -> JsonWriter {
        JsonWriter::new(self.size, usize::MAX)
    }

    /// Writes the members for the body, and ends the event.
    pub(crate) fn end(&self, mut json: JsonWriter, body: &str, is_base64: &str) -> Vec<u8> {
        member(&mut json, ",", body);
        self.media.write(&mut json);
        member(&mut json, ",", is_base64);
        json.raw(if matches!(self.media, Media::Text(_)) { "false}" } else { "true}" });
        // No document reaches a limit of usize::MAX.
        json.finish().unwrap_or_default()
    }

    /// Whether the body is empty.
    pub(crate) fn has_no_body(&self) -> bool {
        matches!(self.media, Media::Text(""))
    }
}

/// The headers by name. `host` comes first.
pub(crate) fn header_groups<'a>(
    headers: &'a HeaderMap,
    host: Option<&'a HeaderValue>,
) -> Result<Vec<(&'a str, Vec<&'a str>)>, EventError> {
    let host = host.map(|host| Ok(("host", vec![value_text("host", host)?])));
    let own = headers.keys().map(|name| {
        let values = headers.get_all(name).iter().map(|value| value_text(name.as_str(), value));
        Ok((name.as_str(), values.collect::<Result<_, _>>()?))
    });
    host.into_iter().chain(own).collect()
}

fn value_text<'a>(name: &str, value: &'a HeaderValue) -> Result<&'a str, EventError> {
    std::str::from_utf8(value.as_bytes()).map_err(|_| EventError::Value { name: name.into() })
}

/// Writes the name of a member.
pub(crate) fn member(json: &mut JsonWriter, separator: &str, name: &str) {
    json.raw(separator);
    json.string(name);
    json.raw(":");
}

/// Writes a member that is a text.
pub(crate) fn text_member(json: &mut JsonWriter, separator: &str, name: &str, text: &str) {
    member(json, separator, name);
    json.string(text);
}

/// Writes a map with one text for each name.
pub(crate) fn text_map<K: AsRef<str>, V: AsRef<str>>(json: &mut JsonWriter, entries: impl Iterator<Item = (K, V)>) {
    let mut separator = "{";
    for (name, value) in entries {
        text_member(json, separator, name.as_ref(), value.as_ref());
        separator = ",";
    }
    json.raw(if separator == "{" { "{}" } else { "}" });
}

/// Writes a map with a list of texts for each name.
pub(crate) fn list_map<K: AsRef<str>, V: AsRef<str>>(json: &mut JsonWriter, entries: &[(K, Vec<V>)]) {
    let mut separator = "{";
    for (name, values) in entries {
        member(json, separator, name.as_ref());
        list(json, values.iter());
        separator = ",";
    }
    json.raw(if separator == "{" { "{}" } else { "}" });
}

/// Writes a list of texts.
pub(crate) fn list<V: AsRef<str>>(json: &mut JsonWriter, values: impl Iterator<Item = V>) {
    let mut separator = "[";
    for value in values {
        json.raw(separator);
        json.string(value.as_ref());
        separator = ",";
    }
    json.raw(if separator == "[" { "[]" } else { "]" });
}
