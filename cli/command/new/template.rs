//! The templates of projects: the examples, embedded by the build script.

/// An example.
#[derive(Debug)]
pub(crate) struct Template {
    /// The name of its folder in `guest-example/`.
    pub(crate) name: &'static str,
    pub(super) files: &'static [Embedded],
}

/// A file of an example.
#[derive(Debug)]
pub(super) struct Embedded {
    /// The path in the example's folder.
    pub(super) path: &'static str,
    pub(super) executable: bool,
    pub(super) bytes: &'static [u8],
}

/// The output of `embed.rs`.
const TEMPLATES: &[Template] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// The templates that are written with a framework: the template, its language and the framework.
const WITH_FRAMEWORK: [(&str, &str, &str); 9] = [
    ("chi", "go", "chi"),
    ("django", "python", "django"),
    ("express", "javascript", "express"),
    ("fastapi", "python", "fastapi"),
    ("fetch", "javascript", "fetch"),
    ("flask", "python", "flask"),
    ("go", "go", "net/http"),
    ("javascript", "javascript", "hono"),
    ("rust-axum", "rust", "axum"),
];

/// Other names of languages.
const ALIASES: [(&str, &str); 9] = [
    ("py", "python"),
    ("js", "javascript"),
    ("node", "javascript"),
    ("nodejs", "javascript"),
    ("ts", "javascript"),
    ("typescript", "javascript"),
    ("golang", "go"),
    ("rs", "rust"),
    ("c++", "cpp"),
];

impl Template {
    /// All templates, by name.
    pub(crate) fn all() -> &'static [Template] {
        TEMPLATES
    }

    /// The frameworks with their templates, by the framework's name.
    pub(crate) fn frameworks() -> impl Iterator<Item = (&'static str, &'static Template)> {
        let mut all: Vec<_> = TEMPLATES.iter().filter_map(|template| Some((template.framework()?, template))).collect();
        all.sort_unstable_by_key(|(framework, _)| *framework);
        all.into_iter()
    }

    /// The template of a language, of a framework, or of that name; in any letter case.
    pub(crate) fn named(name: &str) -> Option<&'static Template> {
        let name = name.to_lowercase();
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name.as_str(), |(_, language)| language);
        let own = TEMPLATES.iter().find(|template| template.name == name);
        own.or_else(|| TEMPLATES.iter().find(|template| template.framework() == Some(name)))
    }

    /// The template that the command line asks for, if it does.
    ///
    /// # Errors
    /// The framework is one of another language.
    pub(crate) fn chosen(
        language: Option<&'static Template>,
        framework: Option<&'static Template>,
    ) -> Result<Option<&'static Template>, String> {
        match (language, framework) {
            (Some(language), Some(framework)) if language.language() != framework.language() => Err(format!(
                "{} is a framework of {1}, not of {2}; omit --language, or write: --language {1}",
                framework.framework().unwrap_or(framework.name),
                framework.language(),
                language.language()
            )),
            (language, framework) => Ok(framework.or(language)),
        }
    }

    /// The language that it is written in.
    pub(crate) fn language(&self) -> &'static str {
        WITH_FRAMEWORK.iter().find(|(name, ..)| *name == self.name).map_or(self.name, |(_, language, _)| language)
    }

    /// The framework that it is written with.
    pub(crate) fn framework(&self) -> Option<&'static str> {
        WITH_FRAMEWORK.iter().find(|(name, ..)| *name == self.name).map(|(.., framework)| *framework)
    }

    /// Other names of its language.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = &'static str> {
        ALIASES.iter().filter(|(_, language)| *language == self.name).map(|(alias, _)| *alias)
    }

    /// Whether `--language` lists it. The others are named by `--framework`.
    pub(crate) fn is_for_a_language(&self) -> bool {
        self.language() == self.name
    }

    /// A short description: the title of its README.
    pub(crate) fn title(&self) -> &'static str {
        let first = self.file("README.md").and_then(|file| str::from_utf8(file.bytes).ok()?.lines().next());
        first.map_or(self.name, |line| line.trim_start_matches("# "))
    }

    pub(super) fn file(&self, path: &str) -> Option<&'static Embedded> {
        self.files.iter().find(|file| file.path == path)
    }
}

#[cfg(test)]
mod tests {
    use crate::project::FILE;

    use super::*;

    #[test]
    fn each_has_a_title_and_a_build_command_or_an_app() {
        assert!(Template::all().len() >= 13);
        for template in Template::all() {
            assert!(template.title().starts_with("A "), "{}", template.name);
            let builds = template.file("build").is_some_and(|file| file.executable);
            let app = template.file(FILE).is_some_and(|file| String::from_utf8_lossy(file.bytes).contains("\napp = "));
            assert_ne!(builds, app, "{}", template.name);
        }
    }

    #[test]
    fn languages_and_frameworks_have_their_usual_names() {
        for (name, expected) in [
            ("py", "python"),
            ("Python", "python"),
            ("ts", "javascript"),
            ("TypeScript", "javascript"),
            ("golang", "go"),
            ("rs", "rust"),
            ("c++", "cpp"),
            ("NodeJS", "javascript"),
            ("hono", "javascript"),
            ("Express", "express"),
            ("fetch", "fetch"),
            ("chi", "chi"),
            ("axum", "rust-axum"),
            ("net/http", "go"),
            ("FastAPI", "fastapi"),
        ] {
            assert_eq!(Template::named(name).unwrap().name, expected, "{name}");
        }
        assert!(Template::named("cobol").is_none());
        for (name, ..) in WITH_FRAMEWORK {
            assert!(TEMPLATES.iter().any(|template| template.name == name), "{name}");
        }
    }

    #[test]
    fn a_framework_belongs_to_its_language() {
        let chosen = |language, framework| Template::chosen(Template::named(language), Template::named(framework));
        assert_eq!(chosen("py", "flask").unwrap().unwrap().name, "flask");
        assert_eq!(chosen("rust", "axum").unwrap().unwrap().name, "rust-axum");
        assert_eq!(chosen("python", "").unwrap().unwrap().name, "python");
        assert_eq!(chosen("", "").unwrap().map(|template| template.name), None);
        let error = chosen("go", "flask").unwrap_err();
        assert!(error.contains("flask is a framework of python, not of go"), "{error}");
        for (language, framework, name) in
            [("node", "express", "express"), ("ts", "hono", "javascript"), ("golang", "chi", "chi")]
        {
            assert_eq!(chosen(language, framework).unwrap().unwrap().name, name);
        }
    }
}
