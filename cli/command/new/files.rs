//! The files of a project: those of an example under another name, with `funcserver.toml` and `.gitignore`.

use std::borrow::Cow;

use anyhow::{Result, bail};

use super::name::Name;
use super::template::{Embedded, Template};
use crate::project::FILE;

/// Every `build` of an example follows the same rules, which `guest-example/README.md` states.
const SETTINGS: &str = "\
# The component that `funcserver` builds, serves and bundles. `funcserver schema` prints all settings.

[component]
path = \"build-output/handler.wasm\"
build = \"./build\"
";

const IGNORED: &str = "\
# Values of guest.secrets on this machine
.env

# Build output
/build-output/
/function.zip
*.cwasm
*.cwasm.json
target/
node_modules/
__pycache__/
.venv/
.pytest_cache/
";

/// The files that list the names of dependencies.
const MANIFESTS: [&str; 3] = ["Cargo.toml", "Cargo.lock", "package.json"];

/// A file of a project.
pub(super) struct File {
    /// The path in the project's folder.
    pub(super) path: String,
    pub(super) executable: bool,
    pub(super) bytes: Cow<'static, [u8]>,
}

/// The files of a project of that name.
pub(super) fn files(template: &Template, name: &Name) -> Result<Vec<File>> {
    let example = Example::of(template);
    example.check(template, name)?;
    let mut files: Vec<File> = template.files.iter().map(|file| example.fit(file, name)).collect();
    for (path, text) in [(FILE, SETTINGS), (".gitignore", IGNORED)] {
        // The examples of apps have settings of their own.
        if template.file(path).is_none() {
            files.push(File { path: path.to_owned(), executable: false, bytes: text.as_bytes().into() });
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// The example's own name, in the form for packages and in the form for crates.
struct Example {
    name: String,
    identifier: String,
}

impl Example {
    fn of(template: &Template) -> Example {
        let name = format!("example-{}", template.name);
        Example { identifier: name.replace('-', "_"), name }
    }

    /// A package cannot depend on another one of its own name.
    fn check(&self, template: &Template, name: &Name) -> Result<()> {
        if name.as_str() == self.name {
            return Ok(());
        }
        let spellings =
            [name.as_str(), &name.identifier(), &name.as_str().replace('_', "-")].map(|name| format!("\"{name}\""));
        for file in template.files.iter().filter(|file| MANIFESTS.contains(&file.path)) {
            let text = String::from_utf8_lossy(file.bytes);
            if spellings.iter().any(|spelling| text.contains(spelling)) {
                bail!("{name} is a dependency of the {} template ({}); choose another name", template.name, file.path);
            }
        }
        Ok(())
    }

    fn fit(&self, file: &Embedded, name: &Name) -> File {
        let bytes = match str::from_utf8(file.bytes) {
            Ok(text) if text.contains(&self.name) || text.contains(&self.identifier) || file.path == "README.md" => {
                self.fit_text(file.path, text, name).into_bytes().into()
            }
            _ => file.bytes.into(),
        };
        File { path: file.path.to_owned(), executable: file.executable, bytes }
    }

    fn fit_text(&self, path: &str, text: &str, name: &Name) -> String {
        // Both forms in one pass, because the new name may contain the old one.
        let parts: Vec<_> =
            text.split(&self.name).map(|part| part.replace(&self.identifier, &name.identifier())).collect();
        let text = parts.join(name.as_str());
        match path {
            "README.md" => readme(&text, name),
            "Cargo.lock" => sorted(&text),
            _ => text,
        }
    }
}

/// The example's README below a head that every project has.
fn readme(example: &str, name: &Name) -> String {
    format!(
        "# {name}\n\n\
         ```sh\n\
         funcserver serve --watch    # serves it on http://127.0.0.1:8080, and reloads it after each change\n\
         funcserver bundle           # builds it and writes function.zip for Lambda\n\
         ```\n\n\
         #{example}"
    )
}

/// A lock file with its packages sorted by name, as cargo writes it. Otherwise the first build would change it.
fn sorted(lock: &str) -> String {
    let mut packages: Vec<&str> = lock.trim_end().split("\n\n").collect();
    // The comment and the version have no name, so they stay above all packages.
    packages.sort_by_key(|package| package.lines().find(|line| line.starts_with("name = ")));
    packages.join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(language: &str, name: &str) -> Result<Vec<File>> {
        files(Template::named(language).unwrap(), &name.parse().unwrap())
    }

    fn text(files: &[File], path: &str) -> String {
        let file = files.iter().find(|file| file.path == path).unwrap();
        String::from_utf8(file.bytes.to_vec()).unwrap()
    }

    #[test]
    fn packages_have_the_projects_name() {
        for (language, path, part) in [
            ("rust", "Cargo.toml", "name = \"my-shop\"\n"),
            ("rust", "build", "/my_shop.wasm"),
            ("rust-axum", "build", "/my-shop.wasm"),
            ("rust-p3", "Cargo.lock", "name = \"my-shop\"\n"),
            ("javascript", "package.json", "\"name\": \"my-shop\""),
            ("quickjs", "package.json", "\"name\": \"my-shop\""),
            ("go", "go.mod", "module example.com/my-shop\n"),
            ("python", "README.md", "# my-shop\n"),
        ] {
            let text = text(&made(language, "my-shop").unwrap(), path);
            assert!(text.contains(part), "{language}: {text}");
        }
    }

    #[test]
    fn a_name_may_hold_the_examples_own() {
        let files = made("rust", "no_example_rust").unwrap();
        assert!(text(&files, "Cargo.toml").contains("name = \"no_example_rust\"\n"));
        assert!(text(&files, "build").contains("/no_example_rust.wasm"));
    }

    #[test]
    fn nothing_has_the_examples_name() {
        for template in Template::all() {
            let example = Example::of(template);
            for file in files(template, &"my-shop".parse().unwrap()).unwrap() {
                let text = String::from_utf8_lossy(&file.bytes);
                assert!(!text.contains(&example.name) && !text.contains(&example.identifier), "{}", file.path);
            }
        }
    }

    #[test]
    fn a_name_that_the_package_depends_on_is_refused() {
        for (language, name) in
            [("rust", "serde_json"), ("rust", "serde-json"), ("rust", "memchr"), ("javascript", "hono")]
        {
            let error = made(language, name).err().unwrap().to_string();
            assert!(error.starts_with(&format!("{name} is a dependency of the ")), "{error}");
        }
        for (language, name) in [("rust", "hono"), ("python", "hono"), ("rust", "example-rust")] {
            assert!(made(language, name).is_ok(), "{language}: {name}");
        }
    }

    #[test]
    fn the_packages_of_a_lock_file_are_sorted() {
        for name in ["aaa", "zzz", "example-rust"] {
            let lock = text(&made("rust", name).unwrap(), "Cargo.lock");
            assert!(lock.starts_with("# This file"), "{lock}");
            let names: Vec<_> = lock.lines().filter(|line| line.starts_with("name = ")).collect();
            assert!(names.is_sorted() && names.contains(&format!("name = \"{name}\"").as_str()), "{names:?}");
        }
        let example = Template::named("rust").unwrap().files.iter().find(|file| file.path == "Cargo.lock").unwrap();
        assert_eq!(text(&made("rust", "example-rust").unwrap(), "Cargo.lock").as_bytes(), example.bytes);
    }
}
