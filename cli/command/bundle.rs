//! `funcserver bundle`: writes the zip or the image that Lambda runs.

mod package;

use std::process::ExitCode;

use anyhow::{Result, bail};
use funcserver_engine::Target;
use funcserver_function::config::Variables;

use crate::args;
use crate::assets::{self, Asset};
use crate::bootstrap_file::BootstrapFile;
use crate::builder::Builder;
use crate::compiled::{self, Compiled};
use crate::component::Component;
use crate::function_file::{BOOTSTRAP, FunctionFile};
use crate::load_check;
use crate::output;
use crate::project::{FILE, Project};
use crate::root_certificates;

use package::Package;

pub(crate) fn run(args: &args::Bundle, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env)?;
    Builder::of(args.component.path.as_deref(), &project, env).map_or(Ok(()), |builder| builder.run())?;
    let component = Component::choose(args.component.path.as_deref(), &project)?;
    let origin = component.origin.clone();
    let package = Package::of(args);
    let arch = compiled::arch(args.arch.arch, &component);
    let bootstrap = BootstrapFile::find(args.bootstrap.as_deref(), arch, env)?;
    output::note(format_args!("the bootstrap is {}", bootstrap.origin));
    package.check(&project)?;
    project.assets()?;
    let target = Target::Lambda(arch);
    let compiled = Compiled::of(component, target, &project.config.component, env)?;

    let facts = compiled.facts.as_ref().map(|facts| facts.to_json()).transpose()?;
    let settings = project.carried()?;
    let mut assets =
        project.config.guest.assets.as_deref().map_or(Ok(Vec::new()), |folder| assets::read(folder, package.path()))?;
    let roots = project.config.network.ca.as_deref().map(root_certificates::read).transpose()?;
    // The file may be one of the assets.
    assets.extend(roots.filter(|roots| assets.iter().all(|asset| asset.name != roots.name)));
    let mut files =
        vec![FunctionFile::program(BOOTSTRAP, &bootstrap.bytes), FunctionFile::file("handler.cwasm", &compiled.bytes)];
    files.extend(facts.as_deref().map(|facts| FunctionFile::file("handler.cwasm.json", facts.as_bytes())));
    files.extend(settings.as_deref().map(|settings| FunctionFile::file(FILE, settings.as_bytes())));
    check_names(&files, &assets)?;
    files.extend(assets.iter().map(|asset| FunctionFile::file(&asset.name, &asset.bytes)));
    let written = package.write(&files, arch)?;
    output::note(format_args!("{origin} -> {} for {arch}", package.path().display()));
    written.print();
    if args.component.path.is_none() {
        load_check::tell_cost(&compiled, &origin, target, &project, env);
    }
    if args.json {
        output::json(&written.report(package.path(), arch, &bootstrap.origin))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks that no asset has the name of one of our own files.
fn check_names(own: &[FunctionFile<'_>], assets: &[Asset]) -> Result<()> {
    for asset in assets {
        let taken =
            |name: &str| asset.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some(FunctionFile { name, .. }) = own.iter().find(|file| taken(file.name)) {
            bail!(
                "guest.assets contains {}, but the function has its own file {name}; keep the assets in a folder with another name, \
                 as in assets = \"public\"",
                asset.name
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_told_with_both_files() {
        let own = [FunctionFile::file("bootstrap", b""), FunctionFile::file("funcserver.toml", b"")];
        let asset = |name: &str| [Asset { name: name.to_owned(), bytes: Vec::new() }];
        for (name, both) in [
            ("funcserver.toml", ["contains funcserver.toml", "its own file funcserver.toml"]),
            ("bootstrap/a.css", ["contains bootstrap/a.css", "its own file bootstrap"]),
        ] {
            let error = check_names(&own, &asset(name)).unwrap_err().to_string();
            assert!(both.iter().all(|part| error.contains(part)), "{error}");
        }
        for name in ["bootstraps/a", "public/bootstrap", "funcserver.toml.md"] {
            check_names(&own, &asset(name)).unwrap();
        }
    }
}
