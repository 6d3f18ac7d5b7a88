//! An outgoing request, from its URL to the description of the response.

use std::io::Read;

use wasip2::http::outgoing_handler::handle;
use wasip2::http::types::{
    ErrorCode, Fields, FutureIncomingResponse, IncomingResponse, Method, OutgoingRequest, RequestOptions, Scheme,
};

use crate::fetch::name;

/// Creates a request without headers.
pub fn request(url: &str, method: &Method) -> OutgoingRequest {
    let (scheme, rest) = url.split_once("://").expect("the driver writes whole URLs");
    let (authority, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
    let scheme = if scheme == "http" { Scheme::Http } else { Scheme::Https };
    let request = OutgoingRequest::new(Fields::new());
    let set = [
        request.set_method(method),
        request.set_scheme(Some(&scheme)),
        request.set_authority(Some(authority)),
        request.set_path_with_query(Some(path)),
    ];
    assert!(set.iter().all(Result::is_ok), "the host takes the URL {url}");
    request
}

/// Sends the request. If `within` is set, every timeout is this many milliseconds.
pub fn send(request: OutgoingRequest, within: Option<u64>) -> Result<FutureIncomingResponse, ErrorCode> {
    let options = within.map(|milliseconds| {
        let options = RequestOptions::new();
        let time = Some(milliseconds * 1_000_000);
        let set = [
            options.set_connect_timeout(time),
            options.set_first_byte_timeout(time),
            options.set_between_bytes_timeout(time),
        ];
        assert!(set.iter().all(Result::is_ok), "the host takes every timeout");
        options
    });
    handle(request, options)
}

pub fn wait(response: &FutureIncomingResponse) -> Result<IncomingResponse, ErrorCode> {
    response.subscribe().block();
    response.get().expect("the host says that it is ready").expect("the response is taken once")
}

/// Describes a response: `error=NAME`, or `status=200 bytes=N sum=HEX`, with ` cut` if the body is incomplete. The sum
/// is FNV-1a.
pub fn described(result: Result<IncomingResponse, ErrorCode>) -> String {
    let response = match result {
        Ok(response) => response,
        Err(error) => return format!("error={}", name(&error)),
    };
    let status = response.status();
    let body = response.consume().expect("the body is taken once");
    let mut stream = body.stream().expect("the body's stream is taken once");
    let (mut bytes, mut sum, mut piece) = (0, 0xcbf2_9ce4_8422_2325_u64, vec![0; 16 * 1024]);
    let end = loop {
        match Read::read(&mut stream, &mut piece) {
            Ok(0) => break "",
            Ok(read) => {
                bytes += read;
                for byte in &piece[..read] {
                    sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
                }
            }
            Err(_) => break " cut",
        }
    };
    format!("status={status} bytes={bytes} sum={sum:016x}{end}")
}
