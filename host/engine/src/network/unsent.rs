//! Limits the pieces of a body that a connection has taken but not sent.
//!
//! HTTP/2 counts the bytes of its buffer, but not the pieces. While a server reads nothing, a guest could write many
//! small pieces, and empty ones would never be counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;

/// The most unsent pieces of one body.
const MAX_PIECES: usize = 64;

/// Counts the unsent pieces of one body.
#[derive(Default)]
pub(super) struct Unsent {
    pieces: AtomicUsize,
    waker: AtomicWaker,
}

/// A piece that is counted until it is dropped.
struct Piece {
    bytes: Bytes,
    unsent: Arc<Unsent>,
}

impl Unsent {
    /// Waits until there is room for another piece.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        // A piece may have been sent before the waker was registered.
        if self.has_room() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Counts a piece, and returns its bytes.
    pub(super) fn count(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.pieces.fetch_add(1, Ordering::AcqRel);
        Bytes::from_owner(Piece { bytes, unsent: self.clone() })
    }

    fn has_room(&self) -> bool {
        self.pieces.load(Ordering::Acquire) < MAX_PIECES
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.unsent.pieces.fetch_sub(1, Ordering::AcqRel);
        self.unsent.waker.wake();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::task::noop_waker;

    use super::*;

    #[test]
    fn a_sent_piece_makes_room_for_another() {
        let unsent = Arc::new(Unsent::default());
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        let mut kept: Vec<_> = (0..MAX_PIECES).map(|_| unsent.count(Bytes::from_static(b"x"))).collect();
        assert!(unsent.poll_room(&mut cx).is_pending());
        assert_eq!(kept.pop().as_deref(), Some(&b"x"[..]));
        assert!(unsent.poll_room(&mut cx).is_ready());
    }
}
