//! Events that are not HTTP requests: each is posted to the handler as it is, and its answer is the result.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::config::EventPath;

/// The host of the requests, as the warm-up has it.
const HOST: &str = "localhost";

/// The request for an event of a source. `payload` is the event, or one record of it.
pub(crate) fn request(path: &EventPath, source: &str, payload: Bytes) -> Option<Request<Bytes>> {
    let uri = http::Uri::builder().scheme("https").authority(HOST).path_and_query(path.of(source)?).build().ok()?;
    let json = HeaderValue::from_static("application/json");
    Request::post(uri).header(header::HOST, HOST).header(header::CONTENT_TYPE, json).body(payload).ok()
}

/// The result in an answer: its JSON, or null if it has no body.
///
/// # Errors
/// The status is not a success, or the body is not JSON. A queue would take such an answer for a success.
pub(crate) fn result(answer: &Response<Bytes>) -> Result<Bytes, String> {
    let (status, body) = (answer.status(), answer.body());
    if !status.is_success() {
        return Err(format!("the handler answered the event with status {}", status.as_u16()));
    }
    if body.is_empty() {
        return Ok(Bytes::from_static(b"null"));
    }
    let text = std::str::from_utf8(body).map_err(|error| error.to_string());
    let json = text.and_then(|text| serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string()));
    json.map(|_| body.clone()).map_err(|error| {
        format!(
            "the handler answered the event with a body that is not JSON ({error}): answer with JSON or without a body"
        )
    })
}

/// The records of a batch.
pub(crate) struct RecordBatch(pub(crate) Vec<BatchRecord>);

/// A record of a batch.
pub(crate) struct BatchRecord {
    /// What names it in the list of failed records.
    pub(crate) id: String,
    /// The group in which records have an order: that of a FIFO queue, or the shard, which is one for a whole batch.
    pub(crate) group: Option<String>,
    /// The record as it is in the event.
    pub(crate) json: Bytes,
}

#[derive(Deserialize)]
struct Records<'a> {
    #[serde(borrow, rename = "Records")]
    records: Vec<&'a RawValue>,
}

impl RecordBatch {
    /// The records of an event, or `None` if its source does not send batches whose records fail alone.
    ///
    /// # Errors
    /// A record has no id, so that its failure could not be reported.
    pub(crate) fn of(source: &str, event: &Bytes) -> Option<Result<Self, String>> {
        let place: &[&str] = match source {
            "sqs" => &["messageId"],
            "kinesis" => &["kinesis", "sequenceNumber"],
            "dynamodb" => &["dynamodb", "SequenceNumber"],
            _ => return None,
        };
        let Records { records } = serde_json::from_slice(event).ok()?;
        let record = |(index, json): (usize, &RawValue)| {
            let record: Value = serde_json::from_str(json.get()).map_err(|error| error.to_string())?;
            let id = text(&record, place)
                .ok_or_else(|| format!("Records[{index}] of the batch has no {}", place.join(".")))?;
            let group = if source == "sqs" { message_group(&record) } else { Some("") };
            let json = event.slice_ref(json.get().as_bytes());
            Ok(BatchRecord { id: id.to_owned(), group: group.map(str::to_owned), json })
        };
        Some(records.into_iter().enumerate().map(record).collect::<Result<_, _>>().map(Self))
    }
}

/// The group of a message whose queue keeps the order of its groups. Those of a standard queue only share its time fairly.
fn message_group(record: &Value) -> Option<&str> {
    let fifo = text(record, &["eventSourceARN"]).is_some_and(|arn| arn.ends_with(".fifo"))
        || text(record, &["attributes", "SequenceNumber"]).is_some();
    text(record, &["attributes", "MessageGroupId"]).filter(|_| fifo)
}

fn text<'a>(record: &'a Value, place: &[&str]) -> Option<&'a str> {
    place.iter().try_fold(record, |value, key| value.get(key))?.as_str()
}

/// The result of a batch, with the ids of the records that failed.
pub(crate) fn failures(ids: &[&str]) -> Bytes {
    let items: Vec<_> = ids.iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": items }).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &'static str) -> Result<String, String> {
        let answer = Response::builder().status(status).body(Bytes::from(body)).unwrap();
        result(&answer).map(|json| String::from_utf8(json.to_vec()).unwrap())
    }

    #[test]
    fn an_answer_is_the_result_if_it_is_json() {
        for (status, body, expected) in
            [(200, "{\"z\":1.0,\"a\": 1E5}", "{\"z\":1.0,\"a\": 1E5}"), (204, "", "null"), (202, " 7 ", " 7 ")]
        {
            assert_eq!(answer(status, body).as_deref(), Ok(expected));
        }
        for (status, body) in
            [(200, "<p>"), (200, "{\"a\":"), (200, "1 2"), (400, "{}"), (500, ""), (302, "{}"), (200, " ")]
        {
            assert!(answer(status, body).is_err(), "{status} {body}");
        }
    }

    #[test]
    fn the_records_of_a_batch_have_ids_and_groups() {
        let event = Bytes::from_static(
            br#"{"Records":[{"messageId":"a","n":1.0},{"messageId":"b","eventSourceARN":"arn:aws:sqs:r:1:q.fifo","attributes":{"MessageGroupId":"g"}},{"messageId":"c","attributes":{"MessageGroupId":"g","SequenceNumber":"1"}},{"messageId":"d","eventSourceARN":"arn:aws:sqs:r:1:q","attributes":{"MessageGroupId":"fair"}}]}"#,
        );
        let Some(Ok(RecordBatch(records))) = RecordBatch::of("sqs", &event) else { panic!("no batch") };
        assert_eq!(records[0].json, r#"{"messageId":"a","n":1.0}"#);
        let found: Vec<_> = records.iter().map(|r| (r.id.as_str(), r.group.as_deref())).collect();
        assert_eq!(found, [("a", None), ("b", Some("g")), ("c", Some("g")), ("d", None)]);
        let event = Bytes::from_static(br#"{"Records":[{"kinesis":{"sequenceNumber":"7"}}]}"#);
        let Some(Ok(RecordBatch(records))) = RecordBatch::of("kinesis", &event) else { panic!("no batch") };
        assert_eq!((records[0].id.as_str(), records[0].group.as_deref()), ("7", Some("")));
        assert!(matches!(RecordBatch::of("sqs", &Bytes::from_static(br#"{"Records":[7]}"#)), Some(Err(_))));
        assert!(RecordBatch::of("sns", &Bytes::from_static(br#"{"Records":[]}"#)).is_none());
        assert_eq!(failures(&["a\""]), r#"{"batchItemFailures":[{"itemIdentifier":"a\""}]}"#);
    }
}
