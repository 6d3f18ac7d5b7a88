//! What HTTP in JSON is like, whichever front it comes through.
//!
//! Requests need `client`, `cookies`, `origin`, `request` and `target`; responses `header_writer`, `length`, `repeated`
//! and `status`; both need the rest.

pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod cookies;
pub(crate) mod header_writer;
pub(crate) mod headers;
pub(crate) mod hop;
pub(crate) mod length;
pub(crate) mod media;
pub(crate) mod origin;
pub(crate) mod repeated;
pub(crate) mod request;
pub(crate) mod status;
pub(crate) mod target;
pub(crate) mod values;
