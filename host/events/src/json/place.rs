//! Locates an error in a JSON document.

use std::fmt;

/// A path to a value in a document. The text is built only when it is printed, so code without errors pays nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MemberPath<'a> {
    field: &'a str,
    key: Option<&'a str>,
    index: Option<usize>,
}

impl<'a> MemberPath<'a> {
    /// A top-level field, or a nested one written as a path: `body`, `requestContext.elb`.
    pub(crate) const fn field(field: &'a str) -> Self {
        Self { field, key: None, index: None }
    }

    /// The entry `key` of the map in this field.
    pub(crate) const fn key(self, key: &'a str) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The element `index` of the list at this path.
    pub(crate) const fn index(self, index: usize) -> Self {
        Self { index: Some(index), ..self }
    }

    /// An error at this path.
    pub(crate) fn fault(self, reason: impl Into<String>) -> InvalidMember {
        InvalidMember { at: self.to_string(), reason: reason.into() }
    }
}

impl fmt::Display for MemberPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field)?;
        match self.key {
            Some(key) if is_plain(key) => write!(f, ".{key}")?,
            Some(key) => write!(f, "[{}]", quoted(key))?,
            None => {}
        }
        match self.index {
            Some(index) => write!(f, "[{index}]"),
            None => Ok(()),
        }
    }
}

/// An error in a member: its path and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InvalidMember {
    pub(crate) at: String,
    pub(crate) reason: String,
}

/// Formats a text for a message: quoted, escaped, and shortened if it is long.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() { format!("{start:?}...") } else { format!("{start:?}") }
}

fn is_plain(key: &str) -> bool {
    (1..100).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::MemberPath;

    #[test]
    fn a_place_is_printed_as_a_json_path() {
        let headers = MemberPath::field("multiValueHeaders");
        assert_eq!(headers.key("x-count").index(2).to_string(), "multiValueHeaders.x-count[2]");
        assert_eq!(headers.key("a b\n").to_string(), r#"multiValueHeaders["a b\n"]"#);
        assert_eq!(headers.key("").to_string(), r#"multiValueHeaders[""]"#);
    }
}
