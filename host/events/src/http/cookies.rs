//! The `cookie` headers of a request.

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};

/// Joins several `cookie` headers into one. HTTP/2 and HTTP/3 clients may send them separately, but HTTP/1.1 code
/// expects a single header (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    let mut values = headers.get_all(COOKIE).iter();
    if values.next().is_none() || values.next().is_none() {
        return;
    }
    let values: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // Always succeeds: valid header values, joined by characters that are valid in one.
    if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use http::header::COOKIE;
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::join_cookies;

    #[test]
    fn cookies_are_joined_at_the_position_of_the_first() {
        let mut headers = HeaderMap::new();
        for (name, value) in
            [("x-a", "1"), ("cookie", "a=1"), ("x-a", "2"), ("cookie", "b=\"2, 3\"; c=4"), ("cookie", "")]
        {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        join_cookies(&mut headers);
        assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=1; b=\"2, 3\"; c=4; "]);
        assert_eq!(headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    }

    #[test]
    fn a_request_with_at_most_one_cookie_header_is_unchanged() {
        for values in [&[][..], &["a=1; b=2"]] {
            let mut headers = HeaderMap::new();
            headers.extend(values.iter().map(|value| (COOKIE, HeaderValue::from_static(value))));
            join_cookies(&mut headers);
            assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), values);
        }
    }
}
