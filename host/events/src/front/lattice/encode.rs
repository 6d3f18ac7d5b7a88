//! Encodes a response as a reply.

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;

use super::LatticeForm;
use crate::front::cookie_case::{SentCookies, one_text_each};
use crate::front::sendable::Sendable;
use crate::front::{EncodeError, FrontLimits, Reply};
use crate::http::header_writer::{HeaderWriter, Repeats};
use crate::http::status::reason;
use crate::json::JsonWriter;

/// Encodes a response for VPC Lattice: one text for each header. Several cookies are sent under names that differ in
/// letter case, or only the last without `cookie_case_variants`.
pub(crate) fn encode(
    response: &Response<Bytes>,
    form: LatticeForm,
    limits: FrontLimits,
    cookie_case_variants: bool,
) -> Result<Reply, EncodeError> {
    let front = form.kind().words();
    let sendable = Sendable::check(response, form.head, front)?;
    let (code, phrase) = (sendable.status.as_u16(), reason(sendable.status));
    let mut json = JsonWriter::new(sendable.expected_size(), limits.reply);
    json.raw(&format!(r#"{{"statusCode":{code},"statusDescription":"{code} {phrase}""#));
    sendable.name_headers(&mut json, "headers");
    let mut cookies = SentCookies::default();
    let mut map = HeaderWriter::open(&mut json, Repeats::Joined);
    for name in sendable.names() {
        if *name == SET_COOKIE {
            cookies = one_text_each(&mut map, &sendable, cookie_case_variants)?;
        } else {
            sendable.joined(&mut map, name);
        }
    }
    let size = map.close();
    let json = sendable.finish(json, size, limits, front)?;
    Ok(Reply { json, cookie_variants: cookies.variants, cookies_lost: cookies.lost })
}
