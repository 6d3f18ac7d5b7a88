//! A component as machine code, ready to load: from the cache, compiled now, or given as a `.cwasm`.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_engine::compile::{Optimization, SparseMemory};
use funcserver_engine::{Arch, Calls, FileKind, Precompiled, Target, WASMTIME_VERSION, World, compile};
use funcserver_function::artifact::Artifact;
use funcserver_function::config::{ComponentConfig, Env};
use funcserver_function::marker;

use crate::cache::{Cache, CachedComponent, sha256};
use crate::component::{Component, ComponentSource};
use crate::project::FILE;
use crate::{input, native, output, progress};

/// What a component is compiled for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) target: Target,
    pub(crate) optimization: Optimization,
}

/// A compiled component.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// Its path, for messages.
    pub(crate) path: PathBuf,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
    /// Its facts; a `.cwasm` may have none.
    pub(crate) facts: Option<Artifact>,
}

/// A component that this program compiled.
#[derive(Debug)]
pub(crate) struct Made {
    /// The component in the cache.
    pub(crate) cached: CachedComponent,
    /// When it was compiled.
    pub(crate) when: When,
}

/// When a component was compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Now; it took this long.
    Now(Duration),
    /// By an earlier call.
    Before,
}

impl Compiled {
    /// Compiles `component`, or checks that it was compiled for the target.
    pub(crate) fn of(
        component: Component,
        goal: impl Into<Goal>,
        config: &ComponentConfig,
        env: &dyn Env,
    ) -> Result<Compiled> {
        let goal = goal.into();
        match FileKind::of(&component.bytes) {
            FileKind::Precompiled(header) => Compiled::given(component, &header, goal.target, config, env),
            _ => Made::of(&component, goal, config, env).map(Compiled::from),
        }
    }

    fn given(
        component: Component,
        header: &Precompiled,
        target: Target,
        config: &ComponentConfig,
        env: &dyn Env,
    ) -> Result<Compiled> {
        let ComponentSource::File(path) = &component.origin else { bail!("{} is compiled already", component.origin) };
        let path = path.clone();
        let facts = verified(&path, &component.bytes)?;
        check_fit(&path, header, facts.as_ref(), target)?;
        if let Some(facts) = &facts {
            let world = World { imports: facts.imports.clone(), exports: facts.exports.clone() };
            let path = path.display();
            world.handler_with(config.missing_imports).map_err(|misfit| anyhow!("{path} cannot run here: {misfit}"))?;
        }
        Artifact::check_proposals(facts.as_ref(), &path, config)?;
        check_trust(&component, &path, facts.as_ref(), target, env)?;
        if target.triple() == Target::Host.triple() {
            // Only loading shows whether it was compiled with the same settings.
            native::check(&path, &component.bytes, facts.as_ref(), config.missing_imports)?;
        }
        Ok(Compiled { path, bytes: component.bytes, facts })
    }
}

impl From<Target> for Goal {
    /// A component for long use.
    fn from(target: Target) -> Goal {
        Goal { target, optimization: Optimization::Full }
    }
}

impl From<Made> for Compiled {
    fn from(made: Made) -> Compiled {
        let CachedComponent { path, bytes, facts } = made.cached;
        Compiled { path, bytes, facts: Some(facts) }
    }
}

impl Made {
    /// Compiles `component`, unless it is cached. It may use only the proposals that `config` allows.
    pub(crate) fn of(
        component: &Component,
        goal: impl Into<Goal>,
        config: &ComponentConfig,
        env: &dyn Env,
    ) -> Result<Made> {
        let goal = goal.into();
        let world = handler_world(component, config)?;
        let cache = Cache::open(env).context("cannot make a folder for compiled components")?;
        let source = component.key();
        if let Some(mut cached) = cache.get(&source, goal) {
            // The cached component may have come from a file with another name.
            cached.facts.name = component.name();
            config.allow(&component.origin, &cached.facts.proposals)?;
            return Ok(Made { cached, when: When::Before });
        }
        let begin = Instant::now();
        let doing = format!("compiling {} for {}", component.origin, goal.target.triple());
        let initialized = component.initialized()?;
        let used = proposals(&component.origin, &initialized)?;
        config.allow(&component.origin, &used)?;
        let bytes = progress::during(doing, || compile::compile_with(&initialized, goal.target, goal.optimization))
            .map_err(|error| anyhow!("{}: {error}", component.origin))?;
        if let Some(SparseMemory { range, data }) = compile::sparse_memory(&initialized) {
            output::warn(format_args!(
                "{}: its initial memory has only {} bytes of data in a range of {range}, too few to map the range: the data is \
                 copied into every instance, which costs time in each request; make the initialisation keep less data, or keep \
                 it closer together",
                component.origin, data
            ));
        }
        let when = When::Now(begin.elapsed());
        let facts = facts(component, source, (world, used, compile::calls(&initialized)), &bytes, goal.target);
        let cached = cache.put(bytes, facts, goal).context("cannot write the compiled component to the cache")?;
        Ok(Made { cached, when })
    }
}

/// The architecture to compile for: the requested one, else a compiled component's own, else this machine's, else
/// Lambda's default.
pub(crate) fn arch(asked: Option<Arch>, component: &Component) -> Arch {
    let own = match FileKind::of(&component.bytes) {
        FileKind::Precompiled(header) => header.arch.parse().ok(),
        _ => None,
    };
    asked.or(own).or_else(Arch::host).unwrap_or(Arch::X86_64)
}

/// The facts beside the compiled component at `path`, after checking its hash against them. If there are none, warns
/// that the hash could not be checked.
pub(crate) fn verified(path: &Path, bytes: &[u8]) -> Result<Option<Artifact>> {
    let beside = Artifact::path(path);
    if let Ok(metadata) = fs::metadata(&beside) {
        input::remember(&beside, &metadata);
    }
    let Some(facts) = Artifact::read(path)? else {
        output::warn(format_args!(
            "could not check the hash of {}: there is no {}; `funcserver build` writes both files",
            path.display(),
            beside.display()
        ));
        return Ok(None);
    };
    facts.check_length(path, bytes.len() as u64)?;
    facts.check_hash(path, &sha256(bytes))?;
    Ok(Some(facts))
}

/// Checks that the compiled component at `path` fits this program and `target`: by its header, and by its facts if
/// there are any.
pub(crate) fn check_fit(path: &Path, header: &Precompiled, facts: Option<&Artifact>, target: Target) -> Result<()> {
    let triple = target.triple();
    let shown = path.display();
    if !triple.starts_with(&format!("{}-", header.arch)) {
        let arch = if triple.starts_with("aarch64") { Arch::Arm64 } else { Arch::X86_64 };
        let found = header.arch;
        bail!(
            "{shown} was compiled for {found}, and {triple} is needed; compile it again: funcserver build --arch {arch}"
        );
    }
    if header.version.as_deref() != WASMTIME_VERSION.split('.').next() {
        let found = header.version.as_deref().unwrap_or("of an unknown version");
        bail!(
            "{shown} was compiled by wasmtime {found}, and this is wasmtime {WASMTIME_VERSION}; \
             compile it again: funcserver build"
        );
    }
    if let Some(facts) = facts {
        facts.check_versions(path)?;
        facts.check_target(path, &triple)?;
    }
    Ok(())
}

/// Checks that the compiled component at `path` may run. Machine code is not sandboxed, so either the command line must
/// name it, or the cache must show that this program compiled it. Its facts come with the file and are not trusted:
/// they only give the key of the cache.
pub(crate) fn check_trust(
    component: &Component,
    path: &Path,
    facts: Option<&Artifact>,
    target: Target,
    env: &dyn Env,
) -> Result<()> {
    let own = || {
        let cached = Cache::open(env).ok()?.get(&facts?.source_sha256, target.into())?;
        (cached.facts.sha256 == sha256(&component.bytes)).then_some(())
    };
    if component.named || own().is_some() {
        return Ok(());
    }
    let path = path.display();
    bail!(
        "{path} is machine code that this program did not compile, and only {FILE} or FUNCSERVER_COMPONENT names it: it would \
         run with all your permissions; if you trust its source, name it on the command line, as in funcserver serve {path}, \
         else let component.path name the .wasm"
    )
}

/// The world of a component, which must be a handler.
fn handler_world(component: &Component, config: &ComponentConfig) -> Result<World> {
    let origin = &component.origin;
    let world = compile::world(&component.bytes).map_err(|error| anyhow!("{origin}: {error}"))?;
    world.handler_with(config.missing_imports).map_err(|misfit| {
        let argument = match origin {
            ComponentSource::File(path) => format!(" {}", path.display()),
            ComponentSource::App(_) | ComponentSource::Example => String::new(),
        };
        anyhow!("{origin} cannot run as a handler: {misfit}; see: funcserver inspect{argument}")
    })?;
    Ok(world)
}

/// The names of the proposals that a component uses.
pub(crate) fn proposals(origin: &ComponentSource, bytes: &[u8]) -> Result<Vec<String>> {
    let used = compile::proposals(bytes).map_err(|error| anyhow!("{origin}: {error}"))?;
    Ok(used.into_iter().map(|proposal| proposal.name.to_owned()).collect())
}

fn facts(
    component: &Component,
    source: String,
    (world, proposals, calls): (World, Vec<String>, Calls),
    bytes: &[u8],
    target: Target,
) -> Artifact {
    Artifact {
        name: component.name(),
        sha256: sha256(bytes),
        length: bytes.len() as u64,
        source_sha256: source,
        source_length: component.source().len() as u64,
        missing_imports: world.missing_names(),
        exports: world.exports,
        imports: world.imports,
        proposals,
        calls: Some(calls.name().to_owned()),
        wasmtime: WASMTIME_VERSION.to_owned(),
        funcserver: marker::VERSION.to_owned(),
        target: target.triple(),
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            When::Now(time) => write!(f, "compiled in {:.2} s", time.as_secs_f64()),
            When::Before => f.write_str("compiled before"),
        }
    }
}
