//! The fields of an event, before they mean anything.

use super::{
    HeaderMode, ReplyForm,
    fault::{Fault, Place},
    wire::{Field, Key, Map, Shape},
};
use serde::de::{IgnoredAny, MapAccess};
use std::borrow::Cow;

type Text<'de> = Cow<'de, str>;
type Single<'de> = Map<'de, Text<'de>>;
type Multi<'de> = Map<'de, Vec<Field<Text<'de>>>>;

/// An event's fields. Unknown ones are skipped.
#[derive(Default)]
pub(super) struct Envelope<'de> {
    pub(super) context: Field<Context<'de>>,
    pub(super) method: Field<Text<'de>>,
    pub(super) path: Field<Text<'de>>,
    pub(super) body: Field<Text<'de>>,
    pub(super) is_base64: Field<bool>,
    query: Field<Single<'de>>,
    multi_query: Field<Multi<'de>>,
    headers: Field<Single<'de>>,
    multi_headers: Field<Multi<'de>>,
    /// It has a field that no event of a load balancer has.
    is_foreign: bool,
}

/// Where others than a load balancer have the method or the path. VPC Lattice (format 2.0) has a `path` beside it.
const FOREIGN: [&str; 3] = ["method", "rawPath", "raw_path"];

impl<'de> Shape<'de> for Envelope<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut event = Self::default();
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "requestContext" => event.context = map.next_value()?,
                "httpMethod" => event.method = map.next_value()?,
                "path" => event.path = map.next_value()?,
                "queryStringParameters" => event.query = map.next_value()?,
                "multiValueQueryStringParameters" => event.multi_query = map.next_value()?,
                "headers" => event.headers = map.next_value()?,
                "multiValueHeaders" => event.multi_headers = map.next_value()?,
                "body" => event.body = map.next_value()?,
                "isBase64Encoded" => event.is_base64 = map.next_value()?,
                key => {
                    event.is_foreign |= FOREIGN.contains(&key);
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Some(event))
    }
}

impl<'de> Envelope<'de> {
    /// Whether this is a load balancer's event at all, right or wrong.
    pub(super) fn is_http(&self) -> bool {
        match (&self.method, &self.path) {
            (Field::Absent, Field::Absent) => false,
            (Field::Absent, _) => !self.is_foreign,
            _ => true,
        }
    }

    /// What the event asks of its reply. The headers decide: a filled `multiValueHeaders` first, then a filled `headers`;
    /// without headers, the map that the query came in.
    pub(super) fn reply_form(&self) -> ReplyForm {
        let multi = is_filled(&self.multi_headers) || !is_filled(&self.headers) && is_filled(&self.multi_query);
        ReplyForm {
            mode: if multi { HeaderMode::Multi } else { HeaderMode::Single },
            head: matches!(&self.method, Field::Is(method) if method == "HEAD"),
        }
    }

    /// The headers, from the map that is filled; from `multiValueHeaders` where both are.
    pub(super) fn headers(&self) -> Result<Values<'_, 'de>, Fault> {
        Values::choose(("headers", &self.headers), ("multiValueHeaders", &self.multi_headers))
    }

    /// The query's parameters, chosen like the headers.
    pub(super) fn query(&self) -> Result<Values<'_, 'de>, Fault> {
        Values::choose(("queryStringParameters", &self.query), ("multiValueQueryStringParameters", &self.multi_query))
    }
}

/// The names of an event's fields alone, for an event with a value that cannot be read: half a surrogate pair, bytes that
/// are no UTF-8, a number beyond all bounds.
#[derive(Default)]
pub(super) struct Names {
    has_method: bool,
    has_path: bool,
    is_foreign: bool,
    is_multi: bool,
}

impl Names {
    /// What the event asks of its reply, if it is a load balancer's.
    pub(super) fn reply_form(event: &[u8]) -> Option<ReplyForm> {
        let Ok(Field::Is(names)) = serde_json::from_slice::<Field<Self>>(event) else { return None };
        let mode = if names.is_multi { HeaderMode::Multi } else { HeaderMode::Single };
        let is_http = names.has_method || names.has_path && !names.is_foreign;
        is_http.then_some(ReplyForm { mode, head: false })
    }
}

impl<'de> Shape<'de> for Names {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut names = Self::default();
        while let Some((Key(key), IgnoredAny)) = map.next_entry()? {
            names.has_method |= key == "httpMethod";
            names.has_path |= key == "path";
            names.is_foreign |= FOREIGN.contains(&&*key);
            names.is_multi |= key == "multiValueHeaders";
        }
        Ok(Some(names))
    }
}

/// `requestContext`, of which only `elb.targetGroupArn` matters.
pub(super) struct Context<'de> {
    elb: Field<Elb<'de>>,
}

impl Context<'_> {
    pub(super) fn target_group_arn(self) -> Result<Option<String>, Fault> {
        let Some(elb) = self.elb.optional(Place::field("requestContext.elb"))? else { return Ok(None) };
        let arn = elb.target_group_arn.optional(Place::field("requestContext.elb.targetGroupArn"))?;
        Ok(arn.map(Cow::into_owned))
    }
}

impl<'de> Shape<'de> for Context<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(Some(Self { elb: only("elb", map)? }))
    }
}

struct Elb<'de> {
    target_group_arn: Field<Text<'de>>,
}

impl<'de> Shape<'de> for Elb<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Ok(Some(Self { target_group_arn: only("targetGroupArn", map)? }))
    }
}

/// The value of one key of a map.
fn only<'de, T: Shape<'de>, A: MapAccess<'de>>(wanted: &str, mut map: A) -> Result<Field<T>, A::Error> {
    let mut value = Field::Absent;
    while let Some(Key(key)) = map.next_key()? {
        if key == wanted {
            value = map.next_value()?;
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(value)
}

fn is_filled<T>(map: &Field<Map<'_, T>>) -> bool {
    match map {
        Field::Absent | Field::Null => false,
        Field::Is(Map(entries)) => !entries.is_empty(),
        Field::Other(_) => true,
    }
}

/// The names and values of one of the maps, whichever mode they came in.
#[derive(Clone, Copy)]
pub(super) enum Values<'a, 'de> {
    Single(&'static str, &'a [(Text<'de>, Field<Text<'de>>)]),
    Multi(&'static str, &'a [(Text<'de>, Field<Vec<Field<Text<'de>>>>)]),
}

impl<'a, 'de> Values<'a, 'de> {
    fn choose(
        (single_name, single): (&'static str, &'a Field<Single<'de>>),
        (multi_name, multi): (&'static str, &'a Field<Multi<'de>>),
    ) -> Result<Self, Fault> {
        let single = single.optional_ref(Place::field(single_name))?;
        let multi = multi.optional_ref(Place::field(multi_name))?;
        Ok(match (multi, single) {
            (Some(Map(entries)), _) if !entries.is_empty() => Self::Multi(multi_name, entries),
            (_, Some(Map(entries))) => Self::Single(single_name, entries),
            (_, None) => Self::Single(single_name, &[]),
        })
    }

    /// The place of the map.
    pub(super) fn place(self) -> Place<'static> {
        match self {
            Self::Single(name, _) | Self::Multi(name, _) => Place::field(name),
        }
    }

    /// How many names there are.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Single(_, entries) => entries.len(),
            Self::Multi(_, entries) => entries.len(),
        }
    }

    /// How many bytes all values have.
    pub(super) fn text_len(self) -> usize {
        let len = |value: &Field<Text<'_>>| if let Field::Is(text) = value { text.len() } else { 0 };
        let list_len =
            |values: &Field<Vec<_>>| if let Field::Is(list) = values { list.iter().map(len).sum() } else { 0 };
        match self {
            Self::Single(_, entries) => entries.iter().map(|(_, value)| len(value)).sum(),
            Self::Multi(_, entries) => entries.iter().map(|(_, values)| list_len(values)).sum(),
        }
    }

    /// Calls `each` with every name and value, in the event's order.
    pub(super) fn visit(self, mut each: impl FnMut(Place<'_>, &str, &str) -> Result<(), Fault>) -> Result<(), Fault> {
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
