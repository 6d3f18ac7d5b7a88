//! The value of a variable, from the text of a secret.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::problem::SecretProblem;

/// The text itself, or the field of the JSON object that it is. A number and a truth value are given as they are
/// written: a database's port is often one.
pub(super) fn value(text: &str, field: Option<&str>) -> Result<String, SecretProblem> {
    let value = match field {
        Some(field) => self::field(text, field)?,
        None => text.to_owned(),
    };
    // No environment can contain it.
    if value.contains('\0') { Err(SecretProblem::Nul) } else { Ok(value) }
}

fn field(text: &str, name: &str) -> Result<String, SecretProblem> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).map_err(|_| SecretProblem::NotJson)?;
    let value = fields.get(name).ok_or(SecretProblem::NoField)?.get();
    match value.as_bytes() {
        [b'"', ..] => serde_json::from_str(value).map_err(|_| SecretProblem::NotJson),
        [b'{' | b'[' | b'n', ..] => Err(SecretProblem::NoText),
        _ => Ok(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_its_text_or_a_field() {
        let rds = r#"{"username": "app", "p\u0061ssword": "a\"b\\ü", "port": 5432, "id": 123456789012345678901234567890, "tls": true}"#;
        for (field, expected) in [
            (None, rds),
            (Some("password"), "a\"b\\ü"),
            (Some("port"), "5432"),
            (Some("id"), "123456789012345678901234567890"),
            (Some("tls"), "true"),
        ] {
            assert_eq!(value(rds, field).as_deref(), Ok(expected), "{field:?}");
        }
        assert_eq!(value("", None).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_a_problem() {
        for (text, field, expected) in [
            ("hunter2", Some("a"), SecretProblem::NotJson),
            ("\"hunter2\"", Some("a"), SecretProblem::NotJson),
            ("[{\"a\": 1}]", Some("a"), SecretProblem::NotJson),
            ("{\"a\": 1} x", Some("a"), SecretProblem::NotJson),
            ("{\"a\": \"\\ud800\"}", Some("a"), SecretProblem::NotJson),
            ("{\"a\": 1}", Some("b"), SecretProblem::NoField),
            ("{\"a\": {\"b\": 1}}", Some("a"), SecretProblem::NoText),
            ("{\"a\": [1]}", Some("a"), SecretProblem::NoText),
            ("{\"a\": null}", Some("a"), SecretProblem::NoText),
            ("{\"a\": \"x\\u0000\"}", Some("a"), SecretProblem::Nul),
            ("x\0", None, SecretProblem::Nul),
        ] {
            let problem = value(text, field).unwrap_err();
            assert_eq!(problem, expected, "{text}");
            assert!(!problem.to_string().contains("hunter2"));
        }
    }
}
