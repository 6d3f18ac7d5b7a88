//! Hides passwords in a text that an error quotes. People paste the URLs of databases into settings.

use std::borrow::Cow;

/// What stands for a hidden part.
const HIDDEN: &str = "…";

/// Words before a value that is secret, in lower case.
const NAMES: [&str; 5] = ["password", "passwd", "pwd", "secret", "token"];

/// The text without what may be a password: users and passwords in URLs (`postgres://…@db.example.com`), queries that
/// set something (`?…`), and what follows a word such as `password` and its `=` or `:`. It hides rather too much: a
/// password may contain any character, among them those at which a URL or a list is split.
#[must_use]
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut shown = Cow::Borrowed(text);
    if let Some(end) = text.rfind('@') {
        let begin = text[..end].find("://").map_or(0, |scheme| scheme + "://".len());
        shown = format!("{}{HIDDEN}{}", &text[..begin], &text[end..]).into();
    }
    if let Some(end) = [query(&shown), named(&shown)].into_iter().flatten().min() {
        shown = format!("{}{HIDDEN}", &shown[..end]).into();
    }
    shown
}

/// Where the values of a query begin.
fn query(text: &str) -> Option<usize> {
    let begin = text.find('?')? + 1;
    text[begin..].contains('=').then_some(begin)
}

/// Where the value after one of the names begins.
fn named(text: &str) -> Option<usize> {
    // The positions are the same, because only ASCII letters change.
    let lower = text.to_ascii_lowercase();
    let after = |name: &str| {
        lower.match_indices(name).find_map(|(at, _)| {
            let end = at + name.len();
            let rest = lower[end..].trim_start_matches([' ', '\t', '"', '\'']);
            rest.starts_with(['=', ':']).then(|| lower.len() - rest.len() + 1)
        })
    };
    NAMES.iter().filter_map(|name| after(name)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_wherever_they_are() {
        for (text, expected) in [
            ("postgres://app:hunter2@db.example.com:5432/shop", "postgres://…@db.example.com:5432/shop"),
            ("postgres://app:p@ss:/w,ord@db.example.com", "postgres://…@db.example.com"),
            ("redis://:hunter2@cache:6379", "redis://…@cache:6379"),
            ("https://hunter2@api.example.com", "https://…@api.example.com"),
            ("app:hunter2@db.example.com:5432", "…@db.example.com:5432"),
            ("[\"tcp://a:1\", \"postgres://app:hunter2@db\"]", "[\"tcp://…@db\"]"),
            ("postgres://db:5432/shop?user=app&password=hunter2", "postgres://db:5432/shop?…"),
            ("host=db port=5432 password=hunter2", "host=db port=5432 password=…"),
            ("host=db Password = 'hunter 2'", "host=db Password =…"),
            ("Server=db;Pwd=hunter2;Port=5432", "Server=db;Pwd=…"),
            ("{ DB_PASSWORD = \"hunter2\" }", "{ DB_PASSWORD =…"),
            ("{\"API_TOKEN\": \"hunter2\"}", "{\"API_TOKEN\":…"),
        ] {
            assert_eq!(redacted(text), expected);
            assert!(!redacted(text).contains("hunter"), "{text}");
        }
    }

    #[test]
    fn other_texts_are_unchanged() {
        for text in
            ["", "https://api.example.com:443", "*.example.com", "a?b", "[fd00::1]:5432", "token", "a b\nc", "…"]
        {
            assert_eq!(redacted(text), text);
        }
    }
}
