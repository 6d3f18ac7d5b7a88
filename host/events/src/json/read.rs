//! Reads JSON of any shape: every value is read, whatever its type, so that an error can name the path of the value
//! later.
//!
//! Texts without escapes are borrowed from the document. Maps keep their order. If a map repeats a key, the last value
//! counts, as in other JSON parsers. Unused values are skipped without recursion, so nesting uses no stack.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::place::{InvalidMember, MemberPath};

/// A value where a `T` is expected.
#[derive(Clone, Debug, Default)]
pub(crate) enum Member<T> {
    /// The key is missing.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// A value of the expected type.
    Is(T),
    /// A value of another type, described in words.
    Other(&'static str),
}

impl<'de, T: Shape<'de>> Member<T> {
    /// The value, or `None` if it is absent or null.
    pub(crate) fn optional(self, place: MemberPath<'_>) -> Result<Option<T>, InvalidMember> {
        match self {
            Self::Absent | Self::Null => Ok(None),
            Self::Is(value) => Ok(Some(value)),
            Self::Other(found) => Err(mismatch::<T>(place, found)),
        }
    }

    /// The value, or `None` if it is absent. Null is an error.
    pub(crate) fn not_null(self, place: MemberPath<'_>) -> Result<Option<T>, InvalidMember> {
        match self {
            Self::Null => Err(mismatch::<T>(place, "null")),
            other => other.optional(place),
        }
    }

    /// The value.
    pub(crate) fn required(self, place: MemberPath<'_>) -> Result<T, InvalidMember> {
        self.not_null(place)?.ok_or_else(|| mismatch::<T>(place, "nothing"))
    }

    /// The value, borrowed.
    pub(crate) fn required_ref(&self, place: MemberPath<'_>) -> Result<&T, InvalidMember> {
        match self {
            Self::Absent => Err(mismatch::<T>(place, "nothing")),
            Self::Null => Err(mismatch::<T>(place, "null")),
            Self::Is(value) => Ok(value),
            Self::Other(found) => Err(mismatch::<T>(place, found)),
        }
    }

    /// The value, borrowed, or `None` if it is absent or null.
    pub(crate) fn optional_ref(&self, place: MemberPath<'_>) -> Result<Option<&T>, InvalidMember> {
        match self {
            Self::Absent | Self::Null => Ok(None),
            _ => self.required_ref(place).map(Some),
        }
    }
}

fn mismatch<'de, T: Shape<'de>>(place: MemberPath<'_>, found: &str) -> InvalidMember {
    place.fault(format!("expected {}, found {found}", T::EXPECTED))
}

/// A text, borrowed from the document if it has no escapes.
pub(crate) type Text<'de> = Cow<'de, str>;

/// A type that a JSON value may have. The default of each method rejects values of its kind.
pub(crate) trait Shape<'de>: Sized {
    /// The expected type in words, for error messages.
    const EXPECTED: &'static str;

    fn from_text(_: Cow<'de, str>) -> Option<Self> {
        None
    }

    fn from_flag(_: bool) -> Option<Self> {
        None
    }

    fn from_integer(_: u64) -> Option<Self> {
        None
    }

    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de> Shape<'de> for Cow<'de, str> {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: Cow<'de, str>) -> Option<Self> {
        Some(text)
    }
}

/// A text, or a list of texts. Front ends differ in which of the two they send in a map of the same name.
#[derive(Clone, Debug)]
pub(crate) enum OneOrMany<'de> {
    One(Text<'de>),
    /// Boxed, so that an entry of a map needs no more memory than with a text alone.
    Many(Box<[Member<Text<'de>>]>),
}

impl<'de> Shape<'de> for OneOrMany<'de> {
    const EXPECTED: &'static str = "a string";

    fn from_text(text: Cow<'de, str>) -> Option<Self> {
        Some(Self::One(text))
    }

    fn from_list<A: SeqAccess<'de>>(list: A) -> Result<Option<Self>, A::Error> {
        Ok(Vec::from_list(list)?.map(|values| Self::Many(values.into_boxed_slice())))
    }
}

impl Shape<'_> for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

impl Shape<'_> for u64 {
    const EXPECTED: &'static str = "an integer";

    fn from_integer(integer: u64) -> Option<Self> {
        Some(integer)
    }
}

impl<'de, T: Shape<'de>> Shape<'de> for Vec<Member<T>> {
    const EXPECTED: &'static str = "a list of strings";

    fn from_list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut values = Vec::with_capacity(1);
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Some(values))
    }
}

/// A map that keeps the order of its keys.
#[derive(Clone, Debug)]
pub(crate) struct Map<'de, T>(pub(crate) Vec<(Cow<'de, str>, Member<T>)>);

impl<'de, T: Shape<'de>> Shape<'de> for Map<'de, T> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut entries = Vec::with_capacity(16);
        while let Some(Key(key)) = map.next_key()? {
            entries.push((key, map.next_value()?));
        }
        keep_last(&mut entries);
        Ok(Some(Self(entries)))
    }
}

/// Reads a document whose values may be of any type.
///
/// # Errors
/// The reason in words, if the document is not JSON or holds a value that cannot be read.
pub(crate) fn document<'de, T: Shape<'de>>(document: &'de [u8]) -> Result<Member<T>, String> {
    // One UTF-8 check of the whole document is faster than one for each text.
    match std::str::from_utf8(document) {
        Ok(text) => serde_json::from_str(text).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

/// A key of a map, borrowed from the document if it has no escapes.
pub(crate) struct Key<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Borrowed(key)))
            }

            fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
                Ok(Key(Cow::Owned(key.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

impl<'de, T: Shape<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor(PhantomData))
    }
}

struct MemberVisitor<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for MemberVisitor<T> {
    type Value = Member<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Member::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(T::from_flag(flag).map_or(Member::Other("a boolean"), Member::Is))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Self::Value, E> {
        Ok(T::from_integer(integer).map_or(Member::Other("a number"), Member::Is))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Member::Other("a negative number"))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Member::Other("a number with a fraction or an exponent"))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(T::from_text(Cow::Borrowed(text)).map_or(Member::Other("a string"), Member::Is))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(T::from_text(Cow::Owned(text.to_owned())).map_or(Member::Other("a string"), Member::Is))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Ok(T::from_list(list)?.map_or(Member::Other("a list"), Member::Is))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(T::from_map(map)?.map_or(Member::Other("an object"), Member::Is))
    }
}

/// Above this number of keys, a hash table finds repeated keys faster than comparing all pairs.
const MAX_PAIRWISE: usize = 24;

/// Keeps the last value of a repeated key, at the position of the first one.
fn keep_last<V>(entries: &mut Vec<(Cow<'_, str>, V)>) {
    if has_repeats(entries) {
        let mut places = HashMap::with_capacity(entries.len());
        let mut kept: Vec<(Cow<'_, str>, V)> = Vec::with_capacity(entries.len());
        for (key, value) in entries.drain(..) {
            match places.get(&key).and_then(|&place: &usize| kept.get_mut(place)) {
                Some(entry) => entry.1 = value,
                None => {
                    places.insert(key.clone(), kept.len());
                    kept.push((key, value));
                }
            }
        }
        *entries = kept;
    }
}

fn has_repeats<V>(entries: &[(Cow<'_, str>, V)]) -> bool {
    if entries.len() > MAX_PAIRWISE {
        let mut seen = std::collections::HashSet::with_capacity(entries.len());
        return !entries.iter().all(|(key, _)| seen.insert(key));
    }
    let mut rest = entries;
    while let [(key, _), others @ ..] = rest {
        if others.iter().any(|(other, _)| other == key) {
            return true;
        }
        rest = others;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::{Map, Member};

    fn keys(count: usize) -> String {
        let entries: Vec<_> = (0..count).map(|n| format!(r#""k{n}":"first","same":"{n}""#)).collect();
        format!("{{{}}}", entries.join(","))
    }

    #[test]
    fn the_last_value_of_a_repeated_key_is_at_the_position_of_the_first() {
        for count in [2, 100] {
            let json = keys(count);
            let Ok(Member::Is(Map(entries))) = serde_json::from_str::<Member<Map<'_, Cow<'_, str>>>>(&json) else {
                panic!("no map")
            };
            assert_eq!(entries.len(), count + 1);
            assert!(
                matches!(&entries[1], (key, Member::Is(value)) if key == "same" && *value == (count - 1).to_string())
            );
        }
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        for (json, borrowed) in [(r#""plain é""#, true), (r#""a\"b""#, false)] {
            let Ok(Member::Is(text)) = serde_json::from_str::<Member<Cow<'_, str>>>(json) else { panic!("no text") };
            assert_eq!(matches!(text, Cow::Borrowed(_)), borrowed, "{json}");
        }
    }
}
