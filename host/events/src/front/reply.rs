//! The result of encoding a response.

/// A reply, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The JSON document.
    pub json: Vec<u8>,
    /// Whether cookies were sent under names that differ in letter case.
    pub cookie_variants: bool,
    /// The number of cookies that were dropped: all but one, if the map of headers has one text for each name and
    /// letter-case variants are disabled.
    pub cookies_lost: usize,
}

impl Reply {
    /// A reply that has all cookies.
    pub(crate) fn of(json: Vec<u8>) -> Self {
        Self { json, cookie_variants: false, cookies_lost: 0 }
    }
}

/// The reason why a response cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The status is outside 200 to 599.
    #[error("the response's status is {status}, {front} sends 200 to 599")]
    Status {
        /// The response's status.
        status: u16,
        /// The front end that rejects it, in words.
        front: &'static str,
    },
    /// The header block is too large.
    #[error("the response's headers have {size} bytes, {front} accepts {limit}")]
    Headers {
        /// The size of the header block in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
        /// The front end that rejects it, in words.
        front: &'static str,
    },
    /// The reply's JSON is too large.
    #[error("the reply has {size} bytes of JSON, {front} accepts {limit}")]
    Reply {
        /// The size of the JSON document in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
        /// The front end that rejects it, in words.
        front: &'static str,
    },
    /// `content-length` contradicts the body.
    #[error("the response's content-length says {stated:?}, its body has {actual} bytes")]
    Length {
        /// The header's value.
        stated: String,
        /// The length of the body in bytes.
        actual: usize,
    },
    /// There are more cookies than letter-case variants of `set-cookie`.
    #[error("the response sets {count} cookies, single-value headers carry {limit}")]
    Cookies {
        /// The number of cookies in the response.
        count: usize,
        /// The number of available names.
        limit: usize,
    },
}
