//! Measures what the host does for each request to AWS: it reads the guest's signature, and signs the request again.

use std::hint::black_box;
use std::time::{Instant, SystemTime};

use funcserver_aws::{Credentials, Intent, Payload, sign};
use http::Request;
use http::request::Parts;

const ROUNDS: usize = 10_000;
const GUEST: &str = "AWS4-HMAC-SHA256 Credential=STANDIN/20261130/eu-west-1/";
/// The size of a session token in Lambda.
const TOKEN: usize = 1200;

fn main() {
    let credentials = Credentials::new("AKIDEXAMPLE".to_owned(), "secret".repeat(7), Some("t".repeat(TOKEN)), None);
    let dynamodb = request(
        "POST",
        "https://dynamodb.eu-west-1.amazonaws.com/",
        "dynamodb",
        &[
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "DynamoDB_20120810.GetItem"),
            ("amz-sdk-invocation-id", "8f507cfc-8d3c-4c6f-b0f5-0c1d6c4c1f0e"),
            ("amz-sdk-request", "attempt=1"),
        ],
    );
    let s3 = request("GET", "https://shop.s3.eu-west-1.amazonaws.com/a/key?versionId=1", "s3", &[]);
    for (name, parts, size) in [
        ("DynamoDB, 200 bytes", &dynamodb, 200),
        ("S3, no body", &s3, 0),
        ("S3, 1 kB", &s3, 1_000),
        ("S3, 5 MB hashed", &s3, 5_000_000),
    ] {
        measure(name, parts, &vec![b'x'; size], &credentials);
    }
}

fn request(method: &str, uri: &str, service: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri).header("user-agent", "sdk/1");
    request =
        request.header("authorization", format!("{GUEST}{service}/aws4_request, SignedHeaders=host, Signature=0"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).expect("a valid request").into_parts().0
}

fn measure(name: &str, parts: &Parts, body: &[u8], credentials: &Credentials) {
    let rounds = if body.len() > 1_000_000 { 200 } else { ROUNDS };
    let mut times: Vec<_> = (0..rounds)
        .map(|_| {
            let mut parts = parts.clone();
            let begin = Instant::now();
            let intent = Intent::of(&parts).expect("the guest has signed");
            sign(&mut parts, Payload::Bytes(body), &intent.scope, credentials, SystemTime::now())
                .expect("it is signed");
            black_box(&parts);
            begin.elapsed()
        })
        .collect();
    times.sort_unstable();
    let microseconds = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
    println!("{name:20} p50 {:9.1} µs   p99 {:9.1} µs", microseconds(50), microseconds(99));
}
