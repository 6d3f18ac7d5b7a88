//! The members of a front end's event, before they are interpreted.

use serde::de::{IgnoredAny, MapAccess};

use super::alb::Elb;
use crate::detect::Marks;
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
    /// Records which members are present, to identify the front end.
    marks: Marks,
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
            name => {
                self.marks.add(name);
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    /// Which of the identifying members the event has.
    pub(crate) fn marks(&self) -> Marks {
        Marks {
            http_method: !matches!(self.http_method, Member::Absent),
            path: !matches!(self.path, Member::Absent),
            multi_headers: !matches!(self.multi_headers, Member::Absent),
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

/// `requestContext`.
pub(crate) struct RequestContext<'de> {
    pub(crate) elb: Member<Elb<'de>>,
}

impl<'de> Shape<'de> for RequestContext<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut context = Self { elb: Member::Absent };
        while let Some(Key(name)) = map.next_key()? {
            match &*name {
                "elb" => context.elb = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(context))
    }
}
