//! Names for several cookies in a map that has one text for each name.
//!
//! A load balancer in single-value mode takes `headers` as a map, but passes on every key. Names that differ in letter
//! case are different keys of the map, but the same header to a browser. AWS does not document this behaviour.

/// The number of names: each of the nine letters of `set-cookie` is in lower or upper case.
pub(super) const VARIANTS: usize = 1 << 9;

/// The name of cookie number `index`: `set-cookie`, `Set-cookie`, `sEt-cookie`, `SEt-cookie` …
pub(super) fn variant(index: usize) -> String {
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
