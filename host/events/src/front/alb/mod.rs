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
//! - An event is in multi-value mode if `multiValueHeaders` is filled, even if `headers` is filled too.
//! - The client's address is the right-most one of `X-Forwarded-For` that was not appended by a trusted proxy
//!   ([`FrontOptions::trusted_hops`](crate::FrontOptions::trusted_hops)).
//! - An event belongs to a load balancer if it has `httpMethod`, or has `path` without a member in which other front
//!   ends send the method or the path.

mod decode;
mod encode;
mod event;
mod mode;
mod normal_form;
mod read_reply;

pub(crate) use decode::{Elb, decode};
pub use encode::{ReplyOptions, encode};
pub use event::event;
pub use mode::{HeaderMode, ReplyForm};
pub use normal_form::normal_form;
pub use read_reply::read_reply;

use super::FrontLimits;
pub use super::{EventError, ReplyError};

/// The limits of a load balancer: 1 MB for a reply (AWS, "Use Lambda functions as targets"), 32 K for its headers (AWS,
/// "Troubleshoot your Application Load Balancers").
pub const LIMITS: FrontLimits = FrontLimits { reply: 1_048_576, headers: 32_768 };
