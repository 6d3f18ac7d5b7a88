//! Which maps events and replies have.

use crate::{
    detect::Marks,
    front::Envelope,
    json::{Map, Member},
};

/// Which of its two sets of maps a load balancer fills, and expects back: the target group's attribute
/// `lambda.multi_value_headers.enabled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HeaderMode {
    /// `headers` and `queryStringParameters`: one text a name (the default of a target group).
    #[default]
    Single,
    /// `multiValueHeaders` and `multiValueQueryStringParameters`: a list of texts a name.
    Multi,
}

impl HeaderMode {
    /// Of the values of one name, those that an event keeps: all of them, or the last.
    pub(super) fn kept<T>(self, values: &[T]) -> &[T] {
        match self {
            Self::Multi => values,
            Self::Single => values.split_last().map_or(&[], |(last, _)| std::slice::from_ref(last)),
        }
    }
}

/// What an event asks of its reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReplyForm {
    /// The map that the reply's headers go into.
    pub mode: HeaderMode,
    /// The method was `HEAD`: the reply carries no body.
    pub head: bool,
}

impl ReplyForm {
    /// What this event asks. The headers decide: a filled `multiValueHeaders` first, then a filled `headers`; without
    /// headers, the map that the query came in.
    pub(super) fn of(event: &Envelope<'_>) -> Self {
        let multi = is_filled(&event.multi_headers) || !is_filled(&event.headers) && is_filled(&event.multi_query);
        Self {
            mode: if multi { HeaderMode::Multi } else { HeaderMode::Single },
            head: matches!(&event.http_method, Member::Is(method) if method == "HEAD"),
        }
    }

    /// What an event with an unreadable value asks, as far as the names of its members tell.
    pub(crate) fn of_marks(marks: Marks) -> Self {
        Self { mode: if marks.multi_headers { HeaderMode::Multi } else { HeaderMode::Single }, head: false }
    }
}

fn is_filled<T>(map: &Member<Map<'_, T>>) -> bool {
    match map {
        Member::Absent | Member::Null => false,
        Member::Is(Map(entries)) => !entries.is_empty(),
        Member::Other(_) => true,
    }
}
