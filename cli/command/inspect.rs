//! `funcserver inspect`: shows what a component exports and imports, and whether it will run here.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use funcserver_engine::{FileKind, Misfit, MissingImports, MissingPackage, Precompiled, Target, World, compile};
use funcserver_function::artifact::Artifact;
use funcserver_function::config::{ComponentConfig, Env};
use serde::Serialize;

use crate::args;
use crate::compiled::{check_fit, check_trust, proposals, verified};
use crate::component::{Component, ComponentSource};
use crate::native;
use crate::output;
use crate::project::Project;
use crate::size::Size;

mod offsets;

/// The longest name that is shown, in bytes.
const LONGEST: usize = 300;
/// The most names of a kind that are listed for people.
const MOST: usize = 1000;
/// The longest sentence about a component's names, in bytes. It may list the interfaces of a package.
const LONGEST_SENTENCE: usize = 2000;

/// The description of a component, as `--json` prints it.
#[derive(Debug, Serialize)]
struct Report {
    /// The file, or that it is the example.
    component: String,
    /// Its length in bytes.
    length: u64,
    exports: Vec<String>,
    imports: Vec<String>,
    /// What this host does not have of the imports, by package.
    missing: Vec<MissingReport>,
    /// Whether it passes requests on to another handler, with which it has to be composed.
    middleware: bool,
    /// Each WASI package with its version, such as `wasi:http@0.2.12`.
    wasi: Vec<String>,
    /// The WebAssembly proposals that it uses, such as `simd`; null for a compiled one without facts.
    proposals: Option<Vec<String>>,
    /// The handler that would be called, if this host can run one.
    handler: Option<&'static str>,
    /// Whether it will run here.
    runs: bool,
    /// Why not.
    reasons: Vec<String>,
    /// More about a compiled component.
    compiled: Option<CompiledReport>,
    /// What would let it run, as the end of a sentence with the reasons.
    #[serde(skip)]
    remedy: &'static str,
}

/// The missing imports of a package.
#[derive(Debug, Serialize)]
struct MissingReport {
    /// The package with its version; null for imports that belong to none.
    package: Option<String>,
    /// The interfaces; without a package, the imports.
    interfaces: Vec<String>,
    /// What is missing and why.
    reason: String,
    /// Whether the component runs nevertheless, and ends when it calls one of their functions.
    traps: bool,
}

/// The description of a compiled component.
#[derive(Debug, Serialize)]
struct CompiledReport {
    /// The architecture in its header.
    arch: String,
    /// The version of wasmtime: the exact one if its facts have it, else the one in its header.
    wasmtime: Option<String>,
    /// The version of funcserver, if its facts have it.
    funcserver: Option<String>,
    /// Whether its hash is the one in its facts.
    hash_checked: bool,
}

pub(crate) fn run(args: &args::Inspect, env: &dyn Env) -> Result<ExitCode> {
    let project = Project::read(env)?;
    let component = Component::choose(args.component.path.as_deref(), &project)?;
    if !args.at.is_empty() {
        return offsets::run(&component, &args.at, args.json);
    }
    let mut report = Report::of(&component, &project.config.component, env)?;
    report.narrow(&component.origin, &project.config.component);
    if args.json {
        output::json(&report)?;
    } else {
        output::line(report.text())?;
    }
    if report.runs {
        return Ok(ExitCode::SUCCESS);
    }
    Err(anyhow!("{} will not run here: {}{}", report.component, report.reasons.join("; "), report.remedy))
}

impl Report {
    fn of(component: &Component, config: &ComponentConfig, env: &dyn Env) -> Result<Report> {
        match (FileKind::of(&component.bytes), &component.origin) {
            (FileKind::Precompiled(header), ComponentSource::File(path)) => {
                Report::compiled(component, &header, path, config, env)
            }
            _ => Report::source(component, config),
        }
    }

    fn source(component: &Component, config: &ComponentConfig) -> Result<Report> {
        let world = compile::world(&component.bytes).map_err(|error| anyhow!("{}: {error}", component.origin))?;
        let proposals = proposals(&component.origin, &component.bytes)?;
        Ok(Report::new(component, world, Some(proposals), config.missing_imports))
    }

    /// The facts of a compiled component have its world; without facts it has to be loaded.
    fn compiled(
        component: &Component,
        header: &Precompiled,
        path: &Path,
        config: &ComponentConfig,
        env: &dyn Env,
    ) -> Result<Report> {
        let facts = verified(path, &component.bytes)?;
        let mut reasons = Vec::new();
        reasons.extend(check_fit(path, header, facts.as_ref(), Target::Host).err().map(|error| error.to_string()));
        let world = match &facts {
            Some(facts) => World { imports: facts.imports.clone(), exports: facts.exports.clone() },
            None if reasons.is_empty() => {
                check_trust(component, path, None, Target::Host, env)?;
                // Whether its imports may be missing is judged below.
                native::check(path, &component.bytes, facts.as_ref(), MissingImports::Trap)?.world().clone()
            }
            None => return Err(anyhow!("{}", reasons.join("; "))),
        };
        let used = facts.as_ref().map(|facts| facts.proposals.clone());
        let mut report = Report::new(component, world, used, config.missing_imports);
        report.runs &= reasons.is_empty();
        report.reasons.extend(reasons);
        report.compiled = Some(CompiledReport {
            arch: header.arch.to_owned(),
            wasmtime: facts.as_ref().map(|facts| show(&facts.wasmtime)).or_else(|| header.version.as_deref().map(show)),
            funcserver: facts.as_ref().map(|facts| show(&facts.funcserver)),
            hash_checked: facts.is_some(),
        });
        Ok(report)
    }

    /// Marks it as not running if the settings do not allow the proposals that it uses.
    fn narrow(&mut self, origin: &ComponentSource, config: &ComponentConfig) {
        let not_allowed = match (&self.proposals, origin) {
            (None, ComponentSource::File(path)) => Artifact::check_proposals(None, path, config),
            (used, _) => config.allow(origin, used.as_deref().unwrap_or_default()),
        };
        if let Err(error) = not_allowed {
            self.runs = false;
            self.reasons.push(error.to_string());
        }
    }

    fn new(
        component: &Component,
        world: World,
        proposals: Option<Vec<String>>,
        missing_imports: MissingImports,
    ) -> Report {
        let handler = world.handler_with(missing_imports);
        let traps = missing_imports == MissingImports::Trap;
        let remedy = handler.as_ref().err().map(Misfit::remedy).unwrap_or_default();
        let reasons = handler.as_ref().err().map(|misfit| misfit.reasons.clone()).unwrap_or_default();
        Report {
            component: component.origin.to_string(),
            length: component.bytes.len() as u64,
            missing: world.missing().iter().map(|missing| MissingReport::of(missing, traps)).collect(),
            middleware: world.is_middleware(),
            wasi: shown(wasi(&world)),
            proposals,
            handler: handler.as_ref().ok().map(|version| version.interface()),
            runs: handler.is_ok(),
            reasons: reasons.iter().map(|reason| show_all(reason)).collect(),
            exports: shown(world.exports),
            imports: shown(world.imports),
            compiled: None,
            remedy,
        }
    }

    fn text(&self) -> String {
        let mut text = format!("{}: {}", self.component, Size(self.length));
        if let Some(compiled) = &self.compiled {
            text += &format!(
                ", compiled by wasmtime {} for {}, {}",
                compiled.wasmtime.as_deref().unwrap_or("of an unknown version"),
                compiled.arch,
                if compiled.hash_checked { "hash checked" } else { "hash not checked" }
            );
        }
        for (title, names) in [("exports", &self.exports), ("imports", &self.imports), ("wasi", &self.wasi)] {
            text += &listed(title, names);
        }
        text += &self.missing_text();
        text += &match &self.proposals {
            Some(proposals) => listed("proposals", proposals),
            None => "\nproposals: not known without its facts".to_owned(),
        };
        match self.handler.filter(|_| self.runs) {
            Some(handler) => text += &format!("\nruns here: yes, as {handler}"),
            None => text += "\nruns here: no",
        }
        text
    }

    /// The lines about missing imports, if there are any: one for each package.
    fn missing_text(&self) -> String {
        if self.missing.is_empty() {
            return String::new();
        }
        let title = if self.missing.iter().any(|missing| missing.traps) {
            "missing here (component.missing-imports is \"trap\": a call of them ends the handler)"
        } else {
            "missing here"
        };
        let lines: Vec<_> = self.missing.iter().map(MissingReport::text).collect();
        let mut text = listed(title, &lines);
        if self.middleware {
            let middleware = if self.component.ends_with(".wasm") { &self.component } else { "middleware.wasm" };
            text += &format!(
                "\nmiddleware: compose it with a handler: wac plug {middleware} --plug handler.wasm -o app.wasm"
            );
        }
        text
    }
}

impl MissingReport {
    fn of(missing: &MissingPackage, traps: bool) -> MissingReport {
        MissingReport {
            package: missing.package.as_deref().map(show),
            interfaces: missing.interfaces.iter().map(|name| show(name)).collect(),
            reason: show_all(&missing.reason),
            traps,
        }
    }

    /// `wasi:keyvalue@0.2.0-draft: atomics, store`.
    fn text(&self) -> String {
        let names = self.interfaces.join(", ");
        match &self.package {
            Some(package) => format!("{package}: {names}"),
            None => format!("without a package: {names}"),
        }
    }
}

fn listed(title: &str, names: &[String]) -> String {
    let mut text = format!("\n{title}:");
    for name in names.iter().take(MOST) {
        text += &format!("\n  {name}");
    }
    if let Some(more @ 1..) = names.len().checked_sub(MOST) {
        text += &format!("\n  … and {more} more");
    }
    if names.is_empty() {
        text += " none";
    }
    text
}

/// Names from a component are untrusted: each is shown on one line, and cut if it is too long.
fn shown(names: Vec<String>) -> Vec<String> {
    names.iter().map(|name| show(name)).collect()
}

/// A sentence with names from a component, on one line.
fn show_all(sentence: &str) -> String {
    let end = sentence.floor_char_boundary(LONGEST_SENTENCE);
    let cut = if end < sentence.len() { "…" } else { "" };
    output::printable(&sentence[..end]) + cut
}

fn show(name: &str) -> String {
    let end = name.floor_char_boundary(LONGEST);
    let cut = if end < name.len() { "…" } else { "" };
    output::printable(&name[..end]) + cut
}

/// The WASI packages of a world, each version once.
fn wasi(world: &World) -> Vec<String> {
    let names = world.imports.iter().chain(&world.exports);
    let packages: BTreeSet<String> = names.filter_map(|name| package(name)).collect();
    packages.into_iter().collect()
}

/// `wasi:http/types@0.2.12` without its interface: `wasi:http@0.2.12`.
fn package(interface: &str) -> Option<String> {
    let (package, rest) = interface.split_once('/')?;
    let version = rest.split_once('@').map(|(_, version)| format!("@{version}")).unwrap_or_default();
    package.starts_with("wasi:").then(|| format!("{package}{version}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_wasi_are_told_once() {
        let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let world = World {
            imports: own(&["wasi:http/types@0.2.12", "wasi:cli/stdout@0.2.6", "acme:kv/store@1.0.0", "run"]),
            exports: own(&["wasi:http/incoming-handler@0.2.12"]),
        };
        assert_eq!(wasi(&world), ["wasi:cli@0.2.6", "wasi:http@0.2.12"]);
    }
}
