//! The differences between two replies to one event, as a client would see them.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use funcserver_events::{Event, Form, FrontOptions, ReplyError, StreamForm, decode};
use funcserver_function::failure;
use http::{HeaderMap, Response};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::output::{escaped, pretty_text};

/// Headers that change with the time or the id of a request.
const CHANGING: [&str; 4] = ["date", "x-amzn-trace-id", "x-amzn-requestid", "x-request-id"];

/// The text before the request's id in the host's own error replies, and in Lambda's errors.
const BEFORE_ID: [&str; 2] = ["(request id ", "RequestId: "];

/// The time limit for a comparison. If it is reached, the result is correct but not the shortest.
const PATIENCE: Duration = Duration::from_secs(2);

/// A reply: the response that the front end makes of it, or, for instance for an invocation error, its text.
enum Seen {
    Response(Response<Bytes>),
    Text(String),
}

/// The differences between the old reply and the new one, empty if there are none.
///
/// Unless `all` is set, it ignores values that change each time: [`CHANGING`] headers, and the request's id in the
/// host's own errors.
pub(crate) fn changes(event: &[u8], old: &[u8], new: &[u8], all: bool) -> String {
    let Some(form) = form(event) else { return section("reply", lines(&text(old, all), &text(new, all))) };
    match (Seen::new(old, form, all), Seen::new(new, form, all)) {
        (Seen::Response(old), Seen::Response(new)) => responses(&old, &new),
        (Seen::Text(old), Seen::Text(new)) => section("reply", lines(&old, &new)),
        (old, new) => section("reply", lines(&old.text(), &new.text())),
    }
}

/// The form of the replies to an event, or `None` if it is not an HTTP request: its result is any JSON.
fn form(event: &[u8]) -> Option<Form> {
    match decode(&Bytes::copy_from_slice(event), &FrontOptions::default()) {
        Ok(Event::Http(incoming)) => Some(incoming.form),
        Ok(Event::Other { .. }) => None,
        Err(invalid) => Some(invalid.form),
    }
}

/// The response that the front end makes of a reply, which may be one that was streamed.
fn whole(reply: &[u8], form: Form) -> Result<Response<Bytes>, ReplyError> {
    match form.streamed().filter(|_| StreamForm::prelude_len(reply).is_some()) {
        Some(form) => form.read_whole(&Bytes::copy_from_slice(reply)),
        None => form.read_reply(reply),
    }
}

fn text(reply: &[u8], all: bool) -> String {
    let text = pretty_text(reply).unwrap_or_else(|_| String::from_utf8_lossy(reply).into_owned());
    if all { text } else { without_ids(&text) }
}

/// Whether a reply is an invocation error. Some front ends would take its JSON for the body of an answer.
fn is_error(reply: &[u8]) -> bool {
    let reply: Value = serde_json::from_slice(reply).unwrap_or_default();
    reply["errorType"].is_string() && reply["errorMessage"].is_string() && reply.get("statusCode").is_none()
}

impl Seen {
    fn new(reply: &[u8], form: Form, all: bool) -> Seen {
        match whole(reply, form) {
            Ok(response) if !is_error(reply) => Seen::Response(if all { response } else { settled(response) }),
            Ok(_) | Err(_) => Seen::Text(text(reply, all)),
        }
    }

    fn text(&self) -> String {
        match self {
            Seen::Text(text) => text.clone(),
            Seen::Response(response) => {
                format!("{}\n{}\n{}", response.status(), header_lines(response.headers()), body_text(response))
            }
        }
    }
}

/// A response without values that change each time.
fn settled(mut response: Response<Bytes>) -> Response<Bytes> {
    for name in CHANGING {
        response.headers_mut().remove(name);
    }
    if response.headers().contains_key(failure::ERROR)
        && let Ok(text) = std::str::from_utf8(response.body())
    {
        *response.body_mut() = without_ids(text).into();
    }
    response
}

fn without_ids(text: &str) -> String {
    let mut kept = text.to_owned();
    for before in BEFORE_ID {
        let mut parts = kept.split(before);
        let mut without = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let id = part.find(|char: char| !char.is_ascii_hexdigit() && char != '-').unwrap_or(part.len());
            without.extend([before, "ID", part.get(id..).unwrap_or_default()]);
        }
        kept = without;
    }
    kept
}

fn responses(old: &Response<Bytes>, new: &Response<Bytes>) -> String {
    let mut changes = String::new();
    if old.status() != new.status() {
        // Writing to a string does not fail.
        _ = writeln!(changes, "status: {} -> {}", old.status().as_u16(), new.status().as_u16());
    }
    changes += &section("headers", headers(old.headers(), new.headers()));
    if old.body() != new.body() {
        changes += &section("body", body(old, new));
    }
    changes
}

fn section(title: &str, lines: String) -> String {
    if lines.is_empty() { lines } else { format!("{title}:\n{lines}") }
}

/// Only the changed lines: headers have no order that context could show.
fn headers(old: &HeaderMap, new: &HeaderMap) -> String {
    let (old, new) = (header_lines(old), header_lines(new));
    let mut changes = String::new();
    for change in TextDiff::from_lines(&old, &new).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        _ = writeln!(changes, "{sign}{}", escaped(change.value().trim_end_matches('\n')));
    }
    changes
}

/// Sorted by name, because a load balancer does not keep the order; the values of one name keep theirs.
fn header_lines(headers: &HeaderMap) -> String {
    let mut lines: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    lines.sort_by_key(|(name, _)| *name);
    lines.into_iter().map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value))).collect()
}

fn body(old: &Response<Bytes>, new: &Response<Bytes>) -> String {
    match (std::str::from_utf8(old.body()), std::str::from_utf8(new.body())) {
        (Ok(one), Ok(other)) => {
            let pretty = lines(&body_text(old), &body_text(new));
            if pretty.is_empty() { lines(one, other) } else { pretty }
        }
        _ => format!("different binary data: {} -> {} bytes\n", old.body().len(), new.body().len()),
    }
}

/// JSON is indented before the comparison, because a difference in one long line shows nothing.
fn body_text(response: &Response<Bytes>) -> String {
    pretty_text(response.body()).unwrap_or_else(|_| String::from_utf8_lossy(response.body()).into_owned())
}

/// A unified diff.
fn lines(old: &str, new: &str) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let unified = diff.unified_diff().context_radius(3).to_string();
    unified.lines().map(|line| escaped(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const EVENT: &[u8] = br#"{"httpMethod":"GET","path":"/a","headers":{}}"#;

    fn reply(status: u16, headers: Value, body: &str) -> String {
        json!({ "statusCode": status, "headers": headers, "body": body, "isBase64Encoded": false }).to_string()
    }

    fn changed(old: &str, new: &str) -> String {
        changes(EVENT, old.as_bytes(), new.as_bytes(), false)
    }

    #[test]
    fn the_same_is_no_change_whatever_its_spelling() {
        let old = r#"{"statusCode":200,"headers":{"A":"1","b":"2"},"body":"hi","isBase64Encoded":false}"#;
        let new = r#"{"body":"aGk=","isBase64Encoded":true,"headers":{"b":"2","a":"1"},"statusCode":200}"#;
        assert_eq!(changed(old, new), "");
    }

    #[test]
    fn status_headers_and_body_are_told() {
        let old = reply(200, json!({ "content-type": "text/html", "x-same": "1" }), "one\ntwo\nthree\n");
        let new = reply(404, json!({ "content-type": "text/plain", "x-same": "1", "x-new": "2" }), "one\nTWO\nthree\n");
        let expected = "status: 200 -> 404\n\
                        headers:\n-content-type: text/html\n+content-type: text/plain\n+x-new: 2\n\
                        body:\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n";
        assert_eq!(changed(&old, &new), expected);
    }

    #[test]
    fn json_is_compared_pretty_and_its_spelling_counts_too() {
        let json = |body: &str| reply(200, json!({}), body);
        let diff = changed(&json(r#"{"b":1,"a":[1,2]}"#), &json(r#"{"b":1,"a":[1,3]}"#));
        assert!(diff.contains("-    2\n+    3\n"), "{diff}");
        let diff = changed(&json(r#"{"b":1}"#), &json(r#"{"b": 1}"#));
        assert!(diff.contains("-{\"b\":1}\n") && diff.contains("+{\"b\": 1}\n"), "{diff}");
    }

    #[test]
    fn bytes_are_told_by_their_number() {
        let old = json!({ "statusCode": 200, "headers": {}, "body": "/w==", "isBase64Encoded": true }).to_string();
        let new = json!({ "statusCode": 200, "headers": {}, "body": "//8=", "isBase64Encoded": true }).to_string();
        assert_eq!(changed(&old, &new), "body:\ndifferent binary data: 1 -> 2 bytes\n");
    }

    #[test]
    fn time_and_ids_are_left_out_unless_all_is_compared() {
        let error = |id: &str, date: &str| {
            let body = format!("500 Internal Server Error: the handler failed (request id {id})\n");
            reply(500, json!({ "x-funcserver-error": "trap", "date": date, "x-request-id": id }), &body)
        };
        let (old, new) = (error("8f50-1", "now"), error("77aa-2", "then"));
        assert_eq!(changed(&old, &new), "");
        let all = changes(EVENT, old.as_bytes(), new.as_bytes(), true);
        assert!(all.contains("-date: now\n+date: then\n") && all.contains("request id 77aa-2"), "{all}");
        // The handler's own text is compared as it is.
        let own = |id: &str| reply(200, json!({}), &format!("(request id {id})"));
        assert_ne!(changed(&own("8f50-1"), &own("77aa-2")), "");
    }

    #[test]
    fn an_invocation_error_is_compared_as_text() {
        let error = |kind: &str, id: &str| {
            json!({ "errorType": kind, "errorMessage": format!("RequestId: {id} Error: it ended") }).to_string()
        };
        assert_eq!(changed(&error("A", "8f50-1"), &error("A", "77aa-2")), "");
        let diff = changed(&error("A", "8f50-1"), &error("B", "8f50-1"));
        assert!(diff.starts_with("reply:\n") && diff.contains("+  \"errorType\": \"B\""), "{diff}");
        let diff = changed(&error("A", "8f50-1"), &reply(200, json!({}), "fine\n"));
        assert!(diff.contains("-  \"errorType\": \"A\"") && diff.contains("+fine"), "{diff}");
    }

    #[test]
    fn an_error_is_no_body_of_a_function_url() {
        let event = br#"{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}"#;
        let error =
            |id: &str| json!({ "errorType": "A", "errorMessage": format!("RequestId: {id} Error") }).to_string();
        assert_eq!(changes(event, error("8f50-1").as_bytes(), error("77aa-2").as_bytes(), false), "");
        let diff = changes(event, error("1").as_bytes(), reply(200, json!({}), "fine\n").as_bytes(), false);
        assert!(diff.starts_with("reply:\n"), "{diff}");
    }

    #[test]
    fn the_result_of_an_event_that_is_no_request_is_compared_as_it_is() {
        let event = br#"{"Records":[{"eventSource":"aws:sqs"}]}"#;
        let old = reply(200, json!({}), "");
        let mut new: Value = serde_json::from_str(&old).unwrap();
        new["more"] = json!(1);
        assert_eq!(changes(event, old.as_bytes(), old.as_bytes(), false), "");
        let diff = changes(event, old.as_bytes(), new.to_string().as_bytes(), false);
        assert!(diff.contains("+  \"more\": 1"), "{diff}");
    }

    #[test]
    fn a_multi_value_event_asks_for_multi_value_replies() {
        let event = br#"{"httpMethod":"GET","path":"/","multiValueHeaders":{"host":["a"]}}"#;
        let reply = |cookie: &str| {
            json!({ "statusCode": 200, "multiValueHeaders": { "set-cookie": ["a=1", cookie] }, "body": "" }).to_string()
        };
        let diff = changes(event, reply("b=1").as_bytes(), reply("b=2").as_bytes(), false);
        assert_eq!(diff, "headers:\n-set-cookie: b=1\n+set-cookie: b=2\n");
    }

    #[test]
    fn nothing_moves_the_terminals_cursor() {
        let diff = changed(&reply(200, json!({}), "a\tb\n"), &reply(200, json!({}), "a\t\u{1b}[2J\r\n"));
        assert!(diff.contains("-a\tb\n+a\t\\u001b[2J"), "{diff}");
    }
}
