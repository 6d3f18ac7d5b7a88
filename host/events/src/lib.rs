#![forbid(unsafe_code)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic))]
//! Lambda's HTTP events to and from the types of the `http` crate.
//!
//! [`decode`] tells what an event is. A request comes with the [`Form`] of its answer, which writes the reply and knows
//! what its front end accepts. An event of any other service is passed on as it is. What a local front end needs, the
//! other two directions, is in that front end's own module: [`alb`].
//!
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
//! # What holds
//!
//! - No input makes a function of this crate panic, and what it allocates is bounded by its input (the fuzz targets
//!   claim the same sentence).
//! - The same input and options give the same result: no I/O, no `async`, no clock, no environment.
//! - Path and query are what the client sent, byte for byte; only what no URI may hold is percent-encoded.
//! - A reply that [`Form::encode`] writes is one that its front end accepts. What it would refuse is an
//!   [`EncodeError`].
//! - What an event loses of a request is stated in one function, [`alb::normal_form`], and tests compare with it.

mod detect;
mod front;
mod http;
mod json;

pub use detect::{EventSource, NotHttp};
pub use front::{EncodeError, Event, Form, FrontLimits, FrontOptions, Incoming, InvalidEvent, Reply, alb, decode};
