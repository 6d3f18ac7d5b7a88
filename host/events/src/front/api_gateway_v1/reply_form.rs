//! The form of a reply in payload format 1.0.

use crate::front::{Envelope, FrontKind};
use crate::json::Member;

/// The form of a reply to a REST API, or to an HTTP API with payload format 1.0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FormatOne {
    /// The event came from a REST API. Otherwise it came from an HTTP API.
    pub is_rest: bool,
    /// The method was `HEAD`: the reply carries no body.
    pub head: bool,
}

impl FormatOne {
    /// The form that this event requires.
    pub(super) fn of(kind: FrontKind, event: &Envelope<'_>) -> Self {
        let head = matches!(&event.http_method, Member::Is(method) if method == "HEAD");
        Self { is_rest: kind == FrontKind::Rest, head }
    }

    /// The kind of front end.
    pub(crate) fn kind(self) -> FrontKind {
        if self.is_rest { FrontKind::Rest } else { FrontKind::HttpApi1 }
    }
}
