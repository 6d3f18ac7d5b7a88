//! What a front end knows of a request besides the request itself.

/// The facts that a front end adds to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// The ARN of the load balancer's target group.
    pub target_group_arn: String,
    /// The domain at which an API or a function URL answers. That of a function URL has `.lambda-url.` in it.
    pub domain: String,
    /// The API's stage. `$default` is the one that is not part of the path.
    pub stage: String,
    /// The client's IP address.
    pub client: String,
    /// The front end's id of the request.
    pub request_id: String,
    /// The time of the request, in milliseconds since the Unix epoch.
    pub time_ms: u64,
}
