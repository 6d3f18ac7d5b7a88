//! The templates of projects: the examples of the languages, embedded by the build script.

/// The example of a language.
#[derive(Debug)]
pub(crate) struct Template {
    /// The name of its folder in `guest-example/`.
    pub(crate) language: &'static str,
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

impl Template {
    /// All templates, by name.
    pub(crate) fn all() -> &'static [Template] {
        TEMPLATES
    }

    pub(crate) fn of(language: &str) -> Option<&'static Template> {
        TEMPLATES.iter().find(|template| template.language == language)
    }

    /// A short description: the title of its README.
    pub(crate) fn title(&self) -> &'static str {
        let readme = self.files.iter().find(|file| file.path == "README.md");
        let first = readme.and_then(|file| str::from_utf8(file.bytes).ok()?.lines().next());
        first.map_or(self.language, |line| line.trim_start_matches("# "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_title_and_a_build_command() {
        assert!(Template::all().len() >= 10);
        for template in Template::all() {
            assert!(template.title().starts_with("A router in "), "{}", template.language);
            let build = template.files.iter().find(|file| file.path == "build");
            assert!(build.is_some_and(|file| file.executable), "{}", template.language);
        }
    }
}
