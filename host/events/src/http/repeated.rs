//! Headers that stand in a message more than once, where a comma between the values would change what they mean.

use http::{
    HeaderName,
    header::{
        AGE, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, DATE, ETAG, EXPIRES, LAST_MODIFIED, LOCATION,
        RETRY_AFTER, STRICT_TRANSPORT_SECURITY,
    },
};

/// Headers with one value, which are no lists (RFC 9110, section 5.3; RFC 6797, section 8.1). Several hold commas.
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

/// Whether the header has one value, and of several the first counts.
pub(crate) fn is_single(name: &HeaderName) -> bool {
    SINGLE.contains(name)
}
