use http::{HeaderMap, Request};
use serde_json::{Map, Value, json};

/// The request and its Lambda invocation as the handler sees them.
pub fn seen<B>(request: &Request<B>) -> Value {
    let uri = request.uri();
    json!({
        "method": request.method().as_str(),
        "path_with_query": uri.path_and_query().map(|path| path.as_str()),
        "scheme": uri.scheme_str(),
        "authority": uri.authority().map(|authority| authority.as_str()),
        "headers": by_name(request.headers()),
        "lambda_context": lambda_context(request.headers()),
    })
}

/// The context is JSON in a header. Null outside Lambda.
fn lambda_context(headers: &HeaderMap) -> Value {
    let Some(value) = headers.get("x-amzn-lambda-context") else { return Value::Null };
    serde_json::from_slice(value.as_bytes()).unwrap_or_else(|_| String::from_utf8_lossy(value.as_bytes()).into())
}

/// Each name with the list of its values. Bytes that are not UTF-8 become U+FFFD, because JSON has only text.
fn by_name(headers: &HeaderMap) -> Map<String, Value> {
    let text = |value: &[u8]| Value::from(String::from_utf8_lossy(value));
    let values = |name| headers.get_all(name).iter().map(|value| text(value.as_bytes())).collect();
    headers.keys().map(|name| (name.to_string(), values(name))).collect()
}
