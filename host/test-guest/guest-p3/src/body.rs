use std::task::{Context, Waker};

use wasip3::http::types::{ErrorCode, Fields, Response, Trailers};
use wasip3::wit_bindgen::{FutureWriter, StreamWriter};
use wasip3::{wit_future, wit_stream};

/// The body of an answer that is being written. Dropping it aborts it.
pub struct Body {
    stream: StreamWriter<u8>,
    end: FutureWriter<Result<Option<Trailers>, ErrorCode>>,
}

impl Body {
    /// Creates a response with this status and these headers, and its body.
    pub fn start(status: u16, headers: &[(&str, &str)]) -> (Response, Self) {
        Self::with(status, fields(headers))
    }

    pub fn with(status: u16, headers: Fields) -> (Response, Self) {
        let (stream, reader) = wit_stream::new();
        let (end, ended) = wit_future::new(|| Err(ErrorCode::InternalError(Some("broken off".to_owned()))));
        let (response, _sent) = Response::new(headers, Some(reader), ended);
        response.set_status_code(status).expect("the host takes every status that the acts have");
        (response, Self { stream, end })
    }

    /// Writes bytes. Returns whether the host accepted all of them.
    pub async fn write(&mut self, bytes: impl Into<Vec<u8>>) -> bool {
        self.stream.write_all(bytes.into()).await.is_empty()
    }

    /// Starts to write, and ignores the result.
    pub fn begin_write(&mut self, bytes: impl Into<Vec<u8>>) {
        begin(self.stream.write(bytes.into()));
    }

    /// Starts to finish the body, and ignores the result.
    pub fn begin_finish(self) {
        drop(self.stream);
        begin(self.end.write(Ok(None)));
    }

    pub async fn finish(self, trailers: Option<Trailers>) {
        drop(self.stream);
        if self.end.write(Ok(trailers)).await.is_err() {
            eprintln!("nobody waits for the body's end");
        }
    }
}

/// Starts an operation of the host without waiting for it.
fn begin(operation: impl Future) {
    let mut operation = Box::pin(operation);
    let _ = operation.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    std::mem::forget(operation);
}

pub fn fields(entries: &[(&str, &str)]) -> Fields {
    let entries: Vec<_> = entries.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    Fields::from_list(&entries).expect("the host takes every header that the acts have")
}
