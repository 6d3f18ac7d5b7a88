//! Detects from the names of an event's members whether it is an HTTP request of a front end, and of which one.
//!
//! The names are collected in the same pass that reads the event, and the decision follows once all of them are known.
//! The event is never parsed as one type after another.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess};
use serde_json::{Map, Value};

use crate::front::{Envelope, Form, alb};
use crate::json::{Key, Member, Shape, document};

/// What an event is.
pub(crate) enum Detected<'de> {
    /// An Application Load Balancer's event, valid or invalid.
    Alb(Envelope<'de>),
    /// A front end's event with a value that cannot be read: half a surrogate pair, bytes that are not UTF-8, or a
    /// number that is out of range.
    Unreadable { form: Form, reason: String },
    /// An event of any other service.
    Other,
}

/// Reads an event and detects which service it comes from.
pub(crate) fn read(event: &[u8]) -> Detected<'_> {
    match document(event) {
        Ok(Member::Is(envelope @ Envelope { .. })) => match envelope.marks().front() {
            Some(FrontKind::Alb) => Detected::Alb(envelope),
            None => Detected::Other,
        },
        Ok(Member::Absent | Member::Null | Member::Other(_)) => Detected::Other,
        Err(reason) => match Marks::of(event) {
            Some((FrontKind::Alb, marks)) => {
                Detected::Unreadable { form: Form::Alb(alb::ReplyForm::of_marks(marks)), reason }
            }
            None => Detected::Other,
        },
    }
}

/// A kind of front end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrontKind {
    Alb,
}

/// Records which of the members that identify an event are present.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// `httpMethod`
    pub(crate) http_method: bool,
    /// `path`
    pub(crate) path: bool,
    /// `multiValueHeaders`
    pub(crate) multi_headers: bool,
    /// A member in which front ends other than a load balancer send the method or the path. VPC Lattice (format 2.0)
    /// sends a `path` as well.
    pub(crate) foreign: bool,
}

impl Marks {
    /// Records that a member of that name is present.
    pub(crate) fn add(&mut self, name: &str) {
        match name {
            "httpMethod" => self.http_method = true,
            "path" => self.path = true,
            "multiValueHeaders" => self.multi_headers = true,
            "method" | "rawPath" | "raw_path" => self.foreign = true,
            _ => {}
        }
    }

    /// The front end whose events have these members.
    pub(crate) fn front(self) -> Option<FrontKind> {
        let is_alb = self.http_method || self.path && !self.foreign;
        is_alb.then_some(FrontKind::Alb)
    }

    /// The front end and the marks of an event that contains an unreadable value.
    fn of(event: &[u8]) -> Option<(FrontKind, Self)> {
        // Reads the names only: values are skipped without decoding their bytes.
        let Ok(Member::Is(marks)) = serde_json::from_slice::<Member<Self>>(event) else { return None };
        Some((marks.front()?, marks))
    }
}

impl<'de> Shape<'de> for Marks {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut marks = Self::default();
        while let Some((Key(name), IgnoredAny)) = map.next_entry()? {
            marks.add(&name);
        }
        Ok(Some(marks))
    }
}

/// The source of an event that is not an HTTP request. It is printed in words, so that a user who connected the wrong
/// trigger to the function sees the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource(String);

impl EventSource {
    /// Describes the source of `event`.
    pub(crate) fn of(event: &[u8]) -> Self {
        Self(words(event))
    }
}

impl fmt::Display for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error for an event that is not an HTTP request, and that no handler takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an Application Load Balancer event, got {0}")]
pub struct NotHttp(pub EventSource);

fn words(event: &[u8]) -> String {
    if event.trim_ascii().is_empty() {
        return "an empty payload".into();
    }
    match serde_json::from_slice(event) {
        Ok(Value::Object(object)) => of_object(&object),
        Ok(Value::Array(_)) => "a JSON list".into(),
        Ok(Value::String(_)) => "a JSON string".into(),
        Ok(_) => "a JSON value that is not an object".into(),
        Err(error) => format!("invalid JSON ({error})"),
    }
}

fn of_object(object: &Map<String, Value>) -> String {
    if object.is_empty() {
        return "an empty JSON object".into();
    }
    if let Some(records) = object.get("Records") {
        return of_records(records);
    }
    if let (Some(source), Some(detail)) = (text(object, "source"), text(object, "detail-type")) {
        return format!("an EventBridge event ({detail:?} from {source:?})");
    }
    let context = object.get("requestContext");
    let known =
        KINDS.iter().find(|(key, _)| object.contains_key(*key) || context.is_some_and(|c| c.get(key).is_some()));
    match known {
        Some((_, kind)) => (*kind).into(),
        None => format!("a JSON object with {}", some_keys(object)),
    }
}

/// Keys that identify a service, at the top level of the event or in its request context.
const KINDS: &[(&str, &str)] = &[
    ("connectionId", "an API Gateway WebSocket event"),
    ("serviceNetworkArn", "a VPC Lattice event"),
    ("rawPath", "an API Gateway HTTP API (payload format 2.0) or function URL event"),
    ("raw_path", "a VPC Lattice event"),
    ("awslogs", "a CloudWatch Logs subscription event"),
    ("deliveryStreamArn", "a Data Firehose transformation event"),
    ("triggerSource", "a Cognito trigger event"),
    ("authorizationToken", "an API Gateway authorizer event"),
    ("ResourceProperties", "a CloudFormation custom resource event"),
    ("jobRunId", "an S3 Batch Operations event"),
    ("tasks", "an S3 Batch Operations event"),
    ("invokingEvent", "an AWS Config rule event"),
    ("eventSourceArn", "a Kafka or MQ event"),
    ("configurationItem", "an AWS Config rule event"),
];

fn of_records(records: &Value) -> String {
    let first = records.get(0);
    let field = |key: &str| first.and_then(|record| record.get(key)).and_then(Value::as_str);
    let source = field("eventSource").or_else(|| field("EventSource"));
    match source {
        Some("aws:sqs") => "records of Amazon SQS (a queue)".into(),
        Some("aws:sns") => "records of Amazon SNS (a topic)".into(),
        Some("aws:s3") => "records of Amazon S3 (a bucket)".into(),
        Some("aws:dynamodb") => "records of DynamoDB Streams".into(),
        Some("aws:kinesis") => "records of Kinesis Data Streams".into(),
        Some("aws:ses") => "records of Amazon SES (mail)".into(),
        Some(other) => format!("records of {other:?}"),
        None if first.is_some_and(|record| record.get("cf").is_some()) => "a CloudFront (Lambda@Edge) event".into(),
        None => "records of an unknown source".into(),
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    object.get(key).and_then(Value::as_str)
}

/// The first keys, enough to recognise the event by and few enough for a log line.
fn some_keys(object: &Map<String, Value>) -> String {
    const SHOWN: usize = 5;
    let keys: Vec<_> = object.keys().take(SHOWN).map(|key| format!("{:?}", shortened(key))).collect();
    let more = object.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    let noun = if object.len() == 1 { "the key" } else { "the keys" };
    format!("{noun} {}{rest}", keys.join(", "))
}

fn shortened(key: &str) -> String {
    key.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn kinds_are_named() {
        for (event, kind) in [
            ("", "an empty payload"),
            ("{", "invalid JSON (EOF while parsing an object at line 1 column 1)"),
            ("[]", "a JSON list"),
            ("7", "a JSON value that is not an object"),
            ("\"x\"", "a JSON string"),
            ("{}", "an empty JSON object"),
            (r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, "records of Amazon SQS (a queue)"),
            (r#"{"Records":[{"EventSource":"aws:sns"}]}"#, "records of Amazon SNS (a topic)"),
            (r#"{"Records":[{"cf":{}}]}"#, "a CloudFront (Lambda@Edge) event"),
            (r#"{"Records":7}"#, "records of an unknown source"),
            (
                r#"{"source":"aws.events","detail-type":"Scheduled Event","detail":{}}"#,
                r#"an EventBridge event ("Scheduled Event" from "aws.events")"#,
            ),
            (
                r#"{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}"#,
                "an API Gateway HTTP API (payload format 2.0) or function URL event",
            ),
            (r#"{"requestContext":{"connectionId":"x"}}"#, "an API Gateway WebSocket event"),
            (r#"{"key1":"a"}"#, r#"a JSON object with the key "key1""#),
            (
                r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}"#,
                r#"a JSON object with the keys "a", "b", "c", "d", "e" and 1 more"#,
            ),
        ] {
            assert_eq!(super::words(event.as_bytes()), kind, "{event}");
        }
    }
}
