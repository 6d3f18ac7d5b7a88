//! The events of REST APIs, and of HTTP APIs with payload format 1.0, and the replies that both accept.
//!
//! Sources: AWS, *API Gateway developer guide*, "Lambda proxy integrations in API Gateway", "Create AWS Lambda proxy
//! integrations for HTTP APIs" and "Amazon API Gateway important notes".
//!
//! # From event to request
//!
//! - Both decode the query, so it is encoded again: everything but letters, digits and `-._~`. The original spelling is
//!   lost.
//! - A REST API passes on the path unchanged, without the stage. An HTTP API decodes the path and has the stage in it:
//!   see [`api_gateway_v2`](super::api_gateway_v2). The stage becomes the header `x-forwarded-prefix`.
//! - The maps with lists are used if they are filled.
//! - The client's address is `requestContext.identity.sourceIp`.

mod decode;
mod encode;
mod event;
mod read_reply;
mod reply_form;

pub(crate) use decode::decode;
pub(crate) use encode::encode;
pub(crate) use event::{decoded as decoded_query, event};
pub(crate) use read_reply::{read_prelude, read_reply};
pub use reply_form::FormatOne;
