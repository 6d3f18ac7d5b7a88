//! The faults of the Runtime API. An event has at most one fault in each direction, so that a runtime that tries again
//! succeeds.

use std::time::Duration;

use crate::random::Random;

/// How many of 1,000 events have a fault on their way to the runtime, and how many on their way back.
const OFTEN: u64 = 15;

/// Faults when an event is requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextFault {
    /// The event arrives after a while.
    Delay,
    /// An error status.
    Refuse(u16),
    /// The connection is reset.
    Reset,
    /// The connection is closed.
    Close,
    /// Half of the event arrives, and the connection is closed.
    Half,
    /// The event arrives in small pieces.
    Slow,
    /// Only headers arrive, without the id of the request.
    NoId,
    /// Bytes that are not HTTP.
    Garbage,
    /// An event that is endless as long as it is read.
    Endless,
}

/// Faults when an answer is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PostFault {
    /// The connection is reset after the head.
    ResetBefore,
    /// The connection is reset in the middle of the body.
    ResetDuring,
    /// The connection is reset once the body is read.
    ResetAfter,
    /// The connection is closed in the middle of the reply.
    HalfReply,
    /// A status of 5xx.
    Unavailable(u16),
    /// A status of 4xx: the answer must not be sent again.
    Refuse(u16),
    /// The body is read in small pieces.
    SlowRead,
    /// The reply arrives later.
    Late,
    /// The reply arrives in small pieces.
    SlowReply,
    /// The reply announces that the connection is closed, and it is.
    Closing,
    /// The connection is closed after the reply without an announcement.
    Vanish,
}

/// A pause that is long for a Runtime API.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
/// The length of an endless event, if it is read. Lambda's largest event is 6 MB.
pub(crate) const ENDLESS: usize = 512 << 20;

const NEXT: &[NextFault] = &[
    NextFault::Delay,
    NextFault::Refuse(403),
    NextFault::Refuse(500),
    NextFault::Refuse(503),
    NextFault::Reset,
    NextFault::Close,
    NextFault::Half,
    NextFault::Slow,
    NextFault::NoId,
    NextFault::Garbage,
];

const POST: &[PostFault] = &[
    PostFault::ResetBefore,
    PostFault::ResetDuring,
    PostFault::ResetAfter,
    PostFault::HalfReply,
    PostFault::Unavailable(500),
    PostFault::Unavailable(502),
    PostFault::Unavailable(503),
    PostFault::Refuse(400),
    PostFault::Refuse(403),
    PostFault::Refuse(413),
    PostFault::SlowRead,
    PostFault::Late,
    PostFault::SlowReply,
    PostFault::Closing,
    PostFault::Vanish,
];

/// Chooses the faults of an event in both directions.
pub(crate) fn drawn(random: &mut Random) -> (Option<NextFault>, Option<PostFault>) {
    let next = random.per_mille(OFTEN).then(|| *random.pick(NEXT));
    // An endless event is half a gigabyte if it is read, so a few are enough.
    let next = if next.is_some() && random.per_mille(50) { Some(NextFault::Endless) } else { next };
    (next, random.per_mille(OFTEN).then(|| *random.pick(POST)))
}

impl NextFault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Delay => "next: later",
            Self::Refuse(status) if status < 500 => "next: 4xx",
            Self::Refuse(_) => "next: 5xx",
            Self::Reset => "next: reset",
            Self::Close => "next: closed",
            Self::Half => "next: half an event",
            Self::Slow => "next: a slow event",
            Self::NoId => "next: no id",
            Self::Garbage => "next: no HTTP",
            Self::Endless => "next: an endless event",
        }
    }
}

impl PostFault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ResetBefore => "post: reset before its body",
            Self::ResetDuring => "post: reset during its body",
            Self::ResetAfter => "post: reset after its body",
            Self::HalfReply => "post: half a reply",
            Self::Unavailable(_) => "post: 5xx",
            Self::Refuse(_) => "post: 4xx",
            Self::SlowRead => "post: read slowly",
            Self::Late => "post: replied to later",
            Self::SlowReply => "post: replied to slowly",
            Self::Closing => "post: connection: close",
            Self::Vanish => "post: closed without a word",
        }
    }
}
