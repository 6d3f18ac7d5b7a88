//! What a response has become.

/// A reply, ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The JSON document.
    pub json: Vec<u8>,
    /// Cookies went out under names that differ in letter case.
    pub cookie_variants: bool,
    /// Cookies that could not go out: more than one where the headers have one text a name, without letter-case
    /// variants.
    pub cookies_lost: usize,
}

/// Why a response cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The status is outside 200 to 599.
    #[error("the response's status is {status}, {front} sends 200 to 599")]
    Status {
        /// The response's status.
        status: u16,
        /// Who refuses it, in words.
        front: &'static str,
    },
    /// The header block is too large.
    #[error("the response's headers have {size} bytes, {front} accepts {limit}")]
    Headers {
        /// Bytes of the header block.
        size: usize,
        /// Bytes allowed.
        limit: usize,
        /// Who refuses it, in words.
        front: &'static str,
    },
    /// The reply's JSON is too large.
    #[error("the reply has {size} bytes of JSON, {front} accepts {limit}")]
    Reply {
        /// Bytes of the JSON document.
        size: usize,
        /// Bytes allowed.
        limit: usize,
        /// Who refuses it, in words.
        front: &'static str,
    },
    /// `content-length` contradicts the body.
    #[error("the response's content-length says {stated:?}, its body has {actual} bytes")]
    Length {
        /// The header's value.
        stated: String,
        /// Bytes of the body.
        actual: usize,
    },
    /// There are more cookies than letter-case variants of `set-cookie`.
    #[error("the response sets {count} cookies, single-value headers carry {limit}")]
    Cookies {
        /// Cookies in the response.
        count: usize,
        /// Cookies that there are names for.
        limit: usize,
    },
}
