//! Detects from the names of an event's members whether it is an HTTP request of a front end, and of which one.
//!
//! The names are collected in the same pass that reads the event, and the decision follows once all of them are known.
//! The event is never parsed as one type after another.

use std::fmt;

use serde::de::{IgnoredAny, MapAccess};
use serde_json::{Map, Value};

use crate::front::alb::HeaderMode;
use crate::front::{Envelope, Form, FrontKind};
use crate::json::{Key, Member, Shape, document};

/// What an event is.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once, and a box would cost an allocation")]
pub(crate) enum Detected<'de> {
    /// A front end's event, valid or invalid.
    Http(FrontKind, Envelope<'de>),
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
            Some(kind) => Detected::Http(kind, envelope),
            None => Detected::Other,
        },
        Ok(Member::Absent | Member::Null | Member::Other(_)) => Detected::Other,
        Err(reason) => match front_by_names(event) {
            Some(kind) => Detected::Unreadable { form: Form::of(kind), reason },
            None => Detected::Other,
        },
    }
}

/// The front end of an event that contains an unreadable value.
fn front_by_names(event: &[u8]) -> Option<FrontKind> {
    // Reads the names only: values are skipped without decoding their bytes.
    let Ok(Member::Is(marks @ Marks { .. })) = serde_json::from_slice(event) else { return None };
    marks.front()
}

/// Records which of the members that identify an event are present.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Marks {
    /// `httpMethod`: a load balancer, a REST API, an HTTP API with payload format 1.0, or an authorizer.
    pub(crate) http_method: bool,
    /// `path`
    pub(crate) path: bool,
    /// `multiValueHeaders`
    pub(crate) multi_headers: bool,
    /// Those in `requestContext`.
    pub(crate) context: ContextMarks,
    /// `resource`: an API Gateway with payload format 1.0.
    pub(crate) resource: bool,
    /// `version`: every front end but load balancers, REST APIs and VPC Lattice, event version 1.0.
    pub(crate) version: bool,
    /// `rawPath`: an HTTP API with payload format 2.0, or a function URL.
    pub(crate) raw_path: bool,
    /// `method`: VPC Lattice.
    pub(crate) method: bool,
    /// `raw_path`: VPC Lattice, event version 1.0.
    pub(crate) snake_path: bool,
    /// A member that no HTTP request has: records of a queue or stream, or what an authorizer is asked about.
    pub(crate) not_http: bool,
}

/// Records which of the members of `requestContext` that identify an event are present.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ContextMarks {
    /// `elb`, not null: a load balancer.
    pub(crate) elb: bool,
    /// `http`: an HTTP API with payload format 2.0, or a function URL.
    pub(crate) http: bool,
    /// `serviceNetworkArn` or `serviceArn`: VPC Lattice, event version 2.0.
    pub(crate) lattice: bool,
    /// `domainName` is that of a function URL.
    pub(crate) url_domain: bool,
}

impl ContextMarks {
    /// Records that a member of that name is present.
    pub(crate) fn add(&mut self, name: &str) {
        match name {
            "http" => self.http = true,
            "serviceNetworkArn" | "serviceArn" => self.lattice = true,
            _ => {}
        }
    }
}

impl Marks {
    /// Records that a member of that name is present.
    pub(crate) fn add(&mut self, name: &str) {
        match name {
            "httpMethod" => self.http_method = true,
            "path" => self.path = true,
            "multiValueHeaders" => self.multi_headers = true,
            "resource" => self.resource = true,
            "version" => self.version = true,
            "rawPath" => self.raw_path = true,
            "method" => self.method = true,
            "raw_path" => self.snake_path = true,
            "Records" | "methodArn" | "routeArn" => self.not_http = true,
            _ => {}
        }
    }

    /// The front end whose events have these members.
    pub(crate) fn front(self) -> Option<FrontKind> {
        if self.context.elb {
            return Some(self.alb());
        }
        if self.not_http {
            return None;
        }
        if self.http_method {
            return Some(match (self.version, self.resource) {
                (true, _) => FrontKind::HttpApi1,
                (false, true) => FrontKind::Rest,
                (false, false) => self.alb(),
            });
        }
        if !self.context.lattice && self.is_format_2() {
            return Some(if self.context.url_domain { FrontKind::Url } else { FrontKind::HttpApi2 });
        }
        if self.context.lattice || self.method && self.path && self.version {
            return Some(FrontKind::Lattice2);
        }
        if self.method && self.snake_path {
            return Some(FrontKind::Lattice1);
        }
        // A load balancer's event whose method is missing is an invalid request. Those of others have another name for
        // it, and the path of some is not `path`.
        (self.path && !self.method && !self.raw_path && !self.snake_path).then(|| self.alb())
    }

    /// Whether two members of payload format 2.0 are present, so that one may be missing.
    fn is_format_2(self) -> bool {
        [self.raw_path, self.context.http, self.version].into_iter().filter(|&present| present).count() >= 2
    }

    /// A load balancer, with its header mode as far as the names of the members show.
    fn alb(self) -> FrontKind {
        FrontKind::Alb(if self.multi_headers { HeaderMode::Multi } else { HeaderMode::Single })
    }
}

impl<'de> Shape<'de> for Marks {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut marks = Self::default();
        while let Some(Key(name)) = map.next_key()? {
            marks.add(&name);
            if name == "requestContext" {
                let context: Member<ContextMarks> = map.next_value()?;
                marks.context = if let Member::Is(context) = context { context } else { ContextMarks::default() };
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Some(marks))
    }
}

impl<'de> Shape<'de> for ContextMarks {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut marks = Self::default();
        while let Some((Key(name), IgnoredAny)) = map.next_entry()? {
            marks.elb |= name == "elb";
            marks.add(&name);
        }
        Ok(Some(marks))
    }
}

/// The source of an event that is not an HTTP request. It is printed in words, so that a user who connected the wrong
/// trigger to the function sees the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    words: String,
    name: Option<&'static str>,
}

impl EventSource {
    /// Describes the source of `event`.
    pub(crate) fn of(event: &[u8]) -> Self {
        if event.trim_ascii().is_empty() {
            return Self { words: "an empty payload".into(), name: None };
        }
        match serde_json::from_slice(event) {
            Ok(value) => Self { words: words(&value), name: Some(name(&value)) },
            Err(error) => Self { words: format!("invalid JSON ({error})"), name: None },
        }
    }

    /// The short name of the source, as the setting `events.path` uses it: `sqs`, `eventbridge`, … `other`. `None` if
    /// the event is not JSON.
    #[must_use]
    pub fn name(&self) -> Option<&'static str> {
        self.name
    }
}

impl fmt::Display for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// The error for an event that is not an HTTP request, and that no handler takes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an HTTP request of a load balancer, an API Gateway, a function URL or VPC Lattice, got {0}")]
pub struct NotHttp(pub EventSource);

fn words(event: &Value) -> String {
    match event {
        Value::Object(object) => of_object(object),
        Value::Array(_) => "a JSON list".into(),
        Value::String(_) => "a JSON string".into(),
        _ => "a JSON value that is not an object".into(),
    }
}

fn name(event: &Value) -> &'static str {
    let Value::Object(object) = event else { return "other" };
    if let Some(records) = object.get("Records") {
        return match source_of_records(records) {
            Some("aws:sqs") => "sqs",
            Some("aws:sns") => "sns",
            Some("aws:s3") => "s3",
            Some("aws:dynamodb") => "dynamodb",
            Some("aws:kinesis") => "kinesis",
            Some("aws:ses") => "ses",
            _ => "other",
        };
    }
    match (text(object, "source"), text(object, "eventSource")) {
        (Some("aws.scheduler"), _) if object.contains_key("detail-type") => "scheduler",
        (Some(_), _) if object.contains_key("detail-type") => "eventbridge",
        (_, Some("aws:kafka" | "SelfManagedKafka")) => "kafka",
        _ if object.contains_key("triggerSource") => "cognito",
        // The context object of a state machine, if its definition passes it on.
        _ if object.contains_key("Execution") && object.contains_key("StateMachine") => "step-functions",
        _ => "other",
    }
}

/// The name that the records have for their source.
fn source_of_records(records: &Value) -> Option<&str> {
    let first = records.get(0)?;
    first.get("eventSource").or_else(|| first.get("EventSource")).and_then(Value::as_str)
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
    ("methodArn", "an API Gateway authorizer event"),
    ("routeArn", "an API Gateway authorizer event"),
    ("ResourceProperties", "a CloudFormation custom resource event"),
    ("jobRunId", "an S3 Batch Operations event"),
    ("tasks", "an S3 Batch Operations event"),
    ("invokingEvent", "an AWS Config rule event"),
    ("eventSourceArn", "a Kafka or MQ event"),
    ("configurationItem", "an AWS Config rule event"),
];

fn of_records(records: &Value) -> String {
    let first = records.get(0);
    match source_of_records(records) {
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
            assert_eq!(super::EventSource::of(event.as_bytes()).to_string(), kind, "{event}");
        }
    }

    #[test]
    fn sources_have_short_names() {
        for (event, name) in [
            (r#"{"Records":[{"eventSource":"aws:sqs"}]}"#, Some("sqs")),
            (r#"{"Records":[{"EventSource":"aws:sns"}]}"#, Some("sns")),
            (r#"{"Records":[{"eventSource":"aws:codecommit"}]}"#, Some("other")),
            (r#"{"Records":[]}"#, Some("other")),
            (r#"{"source":"aws.events","detail-type":"x"}"#, Some("eventbridge")),
            (r#"{"source":"aws.scheduler","detail-type":"x"}"#, Some("scheduler")),
            (r#"{"eventSource":"aws:kafka","records":{}}"#, Some("kafka")),
            (r#"{"triggerSource":"PreSignUp_SignUp"}"#, Some("cognito")),
            (r#"{"Execution":{},"StateMachine":{}}"#, Some("step-functions")),
            (r#"{"source":"mine"}"#, Some("other")),
            ("null", Some("other")),
            ("", None),
            ("{", None),
        ] {
            assert_eq!(super::EventSource::of(event.as_bytes()).name(), name, "{event}");
        }
    }
}
