//! The app that a component is made of.

use std::fmt;
use std::str::FromStr;

/// An app, as its language's own tools would name it. Displayed as the file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    text: String,
    language: AppLanguage,
}

/// The language of an app, which the form of its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppLanguage {
    /// `module:name`
    Python,
    /// The path of a module, with the name of an export if that is not the default one.
    JavaScript,
    /// The path of a folder that begins with a dot.
    Go,
}

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

/// The ends of the names of modules in JavaScript and TypeScript.
const MODULES: [&str; 8] = [".js", ".mjs", ".cjs", ".jsx", ".ts", ".mts", ".cts", ".tsx"];

impl App {
    pub(super) const ALLOWED: &str = "an app in Python as \"module:name\", such as \"shop.wsgi:app\" or \
        \"shop:create_app()\"; one in JavaScript or TypeScript as the path of its module, such as \"src/app.ts\" or \
        \"src/app.ts:api\" for an export; one in Go as the folder of its package main, such as \".\" or \"./cmd/shop\"; \
        an app in another language has component.path and component.build instead";

    /// A regular expression that all apps match (ECMA-262, for JSON Schema).
    pub(super) const PATTERN: &str =
        r"^([^\s:/()]+:[^\s:/()]+(\(\))?|[^:]+\.([cm]?[jt]s|[jt]sx)(:[^\s:/()]+)?|\.(/[^:]*)?)$";

    /// The app as the file names it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The language that it is written in.
    pub fn language(&self) -> AppLanguage {
        self.language
    }
}

impl AppLanguage {
    /// Its name in the output of the tool.
    pub fn name(self) -> &'static str {
        match self {
            AppLanguage::Python => "python",
            AppLanguage::JavaScript => "javascript",
            AppLanguage::Go => "go",
        }
    }

    /// The language of an app of that name, if it is one.
    fn of(text: &str) -> Option<AppLanguage> {
        let (path, name) = text.split_once(':').map_or((text, None), |(path, name)| (path, Some(name)));
        // Before the modules of Python, which may be called `app.js` only in theory.
        if MODULES.iter().any(|end| path.strip_suffix(end).is_some_and(|stem| !stem.is_empty() && !stem.ends_with('/')))
        {
            let fits = is_inside(path) && name.is_none_or(|name| is_identifier(name, "_$"));
            return fits.then_some(AppLanguage::JavaScript);
        }
        match name {
            None => ((path == "." || path.starts_with("./")) && is_inside(path)).then_some(AppLanguage::Go),
            Some(name) => {
                let fits = is_dotted(path) && is_dotted(name.strip_suffix("()").unwrap_or(name));
                fits.then_some(AppLanguage::Python)
            }
        }
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
        let language = AppLanguage::of(text).ok_or(NotAnApp)?;
        Ok(App { text: text.to_owned(), language })
    }
}

/// Whether these are identifiers, joined by dots.
fn is_dotted(text: &str) -> bool {
    text.split('.').all(|part| is_identifier(part, "_"))
}

/// Whether it is a word of letters, digits and these other characters that does not begin with a digit.
fn is_identifier(text: &str, others: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_alphabetic() || others.contains(c));
    starts && text.chars().all(|c| c.is_alphanumeric() || others.contains(c))
}

/// Whether a path leads to something in the working folder.
fn is_inside(path: &str) -> bool {
    !path.starts_with(['/', '-']) && path.split('/').all(|part| part != "..") && !path.contains(char::is_control)
}

impl fmt::Display for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_app_tells_its_language() {
        use AppLanguage::{Go, JavaScript, Python};
        for (text, expected) in [
            ("app:app", Python),
            ("shop.wsgi:application", Python),
            ("shop:create_app()", Python),
            ("_a1:b.c", Python),
            ("größe:app", Python),
            ("app.js", JavaScript),
            ("src/app.ts", JavaScript),
            ("./src/app.tsx", JavaScript),
            ("src/my shop/server.mjs:api", JavaScript),
            ("server.cts:$app", JavaScript),
            (".", Go),
            ("./", Go),
            ("./cmd/shop", Go),
            ("./cmd/my-shop/", Go),
        ] {
            let app = text.parse::<App>().unwrap_or_else(|_| panic!("{text}"));
            assert_eq!((app.to_string().as_str(), app.language()), (text, expected));
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
            "cmd/shop",
            "..",
            "./../shop",
            "/srv/app.ts",
            "../app.ts",
            "-o/app.ts",
            ".ts",
            "src/.js",
            "src/app.ts:",
            "src/app.ts:a b",
            "src/app.ts:create()",
            "src/app.json",
            "./cmd/shop:app",
            "src/app.py:app",
            "shop-app:app",
        ] {
            assert_eq!(text.parse::<App>(), Err(NotAnApp), "{text}");
        }
    }
}
