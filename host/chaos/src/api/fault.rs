//! What a Runtime API may do that it should not. One event meets at most one fault on either way, so that a runtime which
//! tries again reaches its end.

use std::time::Duration;

use crate::random::Random;

/// Of 1,000 events, how many meet a fault on their way to the runtime, and how many on the way back.
const OFTEN: u64 = 15;

/// When an event is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextFault {
    /// It comes a while later.
    Delay,
    /// A status of refusal.
    Refuse(u16),
    /// The connection is reset.
    Reset,
    /// The connection is closed.
    Close,
    /// Half of the event, and the connection is closed.
    Half,
    /// The event in small pieces.
    Slow,
    /// Headers alone, without the id of the request.
    NoId,
    /// What is no HTTP.
    Garbage,
    /// An event without an end, as long as it is read.
    Endless,
}

/// When an answer comes.
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
    /// A status of 4xx: nothing more is to come.
    Refuse(u16),
    /// The body is read in small pieces.
    SlowRead,
    /// The reply comes later.
    Late,
    /// The reply comes in small pieces.
    SlowReply,
    /// After the reply the connection is closed, which the reply has said.
    Closing,
    /// After the reply the connection is closed without a word.
    Vanish,
}

/// A pause that is long for a Runtime API.
pub(crate) const PAUSE: Duration = Duration::from_millis(200);
/// Bytes of an event without an end, if they are read: Lambda's largest is 6 MB.
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

/// The faults that an event meets, on its way there and back.
pub(crate) fn drawn(random: &mut Random) -> (Option<NextFault>, Option<PostFault>) {
    let next = random.per_mille(OFTEN).then(|| *random.pick(NEXT));
    // Half a gigabyte, if it is read: a few are enough.
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
