//! Maps of names to one or several values.

use crate::json::{InvalidMember, Map, Member, MemberPath, OneOrMany, Text};

/// A map that has one text for each name, or a list of texts in the events of some front ends.
pub(crate) type SingleMap<'de> = Map<'de, OneOrMany<'de>>;

/// A map with a list of texts for each name.
pub(crate) type MultiMap<'de> = Map<'de, Vec<Member<Text<'de>>>>;

type SingleEntry<'de> = (Text<'de>, Member<OneOrMany<'de>>);
type MultiEntry<'de> = (Text<'de>, Member<Vec<Member<Text<'de>>>>);

/// The names and values of a map.
#[derive(Clone, Copy)]
pub(crate) enum Values<'a, 'de> {
    /// One text for each name. A list is an error.
    Single(&'static str, &'a [SingleEntry<'de>]),
    /// A list of texts for each name.
    Multi(&'static str, &'a [MultiEntry<'de>]),
    /// One text or a list of texts for each name.
    Either(&'static str, &'a [SingleEntry<'de>]),
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

    /// The values of a map with one text for each name.
    pub(crate) fn single(name: &'static str, map: &'a Member<SingleMap<'de>>) -> Result<Self, InvalidMember> {
        Ok(Self::Single(name, entries(name, map)?))
    }

    /// The values of a map with one text or a list for each name.
    pub(crate) fn either(name: &'static str, map: &'a Member<SingleMap<'de>>) -> Result<Self, InvalidMember> {
        Ok(Self::Either(name, entries(name, map)?))
    }

    /// The path of the map in the event.
    pub(crate) fn place(self) -> MemberPath<'static> {
        match self {
            Self::Single(name, _) | Self::Multi(name, _) | Self::Either(name, _) => MemberPath::field(name),
        }
    }

    /// The number of names.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Single(_, entries) | Self::Either(_, entries) => entries.len(),
            Self::Multi(_, entries) => entries.len(),
        }
    }

    /// The total length of all values, in bytes.
    pub(crate) fn text_len(self) -> usize {
        let len = |value: &Member<Text<'_>>| if let Member::Is(text) = value { text.len() } else { 0 };
        let list_len = |list: &[Member<Text<'_>>]| list.iter().map(len).sum();
        match self {
            Self::Single(_, entries) | Self::Either(_, entries) => entries
                .iter()
                .map(|(_, value)| match value {
                    Member::Is(OneOrMany::One(text)) => text.len(),
                    Member::Is(OneOrMany::Many(list)) => list_len(list),
                    _ => 0,
                })
                .sum(),
            Self::Multi(_, entries) => {
                entries.iter().map(|(_, values)| if let Member::Is(list) = values { list_len(list) } else { 0 }).sum()
            }
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
                match value.required_ref(place)? {
                    OneOrMany::One(text) => each(place, name, text),
                    OneOrMany::Many(_) => Err(place.fault("expected a string, found a list")),
                }
            }),
            Self::Multi(_, entries) => entries.iter().try_for_each(|(name, values)| {
                let place = map.key(name);
                visit_list(values.required_ref(place)?, place, name, &mut each)
            }),
            Self::Either(_, entries) => entries.iter().try_for_each(|(name, value)| {
                let place = map.key(name);
                match value.required_ref(place)? {
                    OneOrMany::One(text) => each(place, name, text),
                    OneOrMany::Many(list) => visit_list(list, place, name, &mut each),
                }
            }),
        }
    }
}

fn entries<'a, 'de>(
    name: &'static str,
    map: &'a Member<SingleMap<'de>>,
) -> Result<&'a [SingleEntry<'de>], InvalidMember> {
    Ok(map.optional_ref(MemberPath::field(name))?.map_or(&[], |Map(entries)| entries))
}

#[inline]
fn visit_list(
    list: &[Member<Text<'_>>],
    place: MemberPath<'_>,
    name: &str,
    mut each: impl FnMut(MemberPath<'_>, &str, &str) -> Result<(), InvalidMember>,
) -> Result<(), InvalidMember> {
    list.iter().enumerate().try_for_each(|(index, value)| {
        let place = place.index(index);
        each(place, name, value.required_ref(place)?)
    })
}
