#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic))]
//! Converts Lambda's HTTP events to and from the types of the `http` crate.
//!
//! [`decode`] detects the kind of an event. An HTTP request comes with the [`Form`] of its reply, which encodes the
//! response and knows the limits of its front end; its [`StreamForm`], if it has one, encodes the head of a response
//! whose body is streamed. An event of any other service is passed on unchanged. The two
//! opposite directions, which a local front end needs, are [`FrontKind::event`] and [`Form::read_reply`].
//! ```
//! use bytes::Bytes;
//! use funcserver_events::{Event, FrontOptions, decode};
//! use http::Response;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let event = Bytes::from_static(
//!     br#"{
//!         "requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/a/1"}},
//!         "httpMethod": "GET",
//!         "path": "/products",
//!         "queryStringParameters": {"page": "2"},
//!         "headers": {"host": "shop.example", "x-forwarded-proto": "https", "x-forwarded-for": "203.0.113.7"},
//!         "body": "",
//!         "isBase64Encoded": false
//!     }"#,
//! );
//! let options = FrontOptions::default();
//! let Event::Http(incoming) = decode(&event, &options)? else { return Err("not a request".into()) };
//! assert_eq!(incoming.request.uri(), "https://shop.example/products?page=2");
//! assert_eq!(incoming.client.as_deref(), Some("203.0.113.7"));
//!
//! let response = Response::builder().header("content-type", "text/plain").body(Bytes::from("no products"))?;
//! let reply = incoming.form.encode(&response, &options)?;
//! let reply = String::from_utf8(reply.json)?;
//! assert!(reply.contains(r#""statusCode":200"#) && reply.contains(r#""body":"no products""#), "{reply}");
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! - No input makes a function of this crate panic, and its allocations are bounded by the size of the input. The fuzz
//!   targets check the same properties.
//! - The same input and options give the same result: no I/O, no `async`, no clock, no environment.
//! - Path and query are what the event says, byte for byte. Only bytes that a URI must not contain are
//!   percent-encoded, and what a front end has decoded.
//! - The front end accepts every reply of [`Form::encode`]. A response that it would reject is an [`EncodeError`].
//! - One table, [`FrontKind::losses`], states what each event loses of a request, and the tests compare with it.

mod detect;
mod front;
mod http;
mod json;

pub use crate::http::media::has_textual_type;
pub use detect::{EventSource, NotHttp};
pub use front::{
    EncodeError, Event, EventError, EventFacts, Form, FrontKind, FrontLimits, FrontOptions, HeaderLoss, Incoming,
    InvalidEvent, Losses, PathLoss, QueryLoss, Reply, ReplyError, StreamForm, alb, api_gateway_v1, api_gateway_v2,
    decode, lattice,
};
