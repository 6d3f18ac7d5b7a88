//! The events of an Application Load Balancer (ALB) and the replies that it accepts.
//!
//! | | a host in Lambda | a local load balancer |
//! | --- | --- | --- |
//! | request | [`decode`]: event → request | [`event`]: request → event |
//! | response | [`encode`]: response → reply | [`read_reply`]: reply → response |
//!
//! Sources: AWS, *Elastic Load Balancing user guide*, "Use Lambda functions as targets of an Application Load Balancer";
//! *AWS Lambda developer guide*, "Process Application Load Balancer requests with Lambda".

mod client;
mod cookie;
mod decode;
mod encode;
mod envelope;
mod event;
mod fault;
mod hop;
mod json;
mod kind;
mod media;
mod normal_form;
mod origin;
mod read_reply;
mod repeated;
mod status;
mod target;
mod wire;

pub use decode::{DecodeError, Incoming, decode};
pub use encode::{EncodeError, Reply, ReplyOptions, encode};
pub use event::{EventError, event};
pub use normal_form::normal_form;
pub use read_reply::{ReplyError, read_reply};

/// Which of its two sets of maps a load balancer fills, and expects back: the target group's attribute
/// `lambda.multi_value_headers.enabled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderMode {
    /// `headers` and `queryStringParameters`: one text a name (the default of a target group).
    #[default]
    Single,
    /// `multiValueHeaders` and `multiValueQueryStringParameters`: a list of texts a name.
    Multi,
}

/// What an event asks of its reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReplyForm {
    /// The map that the reply's headers go into.
    pub mode: HeaderMode,
    /// The method was `HEAD`: the reply carries no body.
    pub head: bool,
}
