//! Headers that belong to one connection, not to a message.

use http::{HeaderMap, HeaderName, header};

const HOP_BY_HOP: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
];

/// Removes what concerns the connection and any proxy, and what `connection` names (RFC 9110, section 7.6.1).
pub(crate) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // The length frames the message, whatever is said of it.
        .filter(|name| *name != header::CONTENT_LENGTH)
        .collect();
    let proxy = headers.keys().filter(|name| name.as_str().starts_with("proxy-")).cloned().collect::<Vec<_>>();
    for name in HOP_BY_HOP.iter().chain(&named).chain(&proxy) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_belongs_to_the_message_stays() {
        let gone = [
            "connection",
            "keep-alive",
            "proxy-authorization",
            "proxy-anything",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "x-named",
        ];
        let stay = ["accept", "authorization", "content-length", "x-other"];
        let mut headers = HeaderMap::new();
        for name in gone.iter().chain(&stay) {
            headers.append(*name, HeaderValue::from_static("1"));
        }
        headers.append("connection", HeaderValue::from_static("close, X-Named ,content-length,,\"odd"));
        strip(&mut headers);
        let mut left: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, stay);
    }
}
