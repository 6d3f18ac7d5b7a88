//! `funcserver.toml`: its settings with their lines, as written.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Config;
use super::error::{ConfigError, ConfigErrors, Hint, NOT_SHOWN, Place, Problem, shown};
use super::setting::Setting;
use super::settings::SETTINGS;
use super::value::Written;

/// A mistake in one line often makes the rest unreadable, so further errors would not help.
const MAX_SYNTAX_ERRORS: usize = 3;

/// Applies the file's settings and returns its errors, from top to bottom.
pub(super) fn apply(config: &mut Config, path: &Path, text: &str) -> Vec<ConfigError> {
    let (table, syntax) = DeTable::parse_recoverable(text);
    let mut file = File { text, errors: Vec::new() };
    if syntax.is_empty() {
        let folder = path.parent().unwrap_or(Path::new(""));
        file.entries(table.get_ref(), &mut |file, setting, value| {
            let (texts, pairs) = (texts(value.get_ref()), pairs(value.get_ref()));
            let written = match (&texts, &pairs) {
                (Some(texts), _) => Written::List(texts),
                (_, Some(pairs)) => Written::Table(pairs),
                _ => written(value.get_ref()),
            };
            if let Err(allowed) = setting.apply(config, written, folder) {
                if setting.is_secret() {
                    file.bad_secret(setting.key, value.span(), allowed);
                } else {
                    file.bad_value(setting.key, value.span(), allowed);
                }
            }
        });
    } else {
        file.syntax(&syntax);
    }
    file.errors.sort_by_key(|(line, _)| *line);
    file.errors
        .into_iter()
        .map(|(line, problem)| ConfigError { place: Place::File { path: path.into(), line }, problem })
        .collect()
}

/// The text of the `funcserver.toml` for the zip: the settings of `text` that the host reads, each value as it was
/// written, in the order of [`SETTINGS`]. The same settings give the same text. If there are none, the text is empty.
///
/// Variables are not included: the environment of the machine that runs `bundle` is not the function's.
///
/// # Errors
/// The errors of the file, as [`Config::read`] reports them.
pub fn carried(path: &Path, text: &str) -> Result<String, ConfigErrors> {
    ConfigErrors::check(apply(&mut Config::default(), path, text))?;
    let (table, _) = DeTable::parse_recoverable(text);
    let mut values = Vec::new();
    File { text, errors: Vec::new() }
        .entries(table.get_ref(), &mut |_, setting, value| values.push((setting.key, as_written(text, value))));

    let mut carried = String::new();
    let mut current = "";
    for setting in SETTINGS.iter().filter(|setting| setting.carried) {
        let Some((_, value)) = values.iter().find(|(key, _)| *key == setting.key) else { continue };
        let (section, name) = split(setting.key);
        if section != current {
            let gap = if current.is_empty() { "" } else { "\n" };
            carried.push_str(&format!("{gap}[{section}]\n"));
            current = section;
        }
        carried.push_str(&format!("{name} = {value}\n"));
    }
    Ok(carried)
}

/// The file being read, with its errors and their lines.
struct File<'a> {
    text: &'a str,
    errors: Vec<(usize, Problem)>,
}

type Entry<'f, 'a, 't> = &'f mut dyn FnMut(&mut File<'a>, &'static Setting, &'t Spanned<DeValue<'a>>);

impl<'a> File<'a> {
    /// Calls `entry` for every setting. Unknown keys become errors.
    fn entries<'t>(&mut self, table: &'t DeTable<'a>, entry: Entry<'_, 'a, 't>) {
        for (section, value) in table {
            let name = section.get_ref();
            if !sections().any(|known| known == name) {
                self.unknown("section", section.span(), name, Hint::of(name, sections()));
            } else if let DeValue::Table(table) = value.get_ref() {
                self.section(name, table, entry);
            } else {
                self.bad_value(
                    name,
                    value.span(),
                    format!("a table [{name}] with {}", keys(name).collect::<Vec<_>>().join(", ")),
                );
            }
        }
    }

    fn section<'t>(&mut self, section: &str, table: &'t DeTable<'a>, entry: Entry<'_, 'a, 't>) {
        for (key, value) in table {
            let full = format!("{section}.{}", key.get_ref());
            match SETTINGS.iter().find(|setting| setting.key == full) {
                Some(setting) => entry(self, setting, value),
                None => self.unknown("key", key.span(), &full, Hint::of(&full, keys(section))),
            }
        }
    }

    fn syntax(&mut self, errors: &[toml::de::Error]) {
        for error in errors.iter().take(MAX_SYNTAX_ERRORS) {
            let line = self.line(error.span().map_or(0, |span| span.start));
            self.errors.push((line, Problem::Syntax(error.message().trim_end().replace('\n', ", "))));
        }
    }

    fn unknown(&mut self, what: &'static str, span: Range<usize>, name: &str, hint: Hint) {
        self.errors.push((self.line(span.start), Problem::Unknown { what, name: shown(name), hint }));
    }

    fn bad_value(&mut self, name: &str, span: Range<usize>, allowed: String) {
        let found = shown(self.text.get(span.clone()).unwrap_or_default());
        self.errors.push((self.line(span.start), Problem::Value { name: name.into(), found, allowed }));
    }

    fn bad_secret(&mut self, name: &str, span: Range<usize>, allowed: String) {
        self.errors
            .push((self.line(span.start), Problem::Value { name: name.into(), found: NOT_SHOWN.into(), allowed }));
    }

    /// The line of a byte, counted from 1.
    fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }
}

fn written<'v>(value: &'v DeValue<'_>) -> Written<'v> {
    match value {
        DeValue::String(text) => Written::Text(text),
        DeValue::Boolean(flag) => Written::Flag(*flag),
        DeValue::Integer(number) => {
            u64::from_str_radix(number.as_str(), number.radix()).map_or(Written::Other, Written::Integer)
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => Written::Other,
    }
}

/// A value on one line: as it was written, except that a table is always written inline.
fn as_written<'t>(text: &'t str, value: &Spanned<DeValue<'_>>) -> Cow<'t, str> {
    match pairs(value.get_ref()) {
        // JSON's escapes are valid in TOML too, except that JSON does not escape DEL.
        Some(pairs) => {
            let quoted = |text: &str| serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f");
            let pairs: Vec<_> =
                pairs.iter().map(|(name, value)| format!("{} = {}", quoted(name), quoted(value))).collect();
            format!("{{ {} }}", pairs.join(", ")).into()
        }
        None => text.get(value.span()).unwrap_or_default().into(),
    }
}

/// The entries of a table that contains only strings.
fn pairs<'v>(value: &'v DeValue<'_>) -> Option<Vec<(&'v str, &'v str)>> {
    let entries = value.as_table()?.iter();
    entries.map(|(name, value)| Some((&**name.get_ref(), value.get_ref().as_str()?))).collect()
}

/// The strings of an array that contains only strings.
fn texts<'v>(value: &'v DeValue<'_>) -> Option<Vec<&'v str>> {
    value.as_array()?.iter().map(|item| item.get_ref().as_str()).collect()
}

/// The sections, without duplicates.
fn sections() -> impl Iterator<Item = &'static str> {
    let all = SETTINGS.iter().map(|setting| split(setting.key).0);
    all.scan("", |last, section| Some((std::mem::replace(last, section) != section).then_some(section))).flatten()
}

/// The full keys of a section.
fn keys(section: &str) -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.key).filter(move |key| split(key).0 == section)
}

/// The section of a key, and its name in the section.
fn split(key: &'static str) -> (&'static str, &'static str) {
    key.split_once('.').unwrap_or(("", key))
}
