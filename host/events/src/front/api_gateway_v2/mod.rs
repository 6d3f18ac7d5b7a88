//! The events of HTTP APIs (payload format 2.0) and of function URLs, and the replies that both accept.
//!
//! Sources: AWS, *API Gateway developer guide*, "Create AWS Lambda proxy integrations for HTTP APIs"; *AWS Lambda
//! developer guide*, "Invoking Lambda function URLs".
//!
//! # From event to request
//!
//! - A function URL passes on path and query unchanged. An HTTP API decodes the path, so it is encoded again: bytes that
//!   a URI must not contain, `?`, and a `%` that begins no escape.
//! - A stage other than `$default` at the beginning of an HTTP API's path is removed, and becomes the header
//!   `x-forwarded-prefix`. A client's own header of that name does not reach the handler.
//! - Cookies are in a list. A function URL sends the header as well, which is then used.
//! - The client's address is `requestContext.http.sourceIp`.

mod decode;
mod encode;
mod event;
mod read_reply;
mod reply_form;

pub(crate) use decode::decode;
pub(crate) use encode::encode;
pub(crate) use event::{event, public_path};
pub(crate) use read_reply::{read_prelude, read_reply};
pub use reply_form::FormatTwo;
