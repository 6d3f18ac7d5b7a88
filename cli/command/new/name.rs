//! The name of a project, of its folder and of its package.

use std::fmt;
use std::str::FromStr;

/// The longest name that crates.io, npm and Lambda all accept.
const LONGEST: usize = 64;

/// Names that cargo reserves for folders beside its programs, and npm's folder.
const RESERVED: [&str; 5] = ["build", "deps", "examples", "incremental", "node_modules"];

/// A name that the tools of every language accept: lower-case letters, digits, `-` and `_`, starting with a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of the crate in Rust.
    pub(super) fn identifier(&self) -> String {
        self.0.replace('-', "_")
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Name, String> {
        let is_good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if text.contains(['/', '\\']) {
            return Err("it is a path; change to its parent folder first, and give only the name".to_owned());
        }
        if !text.starts_with(|first: char| first.is_ascii_lowercase()) || !text.bytes().all(is_good) {
            return Err("a name has lower case letters, digits, - and _, and begins with a letter".to_owned());
        }
        if text.len() > LONGEST {
            return Err(format!("it has {} characters, but a name has at most {LONGEST}", text.len()));
        }
        if RESERVED.contains(&text) {
            return Err("cargo or npm reserves that name for a folder of its own; choose another".to_owned());
        }
        Ok(Name(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_every_tool_takes_are_good() {
        let longest = "a".repeat(LONGEST);
        for good in ["hello", "a", "my-shop_2", &longest] {
            assert_eq!(good.parse::<Name>().map(|name| name.to_string()), Ok(good.to_owned()));
        }
        assert_eq!("my-shop".parse::<Name>().unwrap().identifier(), "my_shop");
    }

    #[test]
    fn others_are_told_what_is_wrong() {
        let long = "a".repeat(LONGEST + 1);
        for (bad, part) in [
            ("", "lower case"),
            ("Hello", "lower case"),
            ("2nd", "begins with a letter"),
            ("-x", "begins with a letter"),
            (".", "begins with a letter"),
            ("naïve", "lower case"),
            ("a b", "lower case"),
            ("a\"b", "lower case"),
            ("../up", "a path"),
            ("build", "for a folder of its own"),
            (&long, "65 characters"),
        ] {
            let error = bad.parse::<Name>().unwrap_err();
            assert!(error.contains(part), "{bad}: {error}");
        }
    }
}
