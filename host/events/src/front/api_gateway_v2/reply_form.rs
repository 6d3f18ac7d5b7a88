//! The form of a reply in payload format 2.0.

use crate::front::{Envelope, FrontKind};
use crate::json::Member;

/// The form of a reply to an HTTP API (payload format 2.0) or a function URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormatTwo {
    /// The event came from a function URL. Otherwise it came from an HTTP API.
    pub is_url: bool,
    /// The method was `HEAD`: the reply carries no body.
    pub head: bool,
}

impl FormatTwo {
    /// The form that this event requires.
    pub(super) fn of(kind: FrontKind, event: &Envelope<'_>) -> Self {
        let head = matches!(&event.context, Member::Is(context) if context.is_head());
        Self { is_url: kind == FrontKind::Url, head }
    }

    /// The kind of front end.
    pub(crate) fn kind(self) -> FrontKind {
        if self.is_url { FrontKind::Url } else { FrontKind::HttpApi2 }
    }
}
