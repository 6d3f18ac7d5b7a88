//! The Lambda invocation behind a request, in two forms.

use serde_json::Value;

use crate::request::Request;

/// From the header, which every language can read. Null outside Lambda.
pub fn from_header(request: &Request) -> Value {
    let Some(value) = request.header("x-amzn-lambda-context") else { return Value::Null };
    serde_json::from_slice(value).unwrap_or_else(|_| String::from_utf8_lossy(value).into())
}

/// From the typed import `funcserver:lambda/context`. Null without the feature `lambda-context`, and in tests, which
/// run outside a host.
#[cfg(not(all(feature = "lambda-context", target_arch = "wasm32")))]
pub fn from_import() -> Value {
    Value::Null
}

#[cfg(all(feature = "lambda-context", target_arch = "wasm32"))]
pub fn from_import() -> Value {
    use bindings::funcserver::lambda::context;

    serde_json::json!({
        "request_id": context::request_id(),
        "deadline_ms": context::deadline_ms(),
        "trace_id": context::trace_id(),
        "function_arn": context::function_arn(),
        "target_group_arn": context::target_group_arn(),
        "multi_value_headers": context::multi_value_headers(),
        "client_address": context::client_address(),
    })
}

#[cfg(all(feature = "lambda-context", target_arch = "wasm32"))]
mod bindings {
    wit_bindgen::generate!({ path: "wit", world: "funcserver:lambda/imports", generate_all });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn context(header: &[u8]) -> Value {
        let headers = vec![("x-amzn-lambda-context".to_owned(), header.to_vec())];
        from_header(&Request { headers, ..Request::default() })
    }

    #[test]
    fn the_header_is_read_as_json() {
        assert_eq!(context(br#"{"request_id":"1"}"#), json!({ "request_id": "1" }));
    }

    #[test]
    fn a_header_that_is_not_json_is_shown_as_text() {
        assert_eq!(context(b"{\xff"), json!("{\u{fffd}"));
        assert_eq!(from_header(&Request::default()), Value::Null);
    }
}
