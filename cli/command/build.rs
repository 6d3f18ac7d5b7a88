//! `funcserver build`: compiles a component to machine code.

use std::process::ExitCode;

use anyhow::Result;
use funcserver_engine::Target;
use funcserver_function::artifact::Artifact;
use funcserver_function::config::Variables;

use crate::args;
use crate::builder::Builder;
use crate::cache::CachedComponent;
use crate::compiled::{self, Compiled, Made};
use crate::component::Component;
use crate::load_check;
use crate::output;
use crate::output_file;
use crate::project::Project;
use crate::size::Size;

pub(crate) fn run(args: &args::Build, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env)?;
    Builder::of(args.component.path.as_deref(), &project, env).map_or(Ok(()), |builder| builder.run())?;
    let component = Component::choose(args.component.path.as_deref(), &project)?;
    let path = &args.output;
    // No file can be written beside a pipe or a device.
    let beside = (!output_file::is_stream(path)).then(|| Artifact::path(path));
    output_file::check(path)?;
    beside.as_deref().map_or(Ok(()), output_file::check)?;
    project.assets()?;
    let arch = compiled::arch(args.arch.arch, &component);
    let target = Target::Lambda(arch);
    let Made { cached: CachedComponent { path: cached, bytes, facts }, when } =
        Made::of(&component, target, &project.config.component, env)?;

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
    if args.component.path.is_none() {
        let compiled = Compiled { path: cached, bytes, facts: Some(facts) };
        load_check::tell_cost(&compiled, &component.origin, target, &project, env);
    }
    Ok(ExitCode::SUCCESS)
}
