//! `requestContext`: what a front end says about a request besides the request itself.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::de::MapAccess;
use serde_json::value::RawValue;

use super::alb::Elb;
use crate::detect::ContextMarks;
use crate::json::{InvalidMember, JsonWriter, Key, Member, MemberPath, Shape, Text};

/// `requestContext`. A load balancer's has `elb` alone, which is read at once. The others are long and mostly unused:
/// their members are kept as they are, and each front end reads those that it needs.
pub(crate) struct RequestContext<'de> {
    pub(crate) elb: Member<Elb<'de>>,
    members: Vec<(Cow<'de, str>, &'de RawValue)>,
}

impl<'de> RequestContext<'de> {
    /// Which identifying members it has.
    pub(crate) fn marks(&self) -> ContextMarks {
        let elb = matches!(self.elb, Member::Is(_) | Member::Other(_));
        let mut marks = ContextMarks { elb, ..ContextMarks::default() };
        for (name, value) in &self.members {
            marks.add(name);
            marks.url_domain |= name == "domainName" && value.get().contains(".lambda-url.");
        }
        marks
    }

    /// The text in a member, `None` if it is missing or null.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<Text<'de>>, InvalidMember> {
        let value = self.get::<Text<'de>>(name);
        value.optional(MemberPath::field("requestContext").key(name))
    }

    /// The client's address in `requestContext.http.sourceIp`, or `requestContext.identity.sourceIp`. Clients cannot
    /// forge it. It is no address in a test from the console of API Gateway. `place` is the path of the address.
    pub(crate) fn client(&self, name: &'static str, place: &'static str) -> Result<Option<String>, InvalidMember> {
        let caller = self.get::<Caller<'de>>(name).optional(MemberPath::field("requestContext").key(name))?;
        let Some(caller) = caller else { return Ok(None) };
        let address = caller.source_ip.optional(MemberPath::field(place))?;
        Ok(address.and_then(|address| address.parse::<IpAddr>().ok()).map(|address| address.to_string()))
    }

    /// The method in `requestContext.http.method`.
    pub(crate) fn method(&self) -> Result<Text<'de>, InvalidMember> {
        let caller = self.get::<Caller<'de>>("http").required(MemberPath::field("requestContext.http"))?;
        caller.method.required(MemberPath::field("requestContext.http.method"))
    }

    /// Whether `requestContext.http.method` is `HEAD`.
    pub(crate) fn is_head(&self) -> bool {
        let Member::Is(caller) = self.get::<Caller<'de>>("http") else { return false };
        matches!(caller.method, Member::Is(method) if method == "HEAD")
    }

    /// The last member of that name, as other JSON parsers read it.
    fn get<T: Shape<'de>>(&self, name: &str) -> Member<T> {
        let found = self.members.iter().rev().find(|(found, _)| found == name);
        found.and_then(|(_, value)| serde_json::from_str(value.get()).ok()).unwrap_or_default()
    }

    /// The whole context as JSON, in characters that a header value may contain.
    pub(crate) fn json(&self) -> String {
        let len = self.members.iter().map(|(name, value)| name.len() + value.get().len() + 4).sum::<usize>();
        let mut json = JsonWriter::new(len + 2, usize::MAX);
        let mut separator = "{";
        for (name, value) in &self.members {
            json.raw(separator);
            json.string(name);
            json.raw(":");
            json.raw(&on_one_line(value.get()));
            separator = ",";
        }
        json.raw(if self.members.is_empty() { "{}" } else { "}" });
        // No document reaches a limit of usize::MAX, and texts are UTF-8.
        let json = String::from_utf8(json.finish().unwrap_or_default()).unwrap_or_default();
        if json.contains('\u{7f}') { json.replace('\u{7f}', "\\u007f") } else { json }
    }
}

/// JSON without the white space between its tokens, if it has line breaks or tabs.
fn on_one_line(json: &str) -> Cow<'_, str> {
    if !json.bytes().any(|byte| byte < b' ') {
        return json.into();
    }
    let (mut in_string, mut escaped) = (false, false);
    let is_kept = |char: &char| {
        let kept = in_string || !char.is_ascii_whitespace();
        in_string ^= *char == '"' && !escaped;
        escaped = *char == '\\' && !escaped;
        kept
    };
    json.chars().filter(is_kept).collect()
}

impl<'de> Shape<'de> for RequestContext<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut context = Self { elb: Member::Absent, members: Vec::new() };
        while let Some(Key(key)) = map.next_key()? {
            if key == "elb" {
                context.elb = map.next_value()?;
                if matches!(context.elb, Member::Null) {
                    context.members.push((key, RawValue::NULL));
                }
            } else {
                context.members.push((key, map.next_value()?));
            }
        }
        Ok(Some(context))
    }
}

/// `requestContext.http` and `requestContext.identity`, of which two members are read.
struct Caller<'de> {
    method: Member<Text<'de>>,
    source_ip: Member<Text<'de>>,
}

impl<'de> Shape<'de> for Caller<'de> {
    const EXPECTED: &'static str = "an object";

    fn from_map<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        let mut caller = Self { method: Member::Absent, source_ip: Member::Absent };
        while let Some(Key(key)) = map.next_key()? {
            match &*key {
                "method" => caller.method = map.next_value()?,
                "sourceIp" => caller.source_ip = map.next_value()?,
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        Ok(Some(caller))
    }
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[test]
    fn a_context_with_line_breaks_fits_in_a_header() {
        assert_eq!(on_one_line("{\n\t\"a b\": [1,\r\n \"\\\" \\\\\"]\n}"), "{\"a b\":[1,\"\\\" \\\\\"]}");
        assert_eq!(on_one_line("{\"a\": 1}"), "{\"a\": 1}");
    }
}
