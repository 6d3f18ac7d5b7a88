//! The parts of a function's zip, and whether they fit together.

use std::path::Path;

use funcserver_engine::{Arch, FileKind};
use funcserver_function::artifact::Artifact;
use funcserver_function::config::carried;
use funcserver_function::marker::Marker;

use crate::archive::{Archive, ArchivedFile};
use crate::bootstrap_file::architecture;
use crate::cache::sha256;
use crate::function_file::BOOTSTRAP;
use crate::project::FILE;

const COMPONENT: &str = "handler.cwasm";
const FACTS: &str = "handler.cwasm.json";

/// The parts that `bundle` puts into each zip, as far as they are there.
pub(in crate::command) struct Parts<'a> {
    bootstrap: Option<&'a ArchivedFile>,
    component: Option<&'a ArchivedFile>,
    /// The hash of the compiled component.
    hash: Option<String>,
    facts: Option<Result<Artifact, String>>,
    settings: Option<&'a ArchivedFile>,
    /// The files that are there and cannot be read, whose damage is a problem already.
    damaged: Vec<&'a str>,
}

impl<'a> Parts<'a> {
    pub(in crate::command) fn of(archive: &'a Archive) -> Parts<'a> {
        let component = archive.file(COMPONENT);
        let facts = archive.file(FACTS).map(|file| {
            serde_json::from_slice(&file.bytes)
                .map_err(|error| format!("{FACTS}: it does not describe a component: {error}"))
        });
        Parts {
            bootstrap: archive.file(BOOTSTRAP),
            component,
            hash: component.map(|file| sha256(&file.bytes)),
            facts,
            settings: archive.file(FILE),
            damaged: archive.damaged_files(),
        }
    }

    /// The facts about the component, if they can be read.
    pub(in crate::command) fn facts(&self) -> Option<&Artifact> {
        self.facts.as_ref()?.as_ref().ok()
    }

    pub(in crate::command) fn component_hash(&self) -> Option<&String> {
        self.hash.as_ref()
    }

    /// What is missing, is not what its name says, or does not fit another part.
    pub(in crate::command) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.missing());
        problems.extend(self.bootstrap.and_then(bootstrap_problem));
        problems.extend(self.component.and_then(component_problem));
        problems.extend(self.facts.as_ref().and_then(|facts| facts.clone().err()));
        problems.extend(self.facts_problem());
        problems.extend(self.version_problems());
        problems.extend(self.arch_problem());
        problems.extend(self.settings.and_then(settings_problem));
        problems
    }

    fn missing(&self) -> Vec<String> {
        let present = [
            (BOOTSTRAP, self.bootstrap.is_some()),
            (COMPONENT, self.component.is_some()),
            (FACTS, self.facts.is_some()),
        ];
        let missing = present.into_iter().filter(|(name, is_there)| !is_there && !self.damaged.contains(name));
        missing.map(|(name, _)| format!("{name}: the zip has none, and bundle puts one into each")).collect()
    }

    /// The length and the hash of the component.
    fn facts_problem(&self) -> Option<String> {
        let (facts, component, hash) = (self.facts()?, self.component?, self.hash.as_deref()?);
        let path = Path::new(COMPONENT);
        let length = facts.check_length(path, component.bytes.len() as u64);
        length.and_then(|()| facts.check_hash(path, hash)).err().map(|error| format!("{COMPONENT}: {error}"))
    }

    fn version_problems(&self) -> Vec<String> {
        let (Some(facts), Some(marker)) = (self.facts(), self.bootstrap.and_then(|file| Marker::find(&file.bytes)))
        else {
            return Vec::new();
        };
        let versions =
            [("funcserver", &facts.funcserver, marker.funcserver), ("wasmtime", &facts.wasmtime, marker.wasmtime)];
        let other = versions.into_iter().filter(|(_, of_component, of_bootstrap)| of_component != of_bootstrap);
        let told = other.map(|(program, of_component, of_bootstrap)| {
            format!(
                "{BOOTSTRAP}: it has {program} {of_bootstrap}, and {FACTS} says that {COMPONENT} was compiled by {program} \
                 {of_component}"
            )
        });
        told.collect()
    }

    fn arch_problem(&self) -> Option<String> {
        let facts = self.facts()?;
        let compiled = facts.target.split('-').next()?.parse::<Arch>().map(Arch::name).unwrap_or(&facts.target);
        let header = self.component.and_then(|file| precompiled_arch(&file.bytes));
        let bootstrap = self.bootstrap.and_then(|file| architecture(&file.bytes));
        let other = |name: &str, found: Option<String>| {
            let found = found.filter(|found| found != compiled)?;
            Some(format!("{name}: it is for {found}, and {FACTS} says that {COMPONENT} was compiled for {compiled}"))
        };
        other(COMPONENT, header).or_else(|| other(BOOTSTRAP, bootstrap))
    }
}

fn precompiled_arch(bytes: &[u8]) -> Option<String> {
    let FileKind::Precompiled(header) = FileKind::of(bytes) else { return None };
    Some(header.arch.parse::<Arch>().map_or(header.arch.to_owned(), |arch| arch.name().to_owned()))
}

fn bootstrap_problem(file: &ArchivedFile) -> Option<String> {
    if !file.executable {
        return Some(format!("{BOOTSTRAP}: it is not executable, so that Lambda cannot start it"));
    }
    Marker::find(&file.bytes).is_none().then(|| format!("{BOOTSTRAP}: it is not the bootstrap of funcserver"))
}

fn component_problem(file: &ArchivedFile) -> Option<String> {
    match FileKind::of(&file.bytes) {
        FileKind::Precompiled(_) => None,
        other => Some(format!("{COMPONENT}: it is {}, and not a compiled component", other.describe())),
    }
}

/// The settings are those that the host reads, and nothing else.
fn settings_problem(file: &ArchivedFile) -> Option<String> {
    let Ok(text) = std::str::from_utf8(&file.bytes) else { return Some(format!("{FILE}: it is not UTF-8")) };
    match carried(Path::new(FILE), text) {
        Ok(carried) if carried == text => None,
        Ok(_) => Some(format!("{FILE}: it has more than the settings that the host reads, which bundle leaves out")),
        Err(errors) => Some(errors.to_string()),
    }
}
