//! Answers whose body is a stream from another source.

use wasip3::filesystem::preopens::get_directories;
use wasip3::filesystem::types::{DescriptorFlags, OpenFlags, PathFlags};
use wasip3::http::client::send;
use wasip3::http::types::{ErrorCode, Response, Trailers};
use wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult};
use wasip3::{spawn_local, wit_future, wit_stream};

use crate::body::fields;
use crate::fetch::request;

type Handled = Result<Response, ErrorCode>;
type End = FutureReader<Result<Option<Trailers>, ErrorCode>>;

/// The unchanged response of another server.
pub async fn hand_on(url: &str) -> Handled {
    send(request(url).ok_or(ErrorCode::HttpRequestUriInvalid)?).await
}

/// The body stream of that response in a new response.
pub async fn wrap(url: &str, stated: Option<usize>) -> Handled {
    let (stream, _end) = consume(hand_on(url).await?);
    Ok(answer(stream, no_trailers(), stated))
}

/// Like [`wrap`], and passes on how the stream ends.
pub async fn wrap_with_end(url: &str) -> Handled {
    let (stream, end) = consume(hand_on(url).await?);
    Ok(answer(stream, end, None))
}

/// Copies the stream, and passes on how it ends.
pub async fn pump(url: &str) -> Handled {
    let (mut from, end) = consume(hand_on(url).await?);
    let (mut to, stream) = wit_stream::new();
    spawn_local(async move {
        loop {
            let (result, piece) = from.read(Vec::with_capacity(10_000)).await;
            if piece.is_empty() && matches!(result, StreamResult::Dropped | StreamResult::Cancelled) {
                break;
            }
            to.write_all(piece).await;
        }
    });
    Ok(answer(stream, end, None))
}

/// The stream of a file.
pub async fn file(path: &str) -> Handled {
    let failed = |error: &dyn std::fmt::Debug| ErrorCode::InternalError(Some(format!("{path}: {error:?}")));
    let (folder, name) = path.rsplit_once('/').ok_or_else(|| failed(&"no folder"))?;
    let folder = if folder.is_empty() { "/" } else { folder };
    let folders = get_directories();
    let (folder, _) = folders.iter().find(|(_, own)| own == folder).ok_or_else(|| failed(&"no such folder"))?;
    let (flags, open) = (DescriptorFlags::READ, OpenFlags::empty());
    let file = folder.open_at(PathFlags::empty(), name.to_owned(), open, flags).await;
    let (stream, _end) = file.map_err(|error| failed(&error))?.read_via_stream(0);
    Ok(answer(stream, no_trailers(), None))
}

fn consume(response: Response) -> (StreamReader<u8>, End) {
    let (_, done) = wit_future::new(|| Ok(()));
    Response::consume_body(response, done)
}

fn no_trailers() -> End {
    wit_future::new(|| Ok(None)).1
}

fn answer(stream: StreamReader<u8>, end: End, stated: Option<usize>) -> Response {
    let length = stated.map(|stated| stated.to_string());
    let headers = length.as_deref().map(|length| ("content-length", length));
    let (response, _sent) = Response::new(fields(headers.as_slice()), Some(stream), end);
    response
}
