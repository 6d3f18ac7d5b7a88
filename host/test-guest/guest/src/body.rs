use std::io::Write;

use wasip2::http::types::{ErrorCode, Fields, OutgoingBody, OutgoingResponse, ResponseOutparam};
use wasip2::io::streams::OutputStream;

/// The body of an answer that is being written. Dropping it aborts it.
pub struct Body {
    // The order of the fields matters: a body must outlive its stream.
    stream: OutputStream,
    body: OutgoingBody,
}

impl Body {
    /// Sends status and headers. A header that the host rejects is omitted and named on standard error. If the host
    /// rejects the status, an error code is sent, and there is no body.
    pub fn start<'a>(
        out: ResponseOutparam,
        status: u16,
        headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Option<Self> {
        Self::with(out, status, fields(headers))
    }

    /// Like [`start`](Self::start), with headers that the host has already accepted.
    pub fn with(out: ResponseOutparam, status: u16, headers: Fields) -> Option<Self> {
        let response = OutgoingResponse::new(headers);
        if response.set_status_code(status).is_err() {
            let error = ErrorCode::InternalError(Some(format!("status refused: {status}")));
            ResponseOutparam::set(out, Err(error));
            return None;
        }
        let body = response.body().expect("a new response's body is not taken");
        let stream = body.write().expect("a new body's stream is not taken");
        ResponseOutparam::set(out, Ok(response));
        Some(Self { stream, body })
    }

    /// Writes and flushes. Returns whether the host accepted all bytes. If not, the reason is on standard error.
    pub fn write(&mut self, bytes: &[u8]) -> bool {
        let written = self.stream.write_all(bytes).and_then(|()| Write::flush(&mut self.stream));
        if let Err(error) = &written {
            eprintln!("write refused: {error}");
        }
        written.is_ok()
    }

    pub fn finish(self, trailers: Option<Fields>) {
        if let Err(error) = self.end(trailers) {
            eprintln!("finish refused: {error}");
        }
    }

    /// Finishes the body, and returns whether the host accepted that.
    pub fn try_finish(self) -> bool {
        self.end(None).is_ok()
    }

    fn end(self, trailers: Option<Fields>) -> Result<(), ErrorCode> {
        let Self { stream, body } = self;
        drop(stream);
        OutgoingBody::finish(body, trailers)
    }
}

/// Creates headers or trailers, without those that the host rejects.
pub fn fields<'a>(entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Fields {
    let fields = Fields::new();
    for (name, value) in entries {
        if let Err(error) = fields.append(name, value) {
            eprintln!("header refused: {name}: {error}");
        }
    }
    fields
}
