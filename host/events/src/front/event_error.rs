//! The reason why a request cannot become an event.

/// The reason why a request cannot become an event. A load balancer answers 400.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The request's target is not a path.
    #[error("the request's target is {target:?}: expected a path that begins with /")]
    Target {
        /// The target as sent.
        target: String,
    },
    /// A header value is not UTF-8, so JSON cannot represent it.
    #[error("the value of the header {name} is not UTF-8")]
    Value {
        /// The header's name.
        name: String,
    },
}
