//! The list of contenders in `bench/contenders.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};

const LIST: &str = include_str!("../../contenders.toml");

/// A way to answer the load balancer's events.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Contender {
    /// Its name on the command line and in the targets.
    pub(crate) name: String,
    /// Its title in the table.
    pub(crate) title: String,
    /// Its versions and release settings.
    pub(crate) made: String,
    #[serde(default, skip_serializing)]
    stage: Option<String>,
    /// The script below `bench/contenders/` that fills its folder, and the script's further arguments.
    #[serde(skip_serializing)]
    pub(crate) build: Vec<String>,
    /// The command that is started in its folder. `{port}` is replaced by a free port.
    pub(crate) command: Vec<String>,
    /// The extensions that start before it.
    #[serde(default)]
    pub(crate) extensions: Vec<String>,
    /// The variable that is set to a free port.
    #[serde(default)]
    pub(crate) port: Option<String>,
    /// Its environment.
    #[serde(default)]
    pub(crate) variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct List {
    contender: Vec<Contender>,
}

impl Contender {
    /// The contenders with these names in the order of the list, or all of them.
    ///
    /// # Errors
    /// A name is unknown.
    pub(crate) fn list(only: &[String]) -> Result<Vec<Contender>> {
        let mut all = toml::from_str::<List>(LIST).context("bench/contenders.toml")?.contender;
        if let Some(unknown) = only.iter().find(|name| all.iter().all(|contender| contender.name != **name)) {
            let names: Vec<_> = all.iter().map(|contender| contender.name.as_str()).collect();
            bail!("no such contender: {unknown} ({})", names.join(" "));
        }
        all.retain(|contender| only.is_empty() || only.contains(&contender.name));
        Ok(all)
    }

    /// An unpacked zip of funcserver in the folder itself, with `reuse` requests for each instance.
    pub(crate) fn bootstrap(emulator: Option<&Path>, reuse: &str) -> Contender {
        let emulator = emulator.map(|path| path.display().to_string());
        Contender {
            name: "funcserver".into(),
            title: "funcserver".into(),
            made: String::new(),
            stage: Some(".".into()),
            build: Vec::new(),
            command: emulator.into_iter().chain(["bootstrap".into()]).collect(),
            extensions: Vec::new(),
            port: None,
            variables: BTreeMap::from([("FUNCSERVER_GUEST_REUSE".into(), reuse.into())]),
        }
    }

    /// The name of its folder.
    pub(crate) fn folder(&self) -> &str {
        self.stage.as_deref().unwrap_or(&self.name)
    }

    /// The reason why it could not be built. Its build script writes it to a file.
    pub(crate) fn not_built(&self, stage: &Path) -> Option<String> {
        if let Ok(reason) = std::fs::read_to_string(stage.join(format!("{}.failed", self.folder()))) {
            return Some(format!("not built: {}", reason.trim()));
        }
        let folder = stage.join(self.folder());
        (!folder.is_dir()).then(|| format!("not built: no folder {}", folder.display()))
    }

    /// The note of its build script.
    pub(crate) fn note(&self, stage: &Path) -> Option<String> {
        let note = std::fs::read_to_string(stage.join(format!("{}.note", self.folder()))).ok()?;
        Some(note.trim().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_contender_has_a_unique_name_and_a_script() {
        let all = Contender::list(&[]).unwrap();
        let names: HashSet<_> = all.iter().map(|contender| &contender.name).collect();
        assert_eq!(names.len(), all.len());
        for contender in &all {
            let script = format!("{}/../contenders/{}/build", env!("CARGO_MANIFEST_DIR"), contender.build[0]);
            assert!(Path::new(&script).is_file(), "{script}");
        }
    }

    #[test]
    fn the_error_for_an_unknown_name_lists_the_known_ones() {
        let error = Contender::list(&["cobol".into()]).unwrap_err().to_string();
        assert!(error.starts_with("no such contender: cobol (rust-lambda-http "), "{error}");
    }

    #[test]
    fn a_failed_build_has_its_reason() {
        let stage = tempfile::tempdir().unwrap();
        let [go] = Contender::list(&["go".into()]).unwrap().try_into().unwrap();
        assert!(go.not_built(stage.path()).unwrap().contains("no folder"));
        std::fs::create_dir(stage.path().join("go")).unwrap();
        assert_eq!(go.not_built(stage.path()), None);
        std::fs::write(stage.path().join("go.failed"), "no go\n").unwrap();
        assert_eq!(go.not_built(stage.path()).unwrap(), "not built: no go");
    }
}
