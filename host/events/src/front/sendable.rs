//! A response that can be sent by any front end: the checks and choices that all replies share.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderName, SET_COOKIE};
use http::{HeaderMap, Response, StatusCode, response};

use super::{EncodeError, FrontLimits, StreamForm};
use crate::http::header_writer::HeaderWriter;
use crate::http::hop_by_hop::HopByHop;
use crate::http::length;
use crate::http::media::{self, Media};
use crate::http::repeated::is_single;
use crate::http::status::{is_bodiless, is_sendable};
use crate::json::JsonWriter;

/// A response with a status that can be sent, and a length that is true.
pub(crate) struct Sendable<'a> {
    pub(crate) status: StatusCode,
    pub(crate) headers: &'a HeaderMap,
    /// The whole body. It is empty if the body follows the document.
    pub(crate) media: Media<'a>,
    /// Whether the body follows the document, as a stream.
    is_streamed: bool,
    /// Whether the headers state a length that is sent.
    has_length: bool,
}

impl<'a> Sendable<'a> {
    /// Checks a response. `head` means that it answers a `HEAD` request; `front` is the front end in words.
    pub(crate) fn check(response: &'a Response<Bytes>, head: bool, front: &'static str) -> Result<Self, EncodeError> {
        let status = response.status();
        if !is_sendable(status) {
            return Err(EncodeError::Status { status: status.as_u16(), front });
        }
        if let Some(stated) = length::contradiction(response, head) {
            return Err(EncodeError::Length { stated, actual: response.body().len() });
        }
        let body: &[u8] = if head || is_bodiless(status) { b"" } else { response.body() };
        let headers = response.headers();
        let has_length = status != StatusCode::NO_CONTENT;
        Ok(Self { status, headers, media: media::of_response(headers, body), is_streamed: false, has_length })
    }

    /// Checks the head of a response whose body follows as a stream.
    pub(crate) fn of_stream(head: &'a response::Parts, front: &'static str) -> Result<Self, EncodeError> {
        let (status, headers) = (head.status, &head.headers);
        if !is_sendable(status) {
            return Err(EncodeError::Status { status: status.as_u16(), front });
        }
        let has_length = status != StatusCode::NO_CONTENT && length::is_one(headers);
        Ok(Self { status, headers, media: Media::Text(""), is_streamed: true, has_length })
    }

    /// The size of the document if almost nothing must be escaped.
    pub(crate) fn expected_size(&self) -> usize {
        let body = match self.media {
            Media::Text(text) => text.len() + text.len() / 16,
            Media::Base64(bytes) => bytes.len().div_ceil(3) * 4,
        };
        let headers: usize = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 8).sum();
        128 + headers + body
    }

    /// Writes whether a whole body is base64, and the name of the map of headers, after the members of the status.
    pub(crate) fn name_headers(&self, json: &mut JsonWriter, map: &str) {
        if self.is_streamed {
            return json.raw(&format!(r#","{map}":"#));
        }
        let is_base64 = matches!(self.media, Media::Base64(_));
        json.raw(&format!(r#","isBase64Encoded":{is_base64},"{map}":"#));
    }

    /// Ends a document, whose headers take `size` bytes, with the body, or with the delimiter before it. `front` is the
    /// front end in words.
    pub(crate) fn finish(
        &self,
        mut json: JsonWriter,
        size: usize,
        limits: FrontLimits,
        front: &'static str,
    ) -> Result<Vec<u8>, EncodeError> {
        if self.is_streamed {
            json.raw("}");
            json.raw(StreamForm::DELIMITER);
            return json.finish().map_err(|size| EncodeError::Headers { size, limit: limits.headers, front });
        }
        json.raw(r#","body":"#);
        self.media.write(&mut json);
        json.raw("}");
        if size > limits.headers {
            return Err(EncodeError::Headers { size, limit: limits.headers, front });
        }
        json.finish().map_err(|size| EncodeError::Reply { size, limit: limits.reply, front })
    }

    /// The names of the headers that are sent: without the hop-by-hop ones, and without the length of a body that the
    /// status does not allow or that is not known.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a HeaderName> {
        let hop_by_hop = HopByHop::of(self.headers);
        let has_no_length = !self.has_length;
        self.headers.keys().filter(move |name| !(hop_by_hop.contains(name) || has_no_length && *name == CONTENT_LENGTH))
    }

    /// Writes the header of that name into a map that has one text for each name, with its values joined. Of a header
    /// that is not a list, it writes the first value.
    pub(crate) fn joined(&self, map: &mut HeaderWriter<'a>, name: &HeaderName) {
        let values = self.headers.get_all(name).iter();
        // All lengths are equal, so one is enough.
        let is_one = *name == CONTENT_LENGTH || self.headers.get_all(name).iter().nth(1).is_some() && is_single(name);
        if is_one { map.entry(name.as_str(), values.take(1)) } else { map.entry(name.as_str(), values) }
    }

    /// Writes the header of that name into a map that has a list for each name.
    pub(crate) fn listed(&self, map: &mut HeaderWriter<'a>, name: &HeaderName) {
        let values = self.headers.get_all(name).iter();
        if *name == CONTENT_LENGTH {
            map.entry(name.as_str(), values.take(1))
        } else {
            map.entry(name.as_str(), values)
        }
    }

    /// The cookies that the response sets.
    pub(crate) fn cookies(&self) -> http::header::GetAll<'a, http::HeaderValue> {
        self.headers.get_all(SET_COOKIE)
    }
}
