//! The part of a public path that the front end answers for, and that the handler's paths do not have: the stage of an
//! API, or the base path of its domain.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that carries it, as reverse proxies send it.
const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// Splits the stage off a path that begins with it, as whole segment. The stage `$default` is in no path.
pub(crate) fn split_stage<'a>(path: &'a str, stage: Option<&str>) -> (Option<&'a str>, &'a str) {
    let whole = (None, path);
    let Some(stage) = stage.filter(|stage| !stage.is_empty() && *stage != "$default") else { return whole };
    let Some(rest) = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)) else { return whole };
    if rest.is_empty() || rest.starts_with('/') { (path.strip_suffix(rest), rest) } else { whole }
}

/// What precedes `path` in `public`.
pub(crate) fn before<'a>(path: &str, public: Option<&'a str>) -> Option<&'a str> {
    public?.strip_suffix(path).filter(|prefix| prefix.starts_with('/') && !prefix.ends_with('/'))
}

/// Sets the header. A client's own is removed, because the handler takes it for the front end's.
pub(crate) fn set(headers: &mut HeaderMap, prefix: Option<&str>) {
    headers.remove(FORWARDED_PREFIX);
    if let Some(value) = prefix.and_then(|prefix| HeaderValue::from_bytes(prefix.as_bytes()).ok()) {
        // A full map has no room for it.
        let _ = headers.try_insert(FORWARDED_PREFIX, value);
    }
}

#[cfg(test)]
mod tests {
    use super::{before, split_stage};

    #[test]
    fn a_stage_is_split_off_as_a_whole_segment() {
        for (path, stage, expected) in [
            ("/prod/a", "prod", (Some("/prod"), "/a")),
            ("/prod/", "prod", (Some("/prod"), "/")),
            ("/prod", "prod", (Some("/prod"), "")),
            ("/v1/v1/x", "v1", (Some("/v1"), "/v1/x")),
            ("/Prod/a", "prod", (None, "/Prod/a")),
            ("/production/a", "prod", (None, "/production/a")),
            ("/a/prod", "prod", (None, "/a/prod")),
            ("/$default/x", "$default", (None, "/$default/x")),
            ("//x", "", (None, "//x")),
        ] {
            assert_eq!(split_stage(path, Some(stage)), expected, "{path} at {stage}");
        }
        assert_eq!(split_stage("/prod/a", None), (None, "/prod/a"));
    }

    #[test]
    fn the_prefix_is_what_precedes_the_path() {
        assert_eq!(before("/a%20b", Some("/live/a%20b")), Some("/live"));
        assert_eq!(before("/", Some("/live/")), Some("/live"));
        for (path, public) in [("/a", Some("/a")), ("/a", Some("/live/b")), ("/a", None), ("a", Some("/live/a"))] {
            assert_eq!(before(path, public), None, "{path} in {public:?}");
        }
    }
}
