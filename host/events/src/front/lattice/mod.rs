//! The events of VPC Lattice and the replies that it accepts.
//!
//! Source: AWS, *VPC Lattice user guide*, "Lambda functions as targets in VPC Lattice".
//!
//! # From event to request
//!
//! - Path and query are taken as the event has them. AWS does not say whether the query is decoded.
//! - Version 2.0 has a list of values for each header and parameter, version 1.0 one text.
//! - The client's address is the right-most one of `X-Forwarded-For`, as behind a load balancer.

mod decode;
mod encode;
mod event;
mod read_reply;
mod reply_form;

pub(crate) use decode::decode;
pub(crate) use encode::encode;
pub(crate) use event::event;
pub(crate) use read_reply::read_reply;
pub use reply_form::LatticeForm;
