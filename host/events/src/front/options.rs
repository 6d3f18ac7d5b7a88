//! Settings of front ends.

/// Settings for decoding and answering events that the events do not contain themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontOptions {
    /// The number of trusted proxies in front of the load balancer, for example 1 for a CDN. Their addresses in
    /// `X-Forwarded-For` are not taken for the client's. Default: 0.
    pub trusted_hops: usize,
    /// If the map of headers has only one text for each name, send several cookies under names that differ in letter
    /// case: see [`alb::ReplyOptions`](super::alb::ReplyOptions). Default: true.
    pub cookie_case_variants: bool,
    /// The largest reply, in bytes of JSON. A lower limit of the front end also applies. Default: no additional limit.
    pub max_reply: usize,
}

impl Default for FrontOptions {
    fn default() -> Self {
        Self { trusted_hops: 0, cookie_case_variants: true, max_reply: usize::MAX }
    }
}
