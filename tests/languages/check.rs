//! Checks of an answer. Each returns what it found and what it expected.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderName, Response, header};
use serde_json::Value;

pub(crate) type Check = Box<dyn Fn(&Response<Bytes>) -> Result<(), String> + Send + Sync>;

/// The status.
pub(crate) fn status(expected: u16) -> Check {
    check(move |response| same("status", response.status().as_u16(), expected))
}

/// The handler answered without a failure. The frameworks treat such a request differently.
pub(crate) fn no_failure() -> Check {
    check(|response| match response.status().as_u16() {
        200..500 => Ok(()),
        status => Err(format!("status {status}")),
    })
}

/// The content type, without regard to spaces and letter case.
pub(crate) fn content_type(expected: &'static str) -> Check {
    let plain = |text: &str| text.replace(' ', "").to_ascii_lowercase();
    check(move |response| same("content-type", plain(&header(response, header::CONTENT_TYPE)), plain(expected)))
}

/// The content type without its parameters.
pub(crate) fn kind(expected: &'static str) -> Check {
    check(move |response| {
        let found = header(response, header::CONTENT_TYPE);
        same("content-type", found.split(';').next().unwrap_or_default().trim(), expected)
    })
}

/// An HTML page that has `part`.
pub(crate) fn html(part: &'static str) -> Vec<Check> {
    vec![status(200), kind("text/html"), contains(part)]
}

/// The body has `part`.
pub(crate) fn contains(part: &'static str) -> Check {
    check(move |response| match String::from_utf8_lossy(response.body()).contains(part) {
        true => Ok(()),
        false => Err(format!("the body has no {part}")),
    })
}

/// There is a header of that name.
pub(crate) fn has(name: &'static str) -> Check {
    check(move |response| same(name, response.headers().contains_key(name), true))
}

/// There is no header of that name.
pub(crate) fn lacks(name: &'static str) -> Check {
    check(move |response| same(name, response.headers().contains_key(name), false))
}

/// The end of `location`.
pub(crate) fn redirects(end: &'static str) -> Check {
    check(move |response| match header(response, header::LOCATION) {
        location if location.ends_with(end) => Ok(()),
        location => Err(format!("location is {location:?} and should end with {end:?}")),
    })
}

/// `allow`, which may be there several times, has these methods, and perhaps others.
pub(crate) fn allows(expected: &'static [&'static str]) -> Check {
    check(move |response| {
        let values = response.headers().get_all(header::ALLOW).iter();
        let allow = values.map(|value| value.to_str().unwrap_or_default()).collect::<Vec<_>>().join(", ");
        let missing = expected.iter().find(|method| !allow.split(',').any(|allowed| allowed.trim() == **method));
        missing.map_or(Ok(()), |method| Err(format!("allow is {allow:?} and lacks {method}")))
    })
}

/// The methods in `allow`.
pub(crate) fn allow(expected: &[&'static str]) -> Check {
    let expected: BTreeSet<String> = expected.iter().map(|method| (*method).to_owned()).collect();
    check(move |response| {
        let allow = header(response, header::ALLOW);
        same("allow", allow.split(',').map(|method| method.trim().to_owned()).collect(), expected.clone())
    })
}

/// The body.
pub(crate) fn body(expected: impl Into<Bytes>) -> Check {
    let expected = expected.into();
    check(move |response| {
        if *response.body() == expected {
            return Ok(());
        }
        Err(format!("a body of {} bytes is not the expected one of {}", response.body().len(), expected.len()))
    })
}

/// A page with this heading and links to all three pages.
pub(crate) fn page(heading: &str) -> Vec<Check> {
    let parts = [
        format!("<h1>{heading}</h1>"),
        "href=\"/\"".to_owned(),
        "href=\"/products\"".to_owned(),
        "href=\"/articles\"".to_owned(),
    ];
    let parts = check(move |response| {
        let page = String::from_utf8_lossy(response.body());
        match parts.iter().find(|part| !page.contains(*part)) {
            Some(part) => Err(format!("the page has no {part}")),
            None => Ok(()),
        }
    });
    vec![status(200), content_type("text/html; charset=utf-8"), parts]
}

/// The JSON value at a pointer (RFC 6901).
pub(crate) fn json(pointer: &'static str, expected: impl Into<Value>) -> Check {
    let expected = expected.into();
    check(move |response| {
        let found: Value = serde_json::from_slice(response.body()).map_err(|error| format!("not JSON: {error}"))?;
        same(pointer, found.pointer(pointer).cloned().unwrap_or_default(), expected.clone())
    })
}

/// The values of a header in the JSON of `/headers`, which an app may see joined by `separator`.
pub(crate) fn seen(
    name: &'static str,
    values: &'static [&'static str],
    separator: &'static str,
    joined: bool,
) -> Check {
    check(move |response| {
        let told: Value = serde_json::from_slice(response.body()).map_err(|error| format!("not JSON: {error}"))?;
        let found = &told["headers"][name];
        if !joined {
            return same(name, found.clone(), values.into());
        }
        let found = found.as_array().into_iter().flatten().filter_map(Value::as_str).collect::<Vec<_>>();
        let found: Vec<_> = found.iter().flat_map(|value| value.split(separator)).map(str::trim).collect();
        same(name, found, values.to_vec())
    })
}

fn check(check: impl Fn(&Response<Bytes>) -> Result<(), String> + Send + Sync + 'static) -> Check {
    Box::new(check)
}

fn header(response: &Response<Bytes>, name: HeaderName) -> String {
    response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).unwrap_or_default()
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what} is {found:?} and should be {expected:?}")) }
}
