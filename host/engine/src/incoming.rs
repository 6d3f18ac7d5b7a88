//! A guest's response as it comes: first its head, then its body, piece by piece.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header, response};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::fault::Fault;
use crate::open_body::Writer;

/// What the guest hands over: a response, whose body it may still have to write, or an error code of `wasi:http/types` as
/// text.
pub(crate) type ResponseResult = Result<GuestResponse, String>;

/// A response as the guest sets it.
pub(crate) struct GuestResponse {
    pub(crate) response: http::Response<WasiBody>,
    pub(crate) writer: Writer,
}

/// The response to one request. Its methods can be cancelled: what has come stays.
pub(crate) struct IncomingResponse {
    /// The request was HEAD: the body that the guest writes is counted and dropped.
    head: bool,
    stage: Stage,
    written: u64,
}

enum Stage {
    /// The guest has set no response yet.
    Awaited(oneshot::Receiver<ResponseResult>),
    Body(Coming),
    /// The body has ended, or there was no response.
    Done,
}

struct Coming {
    body: WasiBody,
    writer: Writer,
    /// The request or the status allows no body.
    bodiless: bool,
    /// The length that the guest has stated.
    stated: Option<u64>,
}

impl IncomingResponse {
    pub(crate) fn new(outcome: oneshot::Receiver<ResponseResult>, head: bool) -> Self {
        Self { head, stage: Stage::Awaited(outcome), written: 0 }
    }

    /// How many bytes of the body have come.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Who feeds the body, as long as it has not ended.
    pub(crate) fn writer(&self) -> Option<Writer> {
        match &self.stage {
            Stage::Body(coming) => Some(coming.writer),
            Stage::Awaited(_) | Stage::Done => None,
        }
    }

    /// Waits until the guest sets its response.
    pub(crate) async fn head(&mut self) -> Result<response::Parts, Fault> {
        let Stage::Awaited(outcome) = &mut self.stage else { return Err(Fault::NoAnswer) };
        let outcome = outcome.await;
        self.stage = Stage::Done;
        let GuestResponse { response, writer } = match outcome {
            Ok(Ok(response)) => response,
            Ok(Err(code)) => return Err(Fault::ErrorCode(code)),
            Err(_) => return Err(Fault::NoAnswer),
        };
        let (parts, body) = response.into_parts();
        let bodiless = self.head || matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        self.stage = Stage::Body(Coming { body, writer, bodiless, stated: content_length(&parts.headers) });
        Ok(parts)
    }

    /// Waits for the next piece of the body. None once it has ended as the guest has stated.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            let Stage::Body(coming) = &mut self.stage else { return Ok(None) };
            let Some(frame) = coming.body.frame().await else {
                let complete = coming.complete(self.written);
                self.stage = Stage::Done;
                return complete.map(|()| None);
            };
            match frame {
                Ok(frame) => {
                    let Ok(data) = frame.into_data() else { continue };
                    self.written += data.len() as u64;
                    if coming.bodiless {
                        continue;
                    }
                    if let Some(stated) = coming.stated.filter(|stated| *stated < self.written) {
                        return Err(Fault::Length { stated, actual: self.written });
                    }
                    return Ok(Some(data));
                }
                // A length without a body is the length of another answer (HEAD, 304), so wasmtime's complaint is ignored.
                Err(_) if coming.bodiless && self.written == 0 && coming.stated.is_some() => {
                    self.stage = Stage::Done;
                    return Ok(None);
                }
                Err(error) => return Err(coming.broken(self.written, &error)),
            }
        }
    }
}

impl Coming {
    /// The body has ended after so many bytes.
    fn complete(&self, actual: u64) -> Result<(), Fault> {
        match self.stated {
            Some(stated) if !self.bodiless && stated != actual => Err(Fault::Length { stated, actual }),
            _ => Ok(()),
        }
    }

    /// The body has ended with an error after so many bytes. If the guest writes it and has stated another length, that is
    /// the reason.
    fn broken(&self, written: u64, error: &Error) -> Fault {
        let (stated, actual) = match (self.stated, self.writer, error) {
            (Some(stated), _, Error::HttpResponseBodySize(Some(actual))) => (stated, *actual),
            (Some(stated), Writer::Guest, _) if stated != written => (stated, written),
            _ => return Fault::BodyBroken(written),
        };
        Fault::Length { stated, actual }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
