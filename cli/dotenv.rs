//! Files of variables, `NAME=value` on each line, as other tools read them too.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// The variables of a file: `NAME=value`, with `export` before it if need be. Between single quotes a value is as it is,
/// between double quotes `\n`, `\"` and `\\` stand for a line break, a quote and a backslash. Without quotes it ends
/// before ` #`, which begins a comment. If a name is there twice, the last value counts.
///
/// # Errors
/// The number of the first line that has another form, without its text.
pub(crate) fn variables(text: &str) -> Result<BTreeMap<&str, String>> {
    let mut variables = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match variable(line) {
            Some((name, value)) => variables.insert(name, value),
            None => bail!("line {} is not NAME=value, with quotes around a value that has spaces or #", index + 1),
        };
    }
    Ok(variables)
}

fn variable(line: &str) -> Option<(&str, String)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
    is_name.then_some((name, self::value(value.trim())?))
}

fn value(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        let (value, rest) = rest.split_once('\'')?;
        return is_comment(rest).then(|| value.to_owned());
    }
    if let Some(rest) = text.strip_prefix('"') {
        let (value, rest) = quoted(rest)?;
        return is_comment(rest).then_some(value);
    }
    let end = text.find(" #").unwrap_or(text.len());
    Some(text[..end].trim_end().to_owned())
}

/// A value up to the double quote that ends it, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other @ ('"' | '\\' | '$') => value.push(other),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

fn is_comment(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.is_empty() || rest.starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_have_quotes() {
        for (line, expected) in [
            ("A=hunter2", "hunter2"),
            ("  export A = hunter2  ", "hunter2"),
            ("A=", ""),
            ("A=a=b#c # a comment", "a=b#c"),
            ("A='it \"is\" # all \\n' # a comment", "it \"is\" # all \\n"),
            (r#"A="two\nlines \"and\" \\ \$x \d""#, "two\nlines \"and\" \\ $x \\d"),
            ("A=one\nA=two", "two"),
            ("# A=zero\n\nA=ü\r\n", "ü"),
        ] {
            let variables = variables(line).unwrap();
            assert_eq!(variables.get("A").map(String::as_str), Some(expected), "{line}");
        }
    }

    #[test]
    fn an_error_has_the_line_and_not_its_text() {
        for (text, line) in [
            ("hunter2", 1),
            ("A=1\nB='hunter2", 2),
            ("A=\"hunter2\\", 1),
            ("A='hunter'2", 1),
            ("\n\nmy key=hunter2", 3),
        ] {
            let error = variables(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("line {line} is not NAME=value")), "{error}");
            assert!(!error.contains("hunter"), "{error}");
        }
    }
}
