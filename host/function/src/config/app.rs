//! The app that a component is made of.

use std::fmt;
use std::str::FromStr;

/// An app in Python: the module that has it, and its name there. Displayed as `module:name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App(String);

/// When the modules of an app are imported.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Import {
    /// Once, when the component is built.
    #[default]
    Build,
    /// At the start of each instance.
    Start,
}

/// A value that names no app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnApp;

impl App {
    pub(super) const ALLOWED: &str = "an app in Python as \"module:name\", such as \"shop.wsgi:app\", or \
        \"shop:create_app()\" for a function that returns it; an app in another language has component.path and \
        component.build instead";

    /// A regular expression that all apps match (ECMA-262, for JSON Schema).
    pub(super) const PATTERN: &str = r"^[^\s:/()]+:[^\s:/()]+(\(\))?$";

    /// The app as the file names it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Import {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Import::Build => "build",
            Import::Start => "start",
        }
    }
}

impl FromStr for App {
    type Err = NotAnApp;

    fn from_str(text: &str) -> Result<App, NotAnApp> {
        let (module, name) = text.split_once(':').ok_or(NotAnApp)?;
        let fits = is_dotted(module) && is_dotted(name.strip_suffix("()").unwrap_or(name));
        fits.then(|| App(text.to_owned())).ok_or(NotAnApp)
    }
}

/// Whether these are identifiers, joined by dots.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| {
        let starts = part.starts_with(|c: char| c.is_alphabetic() || c == '_');
        starts && part.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_a_module_and_a_name() {
        for text in ["app:app", "shop.wsgi:application", "shop:create_app()", "_a1:b.c", "größe:app"] {
            assert_eq!(text.parse::<App>().map(|app| app.to_string()), Ok(text.to_owned()));
        }
        for text in [
            "",
            "app",
            "app:",
            ":app",
            "a.:b",
            ".a:b",
            "a:b:c",
            "1a:b",
            "a:b(1)",
            "a:()",
            "a b:c",
            "a:b ",
            "src/app.ts",
            "./cmd/shop",
            "src/app.py:app",
            "shop-app:app",
        ] {
            assert_eq!(text.parse::<App>(), Err(NotAnApp), "{text}");
        }
    }
}
