//! `funcserver verify`: whether a function's zip is whole, and its parts fit together.

pub(super) mod parts;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_engine::{Arch, Target, WASMTIME_VERSION, compile};
use funcserver_function::artifact::Artifact;
use funcserver_function::config::Variables;
use funcserver_function::marker;
use serde::Serialize;

use crate::archive::Archive;
use crate::args;
use crate::cache::sha256;
use crate::component::Component;
use crate::project::Project;
use crate::size::{Size, UNZIPPED};
use crate::{input, output, progress};
use parts::Parts;

/// The largest zip that is read: one that is not compressed at all.
const ZIPPED: Size = Size(UNZIPPED.0 + (16 << 20));

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    file: &'a Path,
    sha256: String,
    files: Vec<FileReport<'a>>,
    /// Null if the zip has no facts that can be read.
    facts: Option<&'a Artifact>,
    /// Whether `--rebuild` gave the same bytes; null without it.
    rebuilt: Option<bool>,
    problems: &'a [String],
}

#[derive(Debug, Serialize)]
struct FileReport<'a> {
    name: &'a str,
    length: usize,
    sha256: String,
}

pub(crate) fn run(args: &args::Verify, env: &Variables) -> Result<ExitCode> {
    let path = &args.file;
    let shown = path.display();
    let zip = input::read(path, ZIPPED).map_err(|error| anyhow!("cannot read {shown}: {error}"))?;
    let archive = Archive::read(&zip);
    let mut problems: Vec<String> = archive.damage.iter().map(ToString::to_string).collect();
    let parts = Parts::of(&archive);
    problems.extend(parts.problems());
    let mut rebuilt = None;
    if let Some(component) = &args.rebuild {
        let difference = difference(component, &parts, env)?;
        rebuilt = Some(difference.is_none());
        problems.extend(difference);
    }
    if args.json {
        let files = archive.files.iter().map(|file| FileReport {
            name: &file.name,
            length: file.bytes.len(),
            sha256: sha256(&file.bytes),
        });
        let (files, facts) = (files.collect(), parts.facts());
        output::json(&Report { file: path, sha256: sha256(&zip), files, facts, rebuilt, problems: &problems })?;
    } else {
        for problem in &problems {
            output::line(format_args!("!! {problem}"))?;
        }
        if problems.is_empty() {
            output::line(format_args!("{shown} is whole: {}", summary(&archive, &parts)))?;
        }
    }
    if !problems.is_empty() {
        output::note(format_args!("{shown} is damaged, or its parts do not fit; make it again: funcserver bundle"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// What a whole zip has.
fn summary(archive: &Archive, parts: &Parts<'_>) -> String {
    let files = archive.files.len();
    let Some(facts) = parts.facts() else { return format!("{files} files") };
    format!(
        "{files} files; {} for {}, compiled by funcserver {} with wasmtime {}",
        facts.name, facts.target, facts.funcserver, facts.wasmtime
    )
}

/// How the compiled component differs from what this program makes of `path`, if it does.
fn difference(path: &Path, parts: &Parts<'_>, env: &Variables) -> Result<Option<String>> {
    let Some(facts) = parts.facts() else {
        bail!("--rebuild needs handler.cwasm.json in the zip, which says what to compile")
    };
    if (facts.funcserver.as_str(), facts.wasmtime.as_str()) != (marker::VERSION, WASMTIME_VERSION) {
        bail!(
            "handler.cwasm was compiled by funcserver {} with wasmtime {}, and this is funcserver {} with wasmtime \
             {WASMTIME_VERSION}: use that version for --rebuild",
            facts.funcserver,
            facts.wasmtime,
            marker::VERSION
        );
    }
    let project = Project::read(env)?;
    let component = Component::find(Some(path), &project)?;
    let (source, shown) = (component.key(), path.display());
    if source != facts.source_sha256 {
        return Ok(Some(format!(
            "handler.cwasm: it was compiled from a component with the SHA-256 {}, and {shown} has {source}: check out the \
             commit of the zip, and build the component again",
            facts.source_sha256
        )));
    }
    let arch = facts.target.split('-').next().and_then(|arch| arch.parse::<Arch>().ok());
    let arch = arch.with_context(|| format!("handler.cwasm.json names the unknown target {}", facts.target))?;
    let target = Target::Lambda(arch);
    let initialized = component.initialized()?;
    let doing = format!("compiling {shown} for {}", target.triple());
    let compiled = progress::during(doing, || compile::compile(&initialized, target));
    let hash = sha256(&compiled.map_err(|error| anyhow!("{shown}: {error}"))?);
    Ok((parts.component_hash() != Some(&hash)).then(|| {
        format!("handler.cwasm: it is not what this program compiles of {shown}, which has the SHA-256 {hash}")
    }))
}
