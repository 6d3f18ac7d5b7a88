use serde_json::{Map, Value, json};

use crate::context;
use crate::request::Request;

/// The request and its invocation as the handler sees them.
pub fn seen(request: &Request) -> Value {
    json!({
        "method": request.method,
        "path_with_query": request.path_with_query,
        "scheme": request.scheme,
        "authority": request.authority,
        "headers": headers(request),
        "lambda_context": context::from_header(request),
        "lambda_import": context::from_import(),
    })
}

/// Each name with the list of its values. Bytes that are not UTF-8 become U+FFFD, because JSON has only text.
fn headers(request: &Request) -> Map<String, Value> {
    let mut headers = Map::new();
    for (name, value) in &request.headers {
        let values = headers.entry(name).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(String::from_utf8_lossy(value).into());
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_a_header_is_listed() {
        let headers = [("x-a", "1"), ("x-b", "2"), ("x-a", "3")];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.into())).into();
        let seen = seen(&Request { headers, ..Request::default() });
        assert_eq!(seen["headers"], json!({ "x-a": ["1", "3"], "x-b": ["2"] }));
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_shown_as_well_as_it_can_be() {
        let headers = vec![("x-latin".to_owned(), b"caf\xe9".to_vec())];
        let seen = seen(&Request { headers, ..Request::default() });
        assert_eq!(seen["headers"]["x-latin"], json!(["caf\u{fffd}"]));
    }
}
