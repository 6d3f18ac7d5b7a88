//! Headers that concern one connection only, and so end at the front (RFC 9110, section 7.6.1).

use http::{HeaderMap, HeaderName, header::CONNECTION};

/// Removes the headers that end here.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let hop = Hop::of(headers);
    let ending: Vec<HeaderName> = headers.keys().filter(|name| hop.ends(name)).cloned().collect();
    for name in ending {
        headers.remove(name);
    }
}

/// Which headers of a message end here.
pub(crate) struct Hop {
    named: Vec<String>,
}

impl Hop {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lists = headers.get_all(CONNECTION).iter().filter_map(|list| list.to_str().ok());
        let named = lists.flat_map(|list| list.split(',')).map(|name| name.trim().to_ascii_lowercase());
        Self { named: named.collect() }
    }

    pub(crate) fn ends(&self, name: &HeaderName) -> bool {
        let name = name.as_str();
        is_hop_by_hop(name) || self.named.iter().any(|named| named == name) && !is_fronts_own(name)
    }
}

fn is_hop_by_hop(name: &str) -> bool {
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

/// What the front adds, and where the request goes, is not the client's to take away by naming it.
fn is_fronts_own(name: &str) -> bool {
    name == "host" || name.starts_with("x-forwarded-") || name.starts_with("x-amzn-")
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, header::CONNECTION};

    #[test]
    fn hop_by_hop_headers_and_those_that_connection_names_end_here() {
        let mut headers = HeaderMap::new();
        for list in ["close, X-Mine", " host,x-forwarded-for, X-Amzn-Trace-Id", ""] {
            headers.append(CONNECTION, HeaderValue::from_static(list));
        }
        for (name, ends) in [
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
            assert_eq!(stripped.contains_key(&name), !ends, "{name}");
            assert!(!stripped.contains_key(CONNECTION));
        }
    }
}
