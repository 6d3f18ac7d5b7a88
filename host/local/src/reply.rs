//! What a function answers: a whole reply, or one that is streamed.

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::InvocationError;

/// The most bytes that Lambda streams (AWS, "Lambda quotas").
pub const MAX_STREAM: usize = 200 << 20;

/// A function's answer to an event.
#[derive(Debug)]
pub enum FunctionReply {
    /// A reply, usually JSON.
    Whole(Bytes),
    /// A reply that the function still writes.
    Stream(ReplyStream),
}

/// A streamed reply as it was posted, in pieces. Its writer waits until they are read.
#[derive(Debug)]
pub struct ReplyStream {
    content_type: String,
    /// `None` is the end.
    pieces: mpsc::Receiver<Result<Option<Bytes>, InvocationError>>,
    ended: bool,
}

/// Writes a streamed reply. Dropping it before its end breaks the reply off.
#[derive(Debug)]
pub struct ReplyWriter(mpsc::Sender<Result<Option<Bytes>, InvocationError>>);

impl FunctionReply {
    /// The whole reply. A streamed one is collected, with its prelude, as Lambda does for clients that do not stream.
    ///
    /// # Errors
    /// A streamed reply breaks off, or is longer than [`MAX_STREAM`].
    pub async fn whole(self) -> Result<Bytes, InvocationError> {
        match self {
            Self::Whole(reply) => Ok(reply),
            Self::Stream(stream) => stream.whole().await,
        }
    }
}

impl From<Bytes> for FunctionReply {
    fn from(reply: Bytes) -> Self {
        Self::Whole(reply)
    }
}

impl ReplyStream {
    /// A reply of this `Content-Type`, and its writer.
    #[must_use]
    pub fn new(content_type: impl Into<String>) -> (ReplyWriter, Self) {
        let (sender, pieces) = mpsc::channel(1);
        (ReplyWriter(sender), Self { content_type: content_type.into(), pieces, ended: false })
    }

    /// The `Content-Type` with which it was posted.
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Waits for the next piece. Returns `None` after the end and after an error.
    pub async fn next(&mut self) -> Option<Result<Bytes, InvocationError>> {
        if self.ended {
            return None;
        }
        let piece = self.pieces.recv().await.unwrap_or_else(|| Err(InvocationError::broken_off())).transpose();
        self.ended = !matches!(piece, Some(Ok(_)));
        piece
    }

    async fn whole(mut self) -> Result<Bytes, InvocationError> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await {
            whole.extend_from_slice(&piece?);
            if whole.len() > MAX_STREAM {
                return Err(InvocationError::too_large(MAX_STREAM));
            }
        }
        Ok(whole.freeze())
    }
}

impl ReplyWriter {
    /// Writes a piece, once the one before has been read. If the reader is gone, the piece is dropped: as in Lambda, a
    /// function goes on when its client has left.
    pub async fn write(&self, piece: Bytes) {
        let _ = self.0.send(Ok(Some(piece))).await;
    }

    /// Ends the reply.
    pub async fn end(self) {
        let _ = self.0.send(Ok(None)).await;
    }

    /// Ends the reply with an error.
    pub async fn fail(self, error: InvocationError) {
        let _ = self.0.send(Err(error)).await;
    }
}
