//! What settings say about fronts.

/// Whatever an event does not say itself about how it is read and answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrontOptions {
    /// The number of proxies of one's own before a load balancer, whose addresses in `X-Forwarded-For` are not the
    /// client's: 1 for a CDN. Default: 0.
    pub trusted_hops: usize,
    /// Where only one text a name is possible, send several cookies under names that differ in letter case:
    /// [`alb::ReplyOptions`](super::alb::ReplyOptions). Default: true.
    pub cookie_case_variants: bool,
    /// The largest reply, in bytes of JSON, where the front accepts more. Default: what the front accepts.
    pub max_reply: usize,
}

impl Default for FrontOptions {
    fn default() -> Self {
        Self { trusted_hops: 0, cookie_case_variants: true, max_reply: usize::MAX }
    }
}
