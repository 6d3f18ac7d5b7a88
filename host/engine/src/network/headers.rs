//! Removes headers that belong to one connection, not to a message.

use http::{HeaderMap, HeaderName, HeaderValue, header};

const HOP_BY_HOP: [HeaderName; 6] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("http2-settings"),
];

/// Removes the headers for the connection and for proxies, and those that `connection` lists (RFC 9110, section 7.6.1).
pub(crate) fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        // `content-length` frames the message, even if `connection` lists it.
        .filter(|name| *name != header::CONTENT_LENGTH)
        .collect();
    let proxy = headers.keys().filter(|name| name.as_str().starts_with("proxy-")).cloned().collect::<Vec<_>>();
    let trailers = takes_trailers(headers);
    for name in HOP_BY_HOP.iter().chain(&named).chain(&proxy) {
        headers.remove(name);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Whether `te` accepts trailers. That part applies to the message on any connection; the other parts apply to one
/// connection (RFC 9110, section 10.1.4).
fn takes_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::TE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|member| member.trim().eq_ignore_ascii_case("trailers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_headers_of_the_message_are_kept() {
        let gone = [
            "connection",
            "keep-alive",
            "proxy-authorization",
            "proxy-anything",
            "te",
            "transfer-encoding",
            "upgrade",
            "http2-settings",
            "x-named",
        ];
        let stay = ["accept", "authorization", "content-length", "trailer", "x-other"];
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
    #[test]
    fn only_the_trailers_member_of_te_is_kept() {
        for (values, expected) in [
            (&["trailers"][..], &["trailers"][..]),
            (&["gzip;q=0.5, Trailers"], &["trailers"]),
            (&["deflate", "trailers"], &["trailers"]),
            (&["gzip"], &[]),
            (&["trailers;q=1"], &[]),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("connection", HeaderValue::from_static("te"));
            for value in values {
                headers.append("te", HeaderValue::from_static(value));
            }
            strip(&mut headers);
            assert_eq!(headers.get_all("te").iter().collect::<Vec<_>>(), expected, "{values:?}");
        }
    }
}
