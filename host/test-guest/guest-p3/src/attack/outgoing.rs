//! Regular and hostile outgoing requests. Their server may be hostile too.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::client::send;
use wasip3::http::types::{ErrorCode, Method, Request, Response, Scheme};
use wasip3::wit_bindgen::StreamResult;
use wasip3::{spawn_local, wit_future, wit_stream};

use crate::body::fields;
use crate::fetch::request;

/// The number of bytes of a body that are read at a time.
const PIECE: usize = 16 * 1024;

pub async fn get(url: &str) -> String {
    described(send(request(url).expect("the driver writes whole URLs")).await).await
}

/// Passes on the response of the upstream server.
pub async fn proxy(url: &str) -> Result<Response, ErrorCode> {
    send(request(url).expect("the driver writes whole URLs")).await
}

/// Puts the body of the upstream response into a new response.
pub async fn proxy_own(url: &str) -> Result<Response, ErrorCode> {
    let upstream = proxy(url).await?;
    let (_, done) = wit_future::new(|| Ok(()));
    let (stream, end) = Response::consume_body(upstream, done);
    let headers = fields(&[("content-type", "application/octet-stream")]);
    let (response, _sent) = Response::new(headers, Some(stream), end);
    Ok(response)
}

pub async fn upload(url: &str, bytes: usize) -> String {
    let (mut writer, reader) = wit_stream::new();
    let (end, ended) = wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(fields(&[]), Some(reader), ended, None);
    aim(&request, url);
    spawn_local(async move {
        let mut left = bytes;
        while left > 0 && writer.write_all(vec![b'u'; left.min(PIECE)]).await.is_empty() {
            left = left.saturating_sub(PIECE);
        }
        drop(writer);
        let _ = end.write(Ok(None)).await;
    });
    described(send(request).await).await
}

pub async fn flood(url: &str, count: usize) -> String {
    let mut answered = 0;
    for _ in 0..count {
        answered += usize::from(get(url).await.starts_with("status=200"));
    }
    answered.to_string()
}

pub async fn drop_all(url: &str, count: usize) -> String {
    let mut begun: Vec<Pin<Box<dyn Future<Output = _>>>> = Vec::new();
    for number in 0..count {
        let request = request(&url.replace('#', &number.to_string())).expect("the driver writes whole URLs");
        begun.push(Box::pin(send(request)));
    }
    let mut all = pin!(poll_fn(|context| {
        begun.retain_mut(|one| one.as_mut().poll(context).is_pending());
        if begun.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    }));
    // Each is polled once. After a short time some of them have been sent.
    let mut some_time = pin!(wait_for(20_000_000));
    poll_fn(|context| match (all.as_mut().poll(context), some_time.as_mut().poll(context)) {
        (Poll::Pending, Poll::Pending) => Poll::Pending,
        _ => Poll::Ready(()),
    })
    .await;
    "dropped".to_owned()
}

fn aim(request: &Request, url: &str) {
    let (scheme, rest) = url.split_once("://").expect("the driver writes whole URLs");
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    let set = [
        request.set_method(&Method::Post),
        request.set_scheme(Some(&scheme)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some(path)),
    ];
    assert!(set.iter().all(Result::is_ok), "the host takes the URL {url}");
}

/// Describes a response: `error=NAME`, or `status=200 bytes=N sum=HEX`, with ` cut` if the body is incomplete. The sum
/// is FNV-1a.
async fn described(result: Result<Response, ErrorCode>) -> String {
    let response = match result {
        Ok(response) => response,
        Err(error) => return format!("error={}", name(&error)),
    };
    let status = response.get_status_code();
    let (_, done) = wit_future::new(|| Ok(()));
    let (mut stream, end) = Response::consume_body(response, done);
    let (mut bytes, mut sum) = (0, 0xcbf2_9ce4_8422_2325_u64);
    loop {
        let (result, piece) = stream.read(Vec::with_capacity(PIECE)).await;
        bytes += piece.len();
        for byte in &piece {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if matches!(result, StreamResult::Dropped | StreamResult::Cancelled) {
            break;
        }
    }
    drop(stream);
    let end = if end.await.is_ok() { "" } else { " cut" };
    format!("status={status} bytes={bytes} sum={sum:016x}{end}")
}

/// Converts the Rust name of an error code (`ErrorCode::HttpRequestDenied`) to the name in WIT (`HTTP-request-denied`).
fn name(error: &ErrorCode) -> String {
    let spelled = format!("{error:?}");
    let variant = spelled.trim_start_matches("ErrorCode::");
    let variant = variant.split('(').next().unwrap_or(variant);
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    for word in ["dns", "http", "ip", "tls", "uri"] {
        name = name
            .split('-')
            .map(|own| if own == word { word.to_uppercase() } else { own.to_owned() })
            .collect::<Vec<_>>()
            .join("-");
    }
    name
}
