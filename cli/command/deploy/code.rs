//! The code that is deployed: the project's, or a zip.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use funcserver_engine::Arch;
use funcserver_function::config::Variables;

use crate::archive::Archive;
use crate::args;
use crate::command::bundle::check_size;
use crate::command::verify::parts::Parts;
use crate::function::{BundledFunction, FunctionSource};
use crate::project::{FILE, Project};
use crate::size::{Size, UNZIPPED};
use crate::{input, output, zip};

/// Where a bundle would be: no asset of itself.
const OUTPUT: &str = "function.zip";

/// The largest zip that is read: one that is not compressed at all.
const ZIPPED: Size = Size(UNZIPPED.0 + (16 << 20));

/// A zip, and what is known of it.
pub(super) struct Code {
    pub(super) zip: Vec<u8>,
    pub(super) arch: Arch,
    /// The settings that the host reads, if there are any.
    pub(super) settings: Option<String>,
}

impl Code {
    pub(super) fn of(args: &args::Deploy, project: &Project, env: &Variables) -> Result<Code> {
        args.zip.as_deref().map_or_else(|| bundled(args, project, env), read)
    }
}

fn bundled(args: &args::Deploy, project: &Project, env: &Variables) -> Result<Code> {
    let source = FunctionSource {
        component: args.component.path.as_deref(),
        arch: args.arch.arch.or(project.config.deploy.arch),
        bootstrap: args.bootstrap.as_deref(),
        output: Path::new(OUTPUT),
    };
    let function = BundledFunction::make(&source, project, env, || Ok(()))?;
    let files = function.files();
    check_size(Size(files.iter().map(|file| file.bytes.len() as u64).sum()))?;
    let zip = zip::pack(&files).context("cannot make the zip")?;
    output::note(format_args!("{} -> a zip of {} for {}", function.origin, Size::of(&zip).mebibytes(), function.arch));
    Ok(Code { zip, arch: function.arch, settings: function.settings.clone() })
}

/// Reads a zip that `bundle` wrote. One that is damaged, or made by something else, is not deployed.
fn read(path: &Path) -> Result<Code> {
    let shown = path.display();
    let zip = input::read(path, ZIPPED).map_err(|error| anyhow!("cannot read {shown}: {error}"))?;
    let archive = Archive::read(&zip);
    let parts = Parts::of(&archive);
    let mut problems: Vec<String> = archive.damage.iter().map(ToString::to_string).collect();
    problems.extend(parts.problems());
    if !problems.is_empty() {
        bail!("{shown} is damaged, or its parts do not fit; make it again: funcserver bundle\n{}", problems.join("\n"));
    }
    let arch = parts.facts().and_then(|facts| facts.target.split('-').next()?.parse().ok());
    let arch = arch.with_context(|| format!("{shown} does not say for which architecture it is"))?;
    let settings = archive.file(FILE).map(|file| String::from_utf8_lossy(&file.bytes).into_owned());
    Ok(Code { zip, arch, settings })
}
