//! `funcserver bundle`: writes the zip or the image that Lambda runs.

mod package;

use std::process::ExitCode;

use anyhow::Result;
use funcserver_function::config::Variables;

use crate::args;
use crate::function::{BundledFunction, FunctionSource};
use crate::load_check;
use crate::output;
use crate::project::Project;

use package::Package;
#[cfg(feature = "deploy")]
pub(super) use package::check_size;

pub(crate) fn run(args: &args::Bundle, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env)?;
    let package = Package::of(args);
    let source = FunctionSource {
        component: args.component.path.as_deref(),
        arch: args.arch.arch,
        bootstrap: args.bootstrap.as_deref(),
        output: package.path(),
    };
    let function = BundledFunction::make(&source, &project, env, || package.check(&project))?;
    let written = package.write(&function.files(), function.arch)?;
    output::note(format_args!("{} -> {} for {}", function.origin, package.path().display(), function.arch));
    written.print();
    if args.component.path.is_none() {
        load_check::tell_cost(&function.compiled, &function.origin, function.target(), &project, env);
    }
    if args.json {
        output::json(&written.report(package.path(), function.arch, &function.bootstrap.origin))?;
    }
    Ok(ExitCode::SUCCESS)
}
