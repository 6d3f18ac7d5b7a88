//! Collects what a guest answers, while it still runs.

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use http::{HeaderMap, StatusCode, header, response};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use wasmtime_wasi_http::{Error, WasiBody};

use crate::fault::Fault;
use crate::open_body::Writer;

/// What the guest hands over: a response, its body to be written yet, or an error code of `wasi:http/types` as text.
pub(crate) type ResponseResult = Result<Response, String>;

/// A response whose body may still be coming.
pub(crate) struct Response {
    pub(crate) response: http::Response<WasiBody>,
    pub(crate) writer: Writer,
}

/// An answer in the making. Whatever was collected stays here when [`ReplyBuffer::collect`] is cancelled.
pub(crate) struct ReplyBuffer {
    stage: Stage,
    /// The request was HEAD: whatever body the guest writes is counted and dropped.
    head: bool,
    limit: usize,
    body: BytesMut,
    written: u64,
}

enum Stage {
    Awaited(oneshot::Receiver<ResponseResult>),
    Body(response::Parts, WasiBody, Writer),
    Done,
}

impl ReplyBuffer {
    pub(crate) fn new(outcome: oneshot::Receiver<ResponseResult>, head: bool, limit: usize) -> Self {
        Self { stage: Stage::Awaited(outcome), head, limit, body: BytesMut::new(), written: 0 }
    }

    /// Waits until the guest's body has ended.
    pub(crate) async fn collect(&mut self) -> Result<http::Response<Bytes>, Fault> {
        if let Stage::Awaited(outcome) = &mut self.stage {
            let response = match outcome.await {
                Ok(Ok(response)) => response,
                Ok(Err(code)) => return Err(Fault::ErrorCode(code)),
                Err(_) => return Err(Fault::NoAnswer),
            };
            let (parts, body) = response.response.into_parts();
            self.stage = Stage::Body(parts, body, response.writer);
        }
        loop {
            let Stage::Body(parts, body, writer) = &mut self.stage else { return Err(Fault::NoAnswer) };
            let bodiless = self.head || matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
            let (writer, stated) = (*writer, content_length(&parts.headers));
            match body.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.take(data, bodiless, stated)?;
                    }
                }
                // Without a body, a length that the guest states is that of another answer: wasmtime's complaint about
                // it is none of ours.
                Some(Err(_)) if bodiless && self.written == 0 && stated.is_some() => return self.complete(),
                Some(Err(error)) => return Err(self.broken(stated, writer, &error)),
                None if bodiless => return self.complete(),
                None => match stated {
                    Some(stated) if stated != self.written => {
                        return Err(Fault::Length { stated, actual: self.written });
                    }
                    _ => return self.complete(),
                },
            }
        }
    }

    /// The guest has returned: takes what it has written, and tells whether it has ended its body. One that it left open is
    /// complete; a stream of the host's is not.
    pub(crate) fn settle(mut self) -> Result<(http::Response<Bytes>, bool), Fault> {
        // Not under tokio's budget: once it is used up, channels claim to be empty.
        match tokio::task::unconstrained(self.collect()).now_or_never() {
            Some(collected) => Ok((collected?, true)),
            None => match self.stage {
                Stage::Body(_, _, Writer::Host) => Err(Fault::BodyBroken(self.written)),
                _ => Ok((self.complete()?, false)),
            },
        }
    }

    /// The guest has failed: an answer that it had completed before is the answer, and else a length that contradicts the
    /// body is why it failed.
    pub(crate) fn settle_failed(self, fault: &Fault) -> Result<http::Response<Bytes>, Fault> {
        match self.settle() {
            Ok((response, true)) => Ok(response),
            // A program that ends itself in good order has answered.
            Ok((response, false)) if *fault == Fault::Exit(0) => Ok(response),
            Err(length @ Fault::Length { .. }) => Err(length),
            _ => Err(fault.clone()),
        }
    }

    fn take(&mut self, data: Bytes, bodiless: bool, stated: Option<u64>) -> Result<(), Fault> {
        self.written += data.len() as u64;
        if bodiless {
            return Ok(());
        }
        if let Some(stated) = stated.filter(|stated| *stated < self.written) {
            return Err(Fault::Length { stated, actual: self.written });
        }
        if data.len() > self.limit - self.body.len() {
            return Err(Fault::BodyTooLarge { limit: self.limit });
        }
        self.body.extend_from_slice(&data);
        Ok(())
    }

    fn complete(&mut self) -> Result<http::Response<Bytes>, Fault> {
        match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::Body(parts, ..) => Ok(http::Response::from_parts(parts, self.body.split().freeze())),
            Stage::Awaited(_) | Stage::Done => Err(Fault::NoAnswer),
        }
    }

    /// A body that ended with an error. Where the guest writes it and stated another length, that is the reason.
    fn broken(&self, stated: Option<u64>, writer: Writer, error: &Error) -> Fault {
        let (stated, actual) = match (stated, writer, error) {
            (Some(stated), _, Error::HttpResponseBodySize(Some(actual))) => (stated, *actual),
            (Some(stated), Writer::Guest, _) if stated != self.written => (stated, self.written),
            _ => return Fault::BodyBroken(self.written),
        };
        Fault::Length { stated, actual }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
