//! The pieces of a body that lie with the connection and are not sent yet.
//!
//! HTTP/2 counts the bytes of what it keeps, and not the pieces: to a server that reads nothing, a guest could write one
//! small piece after the other, and none without a byte would ever count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::task::AtomicWaker;

/// Pieces of one body that may wait to be sent.
const MOST: usize = 64;

/// Counts those of one body.
#[derive(Default)]
pub(super) struct Unsent {
    pieces: AtomicUsize,
    waker: AtomicWaker,
}

/// A piece that counts for as long as it lies anywhere.
struct Piece {
    bytes: Bytes,
    unsent: Arc<Unsent>,
}

impl Unsent {
    /// Waits until there is room for one more.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_room() {
            return Poll::Ready(());
        }
        self.waker.register(cx.waker());
        // One may have been sent in between.
        match self.has_room() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// The same bytes, counted.
    pub(super) fn count(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.pieces.fetch_add(1, Ordering::AcqRel);
        Bytes::from_owner(Piece { bytes, unsent: self.clone() })
    }

    fn has_room(&self) -> bool {
        self.pieces.load(Ordering::Acquire) < MOST
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
    fn there_is_room_again_once_a_piece_is_gone() {
        let unsent = Arc::new(Unsent::default());
        let waker = noop_waker();
        let mut cx = Context::from_waker(&waker);
        let mut kept: Vec<_> = (0..MOST).map(|_| unsent.count(Bytes::from_static(b"x"))).collect();
        assert!(unsent.poll_room(&mut cx).is_pending());
        assert_eq!(kept.pop().as_deref(), Some(&b"x"[..]));
        assert!(unsent.poll_room(&mut cx).is_ready());
    }
}
