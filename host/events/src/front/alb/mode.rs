//! The header mode: which maps events and replies have.

use crate::front::Envelope;
use crate::json::{Map, Member};

/// The maps that a load balancer fills in events and reads from replies: the target group's attribute
/// `lambda.multi_value_headers.enabled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderMode {
    /// `headers` and `queryStringParameters`: one text for each name (the default of a target group).
    #[default]
    Single,
    /// `multiValueHeaders` and `multiValueQueryStringParameters`: a list of texts for each name.
    Multi,
}

impl HeaderMode {
    /// The values of one name that an event keeps: all of them, or only the last.
    pub(super) fn kept<T>(self, values: &[T]) -> &[T] {
        match self {
            Self::Multi => values,
            Self::Single => values.split_last().map_or(&[], |(last, _)| std::slice::from_ref(last)),
        }
    }
}

/// The form of the reply that an event requires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReplyForm {
    /// The map for the reply's headers.
    pub mode: HeaderMode,
    /// The method was `HEAD`: the reply carries no body.
    pub head: bool,
}

impl ReplyForm {
    /// The form that this event requires. A filled `multiValueHeaders` decides first, then a filled `headers`. Without
    /// headers, the map that has the query decides.
    pub(super) fn of(event: &Envelope<'_>) -> Self {
        let multi = is_filled(&event.multi_headers) || !is_filled(&event.headers) && is_filled(&event.multi_query);
        Self {
            mode: if multi { HeaderMode::Multi } else { HeaderMode::Single },
            head: matches!(&event.http_method, Member::Is(method) if method == "HEAD"),
        }
    }
}

fn is_filled<T>(map: &Member<Map<'_, T>>) -> bool {
    match map {
        Member::Absent | Member::Null => false,
        Member::Is(Map(entries)) => !entries.is_empty(),
        Member::Other(_) => true,
    }
}
