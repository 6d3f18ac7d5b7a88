//! A sample of each kind of event: `funcserver event --list`.

use anyhow::{Context as _, Result};
use bytes::Bytes;
use funcserver_events::FrontKind;
use funcserver_local::balancer::{self, BalancerOptions};
use http::{Request, header};
use serde_json::{Map, Value, json};

use super::event::{CLIENT, HOST, PORT};

/// An event of each kind, by the name that `--front` or `events.path` has for it.
pub(super) fn samples() -> Result<Value> {
    let mut samples = Map::new();
    for (name, front) in [
        ("alb", FrontKind::ALL[0]),
        ("alb, multi-value headers", FrontKind::ALL[1]),
        ("url", FrontKind::Url),
        ("http-api", FrontKind::HttpApi2),
        ("http-api-1", FrontKind::HttpApi1),
        ("rest", FrontKind::Rest),
        ("lattice", FrontKind::Lattice2),
        ("lattice-1", FrontKind::Lattice1),
    ] {
        samples.insert(name.to_owned(), request(front).with_context(|| format!("cannot make the event of {name}"))?);
    }
    for (name, event) in others() {
        samples.insert(name.to_owned(), event);
    }
    Ok(Value::Object(samples))
}

fn request(front: FrontKind) -> Result<Value> {
    let request = Request::get("/products?page=2").header(header::HOST, HOST).body(Bytes::new())?;
    let options = BalancerOptions { front, ..BalancerOptions::default() };
    Ok(serde_json::from_slice(&balancer::event(request, CLIENT, PORT, &options)?)?)
}

/// Events that are not HTTP requests.
fn others() -> [(&'static str, Value); 13] {
    let records = |record: Value| json!({ "Records": [record] });
    [
        (
            "sqs",
            records(json!({
                "messageId": "5f0d3c0e-5c5f-4a8e-9a43-6c1f0a3f9a01",
                "receiptHandle": "handle",
                "body": "{\"order\":7}",
                "attributes": { "ApproximateReceiveCount": "1", "SentTimestamp": "1800000000000" },
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders",
                "awsRegion": "us-east-1",
            })),
        ),
        ("sqs, FIFO", json!({ "Records": [fifo("1", "ada"), fifo("2", "grace"), fifo("3", "ada")] })),
        (
            "sns",
            records(json!({
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "Sns": { "Type": "Notification", "MessageId": "1", "Subject": null, "Message": "{\"order\":7}" },
            })),
        ),
        (
            "s3",
            records(json!({
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": { "bucket": { "name": "uploads" }, "object": { "key": "a+photo.jpg", "size": 1024 } },
            })),
        ),
        (
            "eventbridge",
            json!({
                "version": "0",
                "id": "1",
                "detail-type": "Order Placed",
                "source": "shop",
                "time": "2027-01-15T08:00:00Z",
                "detail": { "order": 7 },
            }),
        ),
        (
            "scheduler",
            json!({
                "version": "0",
                "id": "1",
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "time": "2027-01-15T08:00:00Z",
                "resources": ["arn:aws:scheduler:us-east-1:123456789012:schedule/default/nightly"],
                "detail": "{}",
            }),
        ),
        (
            "dynamodb",
            records(json!({
                "eventID": "1",
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "dynamodb": { "Keys": { "id": { "N": "7" } }, "SequenceNumber": "111" },
            })),
        ),
        (
            "kinesis",
            records(json!({
                "eventID": "shardId-000000000000:1",
                "eventSource": "aws:kinesis",
                "kinesis": { "partitionKey": "7", "sequenceNumber": "1", "data": "eyJvcmRlciI6N30=" },
            })),
        ),
        (
            "kafka",
            json!({
                "eventSource": "aws:kafka",
                "eventSourceArn": "arn:aws:kafka:us-east-1:123456789012:cluster/orders/1",
                "bootstrapServers": "b-1.orders.kafka.us-east-1.amazonaws.com:9092",
                "records": {
                    "orders-0": [{
                        "topic": "orders",
                        "partition": 0,
                        "offset": 15,
                        "timestamp": 1_800_000_000_000_u64,
                        "timestampType": "CREATE_TIME",
                        "key": "Nw==",
                        "value": "eyJvcmRlciI6N30=",
                        "headers": [],
                    }],
                },
            }),
        ),
        (
            "ses",
            records(json!({
                "eventSource": "aws:ses",
                "eventVersion": "1.0",
                "ses": { "mail": { "source": "ada@shop.example", "messageId": "1" }, "receipt": { "action": {} } },
            })),
        ),
        (
            "step-functions",
            json!({
                "Execution": { "Id": "arn:aws:states:us-east-1:123456789012:execution:orders:1", "Input": { "order": 7 } },
                "State": { "Name": "Charge", "RetryCount": 0 },
                "StateMachine": { "Id": "arn:aws:states:us-east-1:123456789012:stateMachine:orders" },
            }),
        ),
        ("cognito", json!({ "version": "1", "triggerSource": "PreSignUp_SignUp", "userName": "ada", "request": {} })),
        ("other", json!({ "order": 7 })),
    ]
}

/// A message of a queue that keeps the order in each group.
fn fifo(number: &str, group: &str) -> Value {
    json!({
        "messageId": format!("5f0d3c0e-5c5f-4a8e-9a43-6c1f0a3f9a0{number}"),
        "receiptHandle": "handle",
        "body": "{\"order\":7}",
        "attributes": {
            "ApproximateReceiveCount": "1",
            "SentTimestamp": "1800000000000",
            "SequenceNumber": number,
            "MessageGroupId": group,
            "MessageDeduplicationId": number,
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:orders.fifo",
        "awsRegion": "us-east-1",
    })
}

#[cfg(test)]
mod tests {
    use funcserver_events::{Event, FrontOptions, decode};

    #[test]
    fn each_sample_is_of_its_kind() {
        let serde_json::Value::Object(samples) = super::samples().unwrap() else { panic!("no object") };
        assert_eq!(samples.len(), 21);
        for (name, event) in samples {
            match decode(&event.to_string().into(), &FrontOptions::default()) {
                Ok(Event::Http(incoming)) => assert_eq!(incoming.request.uri().query(), Some("page=2"), "{name}"),
                Ok(Event::Other { source, .. }) => assert_eq!(source.name(), name.split(',').next()),
                Err(invalid) => panic!("{name}: {invalid}"),
            }
        }
    }
}
