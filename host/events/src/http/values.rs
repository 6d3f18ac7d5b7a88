//! Maps of names to one or several values.

use crate::json::{InvalidMember, Map, Member, MemberPath, Text};

/// A map with one text for each name.
pub(crate) type SingleMap<'de> = Map<'de, Text<'de>>;

/// A map with a list of texts for each name.
pub(crate) type MultiMap<'de> = Map<'de, Vec<Member<Text<'de>>>>;

/// The names and values of a map of either kind.
#[derive(Clone, Copy)]
pub(crate) enum Values<'a, 'de> {
    Single(&'static str, &'a [(Text<'de>, Member<Text<'de>>)]),
    Multi(&'static str, &'a [(Text<'de>, Member<Vec<Member<Text<'de>>>>)]),
}

impl<'a, 'de> Values<'a, 'de> {
    /// The values of the map that is not empty, or those of the multi-value map if both have values.
    pub(crate) fn choose(
        (single_name, single): (&'static str, &'a Member<SingleMap<'de>>),
        (multi_name, multi): (&'static str, &'a Member<MultiMap<'de>>),
    ) -> Result<Self, InvalidMember> {
        let single = single.optional_ref(MemberPath::field(single_name))?;
        let multi = multi.optional_ref(MemberPath::field(multi_name))?;
        Ok(match (multi, single) {
            (Some(Map(entries)), _) if !entries.is_empty() => Self::Multi(multi_name, entries),
            (_, Some(Map(entries))) => Self::Single(single_name, entries),
            (_, None) => Self::Single(single_name, &[]),
        })
    }

    /// The path of the map in the event.
    pub(crate) fn place(self) -> MemberPath<'static> {
        match self {
            Self::Single(name, _) | Self::Multi(name, _) => MemberPath::field(name),
        }
    }

    /// The number of names.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Single(_, entries) => entries.len(),
            Self::Multi(_, entries) => entries.len(),
        }
    }

    /// The total length of all values, in bytes.
    pub(crate) fn text_len(self) -> usize {
        let len = |value: &Member<Text<'_>>| if let Member::Is(text) = value { text.len() } else { 0 };
        let list_len =
            |values: &Member<Vec<_>>| if let Member::Is(list) = values { list.iter().map(len).sum() } else { 0 };
        match self {
            Self::Single(_, entries) => entries.iter().map(|(_, value)| len(value)).sum(),
            Self::Multi(_, entries) => entries.iter().map(|(_, values)| list_len(values)).sum(),
        }
    }

    /// Calls `each` with every name and value, in the event's order.
    pub(crate) fn visit(
        self,
        mut each: impl FnMut(MemberPath<'_>, &str, &str) -> Result<(), InvalidMember>,
    ) -> Result<(), InvalidMember> {
        let map = self.place();
        match self {
            Self::Single(_, entries) => entries.iter().try_for_each(|(name, value)| {
                let place = map.key(name);
                each(place, name, value.required_ref(place)?)
            }),
            Self::Multi(_, entries) => entries.iter().try_for_each(|(name, values)| {
                let place = map.key(name);
                values.required_ref(place)?.iter().enumerate().try_for_each(|(index, value)| {
                    let place = place.index(index);
                    each(place, name, value.required_ref(place)?)
                })
            }),
        }
    }
}
