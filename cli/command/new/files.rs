//! The files of a project: those of an example under another name, and what makes a project of them.

use std::borrow::Cow;

use anyhow::{Result, bail};

use super::name::Name;
use super::template::{Embedded, Template};
use crate::project::FILE;

/// Every example's `build` keeps to the same rules, which `guest-example/README.md` states.
const SETTINGS: &str = "\
# What `funcserver` builds, serves and bundles here. `funcserver schema` prints all settings that there are.

[component]
path = \"build-output/handler.wasm\"
build = \"./build\"
";

const IGNORED: &str = "\
# What is built
/build-output/
/function.zip
*.cwasm
*.cwasm.json
target/
node_modules/
__pycache__/
";

/// Where a package's own name must differ from all others.
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
        files.push(File { path: path.to_owned(), executable: false, bytes: text.as_bytes().into() });
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

/// The example's own name, as packages and as crates have it.
struct Example {
    name: String,
    identifier: String,
}

impl Example {
    fn of(template: &Template) -> Example {
        let name = format!("example-{}", template.language);
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
                bail!(
                    "{name} has a meaning in the {} of {} already; choose another name",
                    file.path,
                    template.language
                );
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
        // Not one after the other: the new name may hold the old one.
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

/// The example's README below what holds for every project.
fn readme(example: &str, name: &Name) -> String {
    format!(
        "# {name}\n\n\
         ```sh\n\
         funcserver serve --watch    # builds it and serves it on http://127.0.0.1:8080, and anew after each change\n\
         funcserver bundle           # builds it and makes function.zip for Lambda\n\
         ```\n\n\
         #{example}"
    )
}

/// A lock file with its packages by name, as cargo writes it: else its first look at the project would change it.
fn sorted(lock: &str) -> String {
    let mut packages: Vec<&str> = lock.trim_end().split("\n\n").collect();
    // The comment and the version are above all packages, as they hold no name.
    packages.sort_by_key(|package| package.lines().find(|line| line.starts_with("name = ")));
    packages.join("\n\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(language: &str, name: &str) -> Result<Vec<File>> {
        files(Template::of(language).unwrap(), &name.parse().unwrap())
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
            assert!(error.starts_with(&format!("{name} has a meaning in the ")), "{error}");
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
        let example = Template::of("rust").unwrap().files.iter().find(|file| file.path == "Cargo.lock").unwrap();
        assert_eq!(text(&made("rust", "example-rust").unwrap(), "Cargo.lock").as_bytes(), example.bytes);
    }
}
