//! The packages that a project says it needs.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use toml::de::{DeTable, DeValue};

use crate::cache::sha256;
use crate::input;

const REQUIREMENTS: &str = "requirements.txt";
const PYPROJECT: &str = "pyproject.toml";

/// The packages to install.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Requirements {
    /// The file that lists them, if there is one.
    pub(super) file: Option<&'static str>,
    /// The arguments of `pip install`.
    pub(super) arguments: Vec<String>,
    /// A hash of everything that decides what is installed.
    pub(super) stamp: String,
}

impl Requirements {
    /// Those of the project in `folder`: `requirements.txt`, else the dependencies of `pyproject.toml`, else none.
    ///
    /// # Errors
    /// A file cannot be read, or has another form.
    pub(super) fn of(folder: &Path) -> Result<Requirements> {
        if let Some(text) = read(&folder.join(REQUIREMENTS))? {
            let mut stamp = text.clone();
            for file in included(&text) {
                stamp += &read(&folder.join(&file))?.unwrap_or_default();
            }
            let arguments = vec!["-r".to_owned(), REQUIREMENTS.to_owned()];
            return Ok(Requirements { file: Some(REQUIREMENTS), arguments, stamp: sha256(stamp.as_bytes()) });
        }
        if let Some(text) = read(&folder.join(PYPROJECT))? {
            let arguments = dependencies(&text)?;
            let stamp = sha256(arguments.join("\n").as_bytes());
            return Ok(Requirements { file: Some(PYPROJECT), arguments, stamp });
        }
        Ok(Requirements { file: None, arguments: Vec::new(), stamp: sha256(b"") })
    }
}

fn read(path: &Path) -> Result<Option<String>> {
    match input::read(path, input::SETTINGS) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(anyhow!("cannot read {}: {error}", path.display())),
    }
}

/// The files that lines such as `-r base.txt` and `-c constraints.txt` name.
fn included(text: &str) -> Vec<PathBuf> {
    let file = |line: &str| {
        let (option, file) = line.trim().split_once([' ', '='])?;
        matches!(option, "-r" | "-c" | "--requirement" | "--constraint").then(|| PathBuf::from(file.trim()))
    };
    text.lines().filter_map(file).collect()
}

/// `project.dependencies`.
fn dependencies(text: &str) -> Result<Vec<String>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if let Some(error) = errors.first() {
        bail!("{PYPROJECT} is not valid TOML: {}", error.message().replace('\n', ", "));
    }
    let list = table.get_ref().get("project").and_then(|project| project.get_ref().get("dependencies"));
    let list = match list.map(|list| list.get_ref()) {
        Some(DeValue::Array(list)) => list,
        None if is_static(table.get_ref()) => return Ok(Vec::new()),
        _ => bail!(
            "{PYPROJECT} has no list project.dependencies to install from; make a virtual environment with your own \
             tool in .venv, or list the packages in {REQUIREMENTS}"
        ),
    };
    list.iter()
        .map(|one| one.get_ref().as_str().map(str::to_owned))
        .collect::<Option<_>>()
        .ok_or_else(|| anyhow!("{PYPROJECT}: project.dependencies is not a list of texts"))
}

/// Whether a project without dependencies has none: it names itself, and no tool of its own lists them elsewhere.
fn is_static(table: &DeTable<'_>) -> bool {
    let project = table.get("project").map(|project| project.get_ref());
    let dynamic = project.and_then(|project| project.get("dynamic"));
    project.is_some() && dynamic.is_none()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn of(files: &[(&str, &str)]) -> Result<Requirements> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Requirements::of(folder.path())
    }

    #[test]
    fn the_list_is_that_of_one_file() {
        let project = ("pyproject.toml", "[project]\nname = 'a'\ndependencies = ['flask>=3', 'jinja2']\n");
        let list = of(&[project]).unwrap();
        assert_eq!((list.file, list.arguments), (Some("pyproject.toml"), vec!["flask>=3".into(), "jinja2".into()]));
        let list = of(&[project, ("requirements.txt", "flask\n")]).unwrap();
        assert_eq!(
            (list.file, list.arguments),
            (Some("requirements.txt"), vec!["-r".into(), "requirements.txt".into()])
        );
        assert_eq!(of(&[]).unwrap().file, None);
        assert!(of(&[("pyproject.toml", "[project]\nname = 'a'\n")]).unwrap().arguments.is_empty());
    }

    #[test]
    fn the_stamp_changes_with_the_list_and_what_it_includes() {
        let stamp = |files: &[(&str, &str)]| of(files).unwrap().stamp;
        let list = ("requirements.txt", "-r base.txt\n--constraint=pins.txt\nflask\n");
        let plain = stamp(&[list]);
        assert_eq!(plain, stamp(&[list, ("README.md", "")]));
        for other in [("base.txt", "jinja2"), ("pins.txt", "flask==3")] {
            assert_ne!(plain, stamp(&[list, other]), "{other:?}");
        }
        assert_ne!(plain, stamp(&[("requirements.txt", "flask\n")]));
    }

    #[test]
    fn a_project_that_another_tool_installs_is_named() {
        for (text, part) in [
            ("[tool.poetry.dependencies]\nflask = '3'\n", "project.dependencies to install from"),
            ("[project]\ndynamic = ['dependencies']\n", "project.dependencies to install from"),
            ("[project]\ndependencies = 'flask'\n", "project.dependencies to install from"),
            ("[project]\ndependencies = [1]\n", "not a list of texts"),
            ("[project\n", "not valid TOML"),
        ] {
            let error = of(&[("pyproject.toml", text)]).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
