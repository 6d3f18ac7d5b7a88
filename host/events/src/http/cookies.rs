//! The cookies of a request.

use http::{HeaderMap, HeaderValue, header::COOKIE};

/// Makes them one header. HTTP/2 and HTTP/3 clients send them line by line, and whatever reads HTTP/1.1 expects one
/// line (RFC 9113, section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    let mut values = headers.get_all(COOKIE).iter();
    if values.next().is_none() || values.next().is_none() {
        return;
    }
    let values: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // Of header values, with what they may hold between them: it is one.
    if let Ok(joined) = HeaderValue::from_bytes(&values.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::join_cookies;
    use http::{HeaderMap, HeaderName, HeaderValue, header::COOKIE};

    #[test]
    fn cookies_become_one_line_in_their_place() {
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
    fn a_request_with_one_line_or_none_stays_as_it_is() {
        for values in [&[][..], &["a=1; b=2"]] {
            let mut headers = HeaderMap::new();
            headers.extend(values.iter().map(|value| (COOKIE, HeaderValue::from_static(value))));
            join_cookies(&mut headers);
            assert_eq!(headers.get_all(COOKIE).iter().collect::<Vec<_>>(), values);
        }
    }
}
