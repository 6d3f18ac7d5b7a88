//! The members of a front end's event, before they are interpreted.

use serde::de::{IgnoredAny, MapAccess};

use super::context::RequestContext;
use crate::detect::{ContextMarks, Marks};
use crate::http::values::{MultiMap, SingleMap};
use crate::json::{Key, Member, Shape, Text};

/// The members of the events of all front ends, read in one pass. Each front end uses its own members. Unknown members
/// are skipped.
#[derive(Default)]
pub(crate) struct Envelope<'de> {
    pub(crate) context: Member<RequestContext<'de>>,
    pub(crate) http_method: Member<Text<'de>>,
    pub(crate) path: Member<Text<'de>>,
    pub(crate) query: Member<SingleMap<'de>>,
    pub(crate) multi_query: Member<MultiMap<'de>>,
    pub(crate) headers: Member<SingleMap<'de>>,
    pub(crate) multi_headers: Member<MultiMap<'de>>,
    pub(crate) body: Member<Text<'de>>,
    pub(crate) is_base64: Member<bool>,
    /// The members that a load balancer's event does not have, so that such an event costs no memory for them.
    others: Option<Box<OtherMembers<'de>>>,
    /// Records which members are present, to identify the front end.
    marks: Marks,
}

/// The members that only front ends other than a load balancer send.
#[derive(Default)]
pub(crate) struct OtherMembers<'de> {
    /// `rawPath`
    pub(crate) raw_path: Member<Text<'de>>,
    /// `rawQueryString`
    pub(crate) raw_query: Member<Text<'de>>,
    /// `cookies`
    pub(crate) cookies: Member<Vec<Member<Text<'de>>>>,
    /// `method`
    pub(crate) method: Member<Text<'de>>,
    /// `raw_path`
    pub(crate) snake_path: Member<Text<'de>>,
    /// `query_string_parameters`
    pub(crate) snake_query: Member<SingleMap<'de>>,
    /// `is_base64_encoded`
    pub(crate) snake_is_base64: Member<bool>,
}

impl<'de> Envelope<'de> {
    /// Reads the value of a member.
    pub(crate) fn read<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "requestContext" => self.context = map.next_value()?,
            "httpMethod" => self.http_method = map.next_value()?,
            "path" => self.path = map.next_value()?,
            "queryStringParameters" => self.query = map.next_value()?,
            "multiValueQueryStringParameters" => self.multi_query = map.next_value()?,
            "headers" => self.headers = map.next_value()?,
            "multiValueHeaders" => self.multi_headers = map.next_value()?,
            "body" => self.body = map.next_value()?,
            "isBase64Encoded" => self.is_base64 = map.next_value()?,
            name => self.read_other(name, map)?,
        }
        Ok(())
    }

    #[cold]
    fn read_other<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        self.marks.add(name);
        let others = &mut self.others;
        match name {
            "rawPath" => others.get_or_insert_default().raw_path = map.next_value()?,
            "rawQueryString" => others.get_or_insert_default().raw_query = map.next_value()?,
            "cookies" => others.get_or_insert_default().cookies = map.next_value()?,
            "method" => others.get_or_insert_default().method = map.next_value()?,
            "raw_path" => others.get_or_insert_default().snake_path = map.next_value()?,
            "query_string_parameters" => others.get_or_insert_default().snake_query = map.next_value()?,
            "is_base64_encoded" => others.get_or_insert_default().snake_is_base64 = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    /// The members that a load balancer's event does not have.
    pub(crate) fn take_others(&mut self) -> OtherMembers<'de> {
        self.others.take().map(|others| *others).unwrap_or_default()
    }

    /// Which of the identifying members the event has.
    pub(crate) fn marks(&self) -> Marks {
        let context = match &self.context {
            Member::Is(context) => context.marks(),
            Member::Absent | Member::Null | Member::Other(_) => ContextMarks::default(),
        };
        Marks {
            http_method: !matches!(self.http_method, Member::Absent),
            path: !matches!(self.path, Member::Absent),
            multi_headers: !matches!(self.multi_headers, Member::Absent),
            context,
            ..self.marks
        }
    }
}

impl<'de> Shape<'de> for Envelope<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut event = Self::default();
        while let Some(Key(name)) = map.next_key()? {
            event.read(&name, &mut map)?;
        }
        Ok(Some(event))
    }
}
