//! Names for several cookies in a map that has one text for each name.
//!
//! A load balancer in single-value mode takes `headers` as a map, but passes on every key. Names that differ in letter
//! case are different keys of the map, but the same header to a browser. AWS does not document this behaviour. VPC
//! Lattice has no other map, so its replies do the same.

use http::header::SET_COOKIE;

use super::EncodeError;
use super::sendable::Sendable;
use crate::http::header_writer::HeaderWriter;

/// How several cookies were sent.
#[derive(Default)]
pub(crate) struct SentCookies {
    pub(crate) variants: bool,
    pub(crate) lost: usize,
}

/// Writes the cookies of a response into a map with one text for each name. They cannot be joined, because their dates
/// contain commas (RFC 6265, section 3). Without variants of the name, only the last is written.
pub(crate) fn one_text_each<'a>(
    map: &mut HeaderWriter<'a>,
    sendable: &Sendable<'a>,
    with_variants: bool,
) -> Result<SentCookies, EncodeError> {
    let cookies = sendable.cookies();
    let count = cookies.iter().count();
    if !with_variants {
        map.entry(SET_COOKIE.as_str(), cookies.iter().rev().take(1));
        return Ok(SentCookies { variants: false, lost: count.saturating_sub(1) });
    }
    if count > VARIANTS {
        return Err(EncodeError::Cookies { count, limit: VARIANTS });
    }
    for (index, value) in cookies.iter().enumerate() {
        map.entry(&variant(index), std::iter::once(value));
    }
    Ok(SentCookies { variants: count > 1, lost: 0 })
}

/// The number of names: each of the nine letters of `set-cookie` is in lower or upper case.
const VARIANTS: usize = 1 << 9;

/// The name of cookie number `index`: `set-cookie`, `Set-cookie`, `sEt-cookie`, `SEt-cookie` …
fn variant(index: usize) -> String {
    let mut letter = 0;
    let case = |char: char| {
        if char == '-' {
            return char;
        }
        let upper = index >> letter & 1 == 1;
        letter += 1;
        if upper { char.to_ascii_uppercase() } else { char }
    };
    "set-cookie".chars().map(case).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{VARIANTS, variant};

    #[test]
    fn every_variant_is_a_different_spelling() {
        let names: HashSet<_> = (0..VARIANTS).map(variant).collect();
        assert_eq!(names.len(), VARIANTS);
        assert!(names.iter().all(|name| name.eq_ignore_ascii_case("set-cookie")));
        assert_eq!([0, 1, 2, 3].map(variant), ["set-cookie", "Set-cookie", "sEt-cookie", "SEt-cookie"]);
        assert_eq!(variant(VARIANTS - 1), "SET-COOKIE");
    }
}
