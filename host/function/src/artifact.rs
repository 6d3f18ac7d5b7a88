//! The facts beside a compiled component: `handler.cwasm.json` beside `handler.cwasm`.
//!
//! They name the source, the versions and the target of the compilation. The tool writes them and checks all of them,
//! including the hash. The bootstrap checks only facts that cost nothing to check. A component without facts also runs,
//! if its own header fits.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use funcserver_engine::Calls;
use serde::{Deserialize, Serialize};

use crate::config::{ComponentConfig, NotAllowed};
use crate::marker;

/// The longest file that is read, in bytes. The limit is needed because any file may be beside a component.
const LONGEST: u64 = 4 << 20;

/// The facts about one compiled component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// The source's file name without its ending, such as `router`.
    pub name: String,
    /// SHA-256 of the compiled component, in lower-case hexadecimal.
    pub sha256: String,
    /// Length of the compiled component in bytes.
    pub length: u64,
    /// SHA-256 of the component that was compiled, in lower-case hexadecimal.
    pub source_sha256: String,
    /// Length in bytes of the component that was compiled.
    pub source_length: u64,
    /// The interfaces that the component exports, such as `wasi:http/incoming-handler@0.2.12`.
    pub exports: Vec<String>,
    /// The interfaces that the component imports.
    pub imports: Vec<String>,
    /// The WebAssembly proposals that the component uses, such as `simd`.
    pub proposals: Vec<String>,
    /// The imports that this host does not have, which end the handler when it calls them. The component was compiled
    /// with `component.missing-imports = "trap"` if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_imports: Vec<String>,
    /// How the component calls and is called: `nested` or `concurrent`. Only an engine of the same kind can run it.
    /// Older facts do not say it: both kinds are tried then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<String>,
    /// The exact version of wasmtime that compiled it.
    pub wasmtime: String,
    /// The exact version of funcserver that compiled it.
    pub funcserver: String,
    /// The target triple that it was compiled for.
    pub target: String,
}

/// The reason why a compiled component does not fit its facts or this program.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// The file exists but cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file with the facts.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is not JSON, or lacks a fact.
    #[error("{} does not describe the compiled component: {source}; {}", path.display(), remedy(path))]
    Invalid {
        /// The file with the facts.
        path: PathBuf,
        /// The problem, and its position.
        source: serde_json::Error,
    },
    /// The component's length differs from its facts.
    #[error("{} has {actual} bytes, but {} says {stated}: it is damaged or from another build; {}",
        path.display(), facts(path).display(), remedy(path))]
    Length {
        /// The compiled component.
        path: PathBuf,
        /// Its length according to its facts, in bytes.
        stated: u64,
        /// Its length, in bytes.
        actual: u64,
    },
    /// The component's hash differs from its facts.
    #[error("{} has the SHA-256 {actual}, but {} says {stated}: it is damaged or from another build; {}",
        path.display(), facts(path).display(), remedy(path))]
    Hash {
        /// The compiled component.
        path: PathBuf,
        /// Its hash according to its facts.
        stated: String,
        /// Its hash.
        actual: String,
    },
    /// The component was compiled by another version.
    #[error("{} was compiled by {program} {stated}, and this is {program} {expected}; {}", path.display(), remedy(path))]
    Version {
        /// The compiled component.
        path: PathBuf,
        /// The program with the version: `funcserver` or `wasmtime`.
        program: &'static str,
        /// The version that compiled it.
        stated: String,
        /// The version that would run it.
        expected: String,
    },
    /// The component was compiled for another machine.
    #[error("{} was compiled for {stated}, and {expected} is needed; {}", path.display(), remedy_for(path, expected))]
    Target {
        /// The compiled component.
        path: PathBuf,
        /// The target triple that it was compiled for.
        stated: String,
        /// The target triple that is needed.
        expected: String,
    },
}

impl Artifact {
    /// The path of the facts of `component`: the same path with `.json` appended.
    pub fn path(component: &Path) -> PathBuf {
        facts(component)
    }

    /// Reads the facts beside `component`, or returns `None` if there is no such file.
    ///
    /// # Errors
    /// [`ArtifactError::Read`] and [`ArtifactError::Invalid`].
    pub fn read(component: &Path) -> Result<Option<Artifact>, ArtifactError> {
        let path = facts(component);
        let mut json = Vec::new();
        match File::open(&path).and_then(|file| file.take(LONGEST).read_to_end(&mut json)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ArtifactError::Read { path, source }),
        };
        serde_json::from_slice(&json).map(Some).map_err(|source| ArtifactError::Invalid { path, source })
    }

    /// The kind of engine that can run the component, if this version knows it.
    #[must_use]
    pub fn calls(&self) -> Option<Calls> {
        Calls::named(self.calls.as_deref()?)
    }

    /// The facts as readable JSON that ends in a line break. The same facts give the same bytes.
    ///
    /// # Errors
    /// These types cause none.
    pub fn to_json(&self) -> serde_json::Result<String> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }

    /// Checks that the compiled component at `path`, with these `facts`, uses only proposals that `config` allows.
    ///
    /// # Errors
    /// [`NotAllowed`].
    pub fn check_proposals(facts: Option<&Artifact>, path: &Path, config: &ComponentConfig) -> Result<(), NotAllowed> {
        match facts {
            Some(artifact) => config.allow(&path.display(), &artifact.proposals),
            None if config.proposals.is_some() => {
                Err(NotAllowed::Unknown { component: path.to_owned(), facts: Artifact::path(path) })
            }
            None => Ok(()),
        }
    }

    /// Checks the facts that cost nothing to check: that `component`, a file of `length` bytes, has the stated length,
    /// and was compiled by this program's versions for this program's target.
    ///
    /// # Errors
    /// [`ArtifactError::Length`], [`ArtifactError::Version`] and [`ArtifactError::Target`].
    pub fn check_cheap(&self, component: &Path, length: u64) -> Result<(), ArtifactError> {
        self.check_length(component, length)?;
        self.check_versions(component)?;
        self.check_target(component, marker::TARGET)
    }

    /// Checks that `component`, a file of `length` bytes, has the stated length.
    ///
    /// # Errors
    /// [`ArtifactError::Length`].
    pub fn check_length(&self, component: &Path, length: u64) -> Result<(), ArtifactError> {
        if self.length == length {
            return Ok(());
        }
        Err(ArtifactError::Length { path: component.to_owned(), stated: self.length, actual: length })
    }

    /// Checks that `component` was compiled by this program's versions, for any target.
    ///
    /// # Errors
    /// [`ArtifactError::Version`].
    pub fn check_versions(&self, component: &Path) -> Result<(), ArtifactError> {
        for (program, stated, expected) in [
            ("wasmtime", &self.wasmtime, funcserver_engine::WASMTIME_VERSION),
            ("funcserver", &self.funcserver, marker::VERSION),
        ] {
            if stated != expected {
                return Err(ArtifactError::Version {
                    path: component.to_owned(),
                    program,
                    stated: stated.clone(),
                    expected: expected.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Checks that `component` was compiled for the target triple `expected`.
    ///
    /// # Errors
    /// [`ArtifactError::Target`].
    pub fn check_target(&self, component: &Path, expected: &str) -> Result<(), ArtifactError> {
        if self.target == expected {
            return Ok(());
        }
        Err(ArtifactError::Target {
            path: component.to_owned(),
            stated: self.target.clone(),
            expected: expected.to_owned(),
        })
    }

    /// Checks that `component`, whose SHA-256 is `sha256` in lower-case hexadecimal, has the stated hash. The caller
    /// computes the hash, because this crate (and so the bootstrap) has no hash function.
    ///
    /// # Errors
    /// [`ArtifactError::Hash`].
    pub fn check_hash(&self, component: &Path, sha256: &str) -> Result<(), ArtifactError> {
        if self.sha256 == sha256 {
            return Ok(());
        }
        Err(ArtifactError::Hash { path: component.to_owned(), stated: self.sha256.clone(), actual: sha256.to_owned() })
    }
}

fn facts(component: &Path) -> PathBuf {
    let mut path = component.as_os_str().to_owned();
    path.push(".json");
    PathBuf::from(path)
}

fn remedy(path: &Path) -> String {
    let name = path.with_extension("").with_extension("");
    let name = name.file_name().unwrap_or_default().to_string_lossy();
    format!("compile it again: funcserver build {name}.wasm -o {name}.cwasm")
}

fn remedy_for(path: &Path, target: &str) -> String {
    match target.split('-').next() {
        Some("aarch64") => remedy(path) + " --arch arm64",
        Some("x86_64") => remedy(path) + " --arch x86_64",
        _ => remedy(path),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn artifact() -> Artifact {
        Artifact {
            name: "router".into(),
            sha256: "ab".repeat(32),
            length: 3,
            source_sha256: "cd".repeat(32),
            source_length: 2,
            exports: vec!["wasi:http/incoming-handler@0.2.12".into()],
            imports: vec!["wasi:http/types@0.2.12".into()],
            proposals: vec!["simd".into()],
            missing_imports: vec![],
            calls: Some("nested".into()),
            wasmtime: funcserver_engine::WASMTIME_VERSION.into(),
            funcserver: marker::VERSION.into(),
            target: marker::TARGET.into(),
        }
    }

    fn error(artifact: &Artifact) -> String {
        artifact.check_cheap(Path::new("t/router.cwasm"), 3).unwrap_err().to_string()
    }

    #[test]
    fn facts_survive_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("router.cwasm");
        assert_eq!(Artifact::read(&component).unwrap(), None);
        let path = Artifact::path(&component);
        assert_eq!(path.file_name().unwrap(), "router.cwasm.json");
        fs::write(path, artifact().to_json().unwrap()).unwrap();
        assert_eq!(Artifact::read(&component).unwrap(), Some(artifact()));
    }

    #[test]
    fn the_kind_of_engine_is_known_if_the_facts_name_one_that_exists() {
        assert_eq!(artifact().calls(), Some(Calls::Nested));
        for (stated, json) in [(None, ""), (Some("sideways".to_owned()), "sideways")] {
            let artifact = Artifact { calls: stated, ..artifact() };
            assert_eq!(artifact.calls(), None);
            let text = artifact.to_json().unwrap();
            assert_eq!(text.contains("calls"), !json.is_empty(), "{text}");
            assert_eq!(serde_json::from_str::<Artifact>(&text).unwrap(), artifact);
        }
    }

    #[test]
    fn a_broken_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("router.cwasm");
        for text in ["", "{", "[]", "{\"name\": \"router\"}"] {
            fs::write(Artifact::path(&component), text).unwrap();
            let error = Artifact::read(&component).unwrap_err().to_string();
            assert!(error.contains("router.cwasm.json") && error.contains("funcserver build router.wasm"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_an_endless_device_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let component = folder.path().join("router.cwasm");
        std::os::unix::fs::symlink("/dev/zero", Artifact::path(&component)).unwrap();
        assert!(matches!(Artifact::read(&component), Err(ArtifactError::Invalid { .. })));
    }

    #[test]
    fn facts_that_fit_pass() {
        artifact().check_cheap(Path::new("router.cwasm"), 3).unwrap();
        artifact().check_hash(Path::new("router.cwasm"), &"ab".repeat(32)).unwrap();
    }

    #[test]
    fn unknown_proposals_are_refused_only_if_a_list_is_set() {
        let path = Path::new("t/router.cwasm");
        let check = |facts: Option<&Artifact>, config: &ComponentConfig| {
            Artifact::check_proposals(facts, path, config).map_err(|error| error.to_string())
        };
        let any = ComponentConfig::default();
        let none = ComponentConfig { proposals: Some(vec![]), ..ComponentConfig::default() };
        assert_eq!(check(None, &any), Ok(()));
        assert_eq!(check(Some(&artifact()), &any), Ok(()));
        let error = check(Some(&artifact()), &none).unwrap_err();
        assert!(error.starts_with("t/router.cwasm uses \"simd\", which component.proposals does not allow"), "{error}");
        let error = check(None, &none).unwrap_err();
        assert!(error.contains("the proposals of t/router.cwasm are unknown without t/router.cwasm.json"), "{error}");
        assert_eq!(check(Some(&Artifact { proposals: vec![], ..artifact() }), &none), Ok(()));
    }

    #[test]
    fn each_misfit_names_both_sides_and_the_remedy() {
        let cases = [
            (Artifact { length: 4, ..artifact() }, "has 3 bytes, but t/router.cwasm.json says 4"),
            (
                Artifact { wasmtime: "47.0.1".into(), ..artifact() },
                "compiled by wasmtime 47.0.1, and this is wasmtime 48.",
            ),
            (
                Artifact { funcserver: "0.0.9".into(), ..artifact() },
                "compiled by funcserver 0.0.9, and this is funcserver",
            ),
            (
                Artifact { target: "riscv64gc-unknown-linux-gnu".into(), ..artifact() },
                "for riscv64gc-unknown-linux-gnu, and",
            ),
        ];
        for (artifact, expected) in cases {
            let error = error(&artifact);
            assert!(error.contains(expected), "{error}");
            assert!(error.contains("funcserver build router.wasm -o router.cwasm"), "{error}");
        }
        let error = artifact().check_hash(Path::new("router.cwasm"), "ef").unwrap_err().to_string();
        assert!(error.contains("SHA-256 ef, but router.cwasm.json says abab"), "{error}");
    }
}
