//! The events of an Application Load Balancer (ALB) and the replies that it accepts.
//!
//! | | a host in Lambda | a local load balancer |
//! | --- | --- | --- |
//! | request | [`decode`](crate::decode()): event → request | [`event`]: request → event |
//! | response | [`encode`]: response → reply | [`read_reply`]: reply → response |
//!
//! Sources: AWS, *Elastic Load Balancing user guide*, "Use Lambda functions as targets of an Application Load
//! Balancer"; *AWS Lambda developer guide*, "Process Application Load Balancer requests with Lambda".
//!
//! # From event to request
//!
//! - The header mode is the event's: multi-value where `multiValueHeaders` is filled, also beside `headers`.
//! - The client's address is the right-most of `X-Forwarded-For` that no proxy of one's own has put there
//!   ([`FrontOptions::trusted_hops`](crate::FrontOptions::trusted_hops)).
//! - An event is a load balancer's if it has `httpMethod`, or `path` without the member in which other fronts have the
//!   method or the path.

mod cookie_case;
mod decode;
mod encode;
mod event;
mod mode;
mod normal_form;
mod read_reply;

pub(crate) use decode::{Elb, decode};
pub use encode::{ReplyOptions, encode};
pub use event::{EventError, event};
pub use mode::{HeaderMode, ReplyForm};
pub use normal_form::normal_form;
pub use read_reply::{ReplyError, read_reply};

use super::FrontLimits;

/// What a load balancer accepts: 1 MB of reply (AWS, "Use Lambda functions as targets"), 32 K of headers (AWS,
/// "Troubleshoot your Application Load Balancers").
pub const LIMITS: FrontLimits = FrontLimits { reply: 1_048_576, headers: 32_768 };
