//! Headers, between the host and `http`.

use http::{HeaderMap, HeaderName, HeaderValue};
use wasip2::http::types::Fields;

/// The headers of a message that has arrived. What `http` does not take, such as a name with a space, is left out.
pub(crate) fn read(fields: &Fields) -> HeaderMap {
    let entries = fields.entries().into_iter();
    entries
        .filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_maybe_shared(bytes(value)).ok()?))
        })
        .collect::<Vec<_>>()
        .into_iter()
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        })
}

fn bytes(value: Vec<u8>) -> bytes::Bytes {
    value.into()
}

/// Headers for the host. Those that belong to a connection, such as `transfer-encoding`, are the host's own matter: it
/// refuses them, and they are left out.
pub(crate) fn write(headers: &HeaderMap) -> Fields {
    let fields = Fields::new();
    for (name, value) in headers {
        let _ = fields.append(name.as_str(), value.as_bytes());
    }
    fields
}
