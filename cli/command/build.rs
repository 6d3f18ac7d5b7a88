//! `funcserver build`: compiles a component to machine code.

use std::process::ExitCode;

use anyhow::Result;
use funcserver_engine::Target;
use funcserver_function::artifact::Artifact;
use funcserver_function::config::Env;

use crate::args;
use crate::build_command::BuildCommand;
use crate::cache::CachedComponent;
use crate::compiled::{self, Made};
use crate::component::Component;
use crate::output;
use crate::output_file;
use crate::project::Project;
use crate::size::Size;

pub(crate) fn run(args: &args::Build, env: &dyn Env) -> Result<ExitCode> {
    let project = Project::read(env)?;
    BuildCommand::of(args.component.path.as_deref(), &project).map_or(Ok(()), |build| build.run())?;
    let component = Component::choose(args.component.path.as_deref(), &project)?;
    let path = &args.output;
    // No file can be written beside a pipe or a device.
    let beside = (!output_file::is_stream(path)).then(|| Artifact::path(path));
    output_file::check(path)?;
    beside.as_deref().map_or(Ok(()), output_file::check)?;
    project.assets()?;
    let arch = compiled::arch(args.arch.arch, &component);
    let Made { cached: CachedComponent { bytes, facts, .. }, when, .. } =
        Made::of(&component, Target::Lambda(arch), &project.config.component, env)?;

    output_file::write(path, &bytes)?;
    if let Some(beside) = beside {
        output_file::write(&beside, facts.to_json()?.as_bytes())?;
    }

    if args.json {
        output::json(&facts)?;
    }
    output::note(format_args!(
        "{} ({}) -> {} ({}) for {}, {when}",
        component.origin,
        Size::of(&component.bytes),
        path.display(),
        Size::of(&bytes),
        facts.target,
    ));
    Ok(ExitCode::SUCCESS)
}
