//! Names what an event is that comes from no load balancer, so that whoever connected it to the function sees the mistake.

use serde_json::{Map, Value};

/// What the event is, in words.
pub(super) fn of(event: &[u8]) -> String {
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
            assert_eq!(super::of(event.as_bytes()), kind, "{event}");
        }
    }
}
