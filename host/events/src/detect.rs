//! Tells by the names of its members whether an event is a front's request, and which front's.
//!
//! The names are seen as the event is read, in the same pass, and all of them before anything is decided: no type is
//! tried after another.

use crate::{
    front::{Envelope, Form, alb},
    json::{Key, Member, Shape, document},
};
use serde::de::{IgnoredAny, MapAccess};
use serde_json::{Map, Value};
use std::fmt;

/// What an event is.
pub(crate) enum Detected<'de> {
    /// An Application Load Balancer's, right or wrong.
    Alb(Envelope<'de>),
    /// A front's, with a value that cannot be read: half a surrogate pair, bytes that are no UTF-8, a number beyond all
    /// bounds.
    Unreadable { form: Form, reason: String },
    /// No front's.
    Other,
}

/// Reads an event as far as to tell what it is.
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

/// A kind of front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrontKind {
    Alb,
}

/// Which of the members that tell what an event is are there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// `httpMethod`
    pub(crate) http_method: bool,
    /// `path`
    pub(crate) path: bool,
    /// `multiValueHeaders`
    pub(crate) multi_headers: bool,
    /// A member in which other fronts than a load balancer have the method or the path. VPC Lattice (format 2.0) has a
    /// `path` beside it.
    pub(crate) foreign: bool,
}

impl Marks {
    /// A member of that name is there.
    pub(crate) fn add(&mut self, name: &str) {
        match name {
            "httpMethod" => self.http_method = true,
            "path" => self.path = true,
            "multiValueHeaders" => self.multi_headers = true,
            "method" | "rawPath" | "raw_path" => self.foreign = true,
            _ => {}
        }
    }

    /// Whose event has these.
    pub(crate) fn front(self) -> Option<FrontKind> {
        let is_alb = self.http_method || self.path && !self.foreign;
        is_alb.then_some(FrontKind::Alb)
    }

    /// The marks of an event with an unreadable value, and the front that they tell.
    fn of(event: &[u8]) -> Option<(FrontKind, Self)> {
        // The names alone: values are skipped as they are, whatever bytes they have.
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

/// Where an event comes from that is no request. It is printed in words, so that whoever connected it to the function
/// sees the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource(String);

impl EventSource {
    /// Where this one comes from.
    pub(crate) fn of(event: &[u8]) -> Self {
        Self(words(event))
    }
}

impl fmt::Display for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event that nothing here answers, because it is no request.
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
        Ok(_) => "a JSON value that is no object".into(),
        Err(error) => format!("no JSON ({error})"),
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

/// A key that gives a kind away, at the top of the event or in its request context.
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
            ("{", "no JSON (EOF while parsing an object at line 1 column 1)"),
            ("[]", "a JSON list"),
            ("7", "a JSON value that is no object"),
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
