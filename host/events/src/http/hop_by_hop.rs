//! Hop-by-hop headers: they apply to one connection, so the front end removes them (RFC 9110, section 7.6.1).

use http::header::CONNECTION;
use http::{HeaderMap, HeaderName};

/// Removes the hop-by-hop headers.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let hop_by_hop = HopByHop::of(headers);
    let removed: Vec<HeaderName> = headers.keys().filter(|name| hop_by_hop.contains(name)).cloned().collect();
    for name in removed {
        headers.remove(name);
    }
}

/// Decides which headers of a message are hop-by-hop.
pub(crate) struct HopByHop {
    named: Vec<String>,
}

impl HopByHop {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(CONNECTION).iter().filter_map(|list| list.to_str().ok());
        let named = lists.flat_map(|list| list.split(',')).map(|name| name.trim().to_ascii_lowercase());
        Self { named: named.collect() }
    }

    pub(crate) fn contains(&self, name: &HeaderName) -> bool {
        let name = name.as_str();
        is_always_hop_by_hop(name) || self.named.iter().any(|named| named == name) && !is_protected(name)
    }
}

fn is_always_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Headers that a client cannot remove by listing them in `Connection`: `host`, and those that the front end adds.
fn is_protected(name: &str) -> bool {
    name == "host" || name.starts_with("x-forwarded-") || name.starts_with("x-amzn-")
}

#[cfg(test)]
mod tests {
    use http::header::CONNECTION;
    use http::{HeaderMap, HeaderName, HeaderValue};

    #[test]
    fn hop_by_hop_headers_and_those_that_connection_lists_are_removed() {
        let mut headers = HeaderMap::new();
        for list in ["close, X-Mine", " host,x-forwarded-for, X-Amzn-Trace-Id", ""] {
            headers.append(CONNECTION, HeaderValue::from_static(list));
        }
        for (name, is_removed) in [
            ("te", true),
            ("trailer", true),
            ("x-mine", true),
            ("close", true),
            ("host", false),
            ("x-forwarded-for", false),
            ("x-amzn-trace-id", false),
            ("content-type", false),
            ("upgrade-insecure-requests", false),
        ] {
            let name = HeaderName::from_static(name);
            let mut stripped = headers.clone();
            stripped.append(name.clone(), HeaderValue::from_static("x"));
            super::strip(&mut stripped);
            assert_eq!(stripped.contains_key(&name), !is_removed, "{name}");
            assert!(!stripped.contains_key(CONNECTION));
        }
    }
}
