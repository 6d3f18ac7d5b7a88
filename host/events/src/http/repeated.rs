//! Headers that cannot be joined if they are repeated, because a comma between the values would change their meaning.

use http::HeaderName;
use http::header::{
    AGE, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, EXPIRES, LAST_MODIFIED, LOCATION, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY,
};

/// Headers with a single value, which are not comma-separated lists (RFC 9110, section 5.3; RFC 6797, section 8.1).
/// Some of these values contain commas.
const SINGLE: [HeaderName; 11] = [
    AGE,
    CONTENT_DISPOSITION,
    CONTENT_RANGE,
    CONTENT_TYPE,
    DATE,
    ETAG,
    EXPIRES,
    LAST_MODIFIED,
    LOCATION,
    RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY,
];

/// Whether the header has a single value. If it is repeated, the first value counts.
pub(crate) fn is_single(name: &HeaderName) -> bool {
    SINGLE.contains(name)
}
