//! HTTP messages in JSON: the parts that all front ends share.
//!
//! Requests use `client`, `cookies`, `origin`, `prefix`, `request` and `target`. Responses use `header_writer`, `length`,
//! `repeated` and `status`. Both use the other modules.

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod cookies;
pub(crate) mod header_writer;
pub(crate) mod headers;
pub(crate) mod hop_by_hop;
pub(crate) mod length;
pub(crate) mod media;
pub(crate) mod origin;
pub(crate) mod prefix;
pub(crate) mod repeated;
pub(crate) mod request;
pub(crate) mod status;
pub(crate) mod target;
pub(crate) mod values;
