//! A function as a zip or an image holds it: made of the project, its component compiled.

use std::path::Path;

use anyhow::{Result, bail};
use funcserver_engine::{Arch, Target};
use funcserver_function::config::Variables;

use crate::assets::{self, Asset};
use crate::bootstrap_file::BootstrapFile;
use crate::builder::Builder;
use crate::compiled::{self, Compiled};
use crate::component::{Component, ComponentSource};
use crate::function_file::{BOOTSTRAP, FunctionFile};
use crate::output;
use crate::project::{FILE, Project};
use crate::root_certificates;

/// What a function is made of.
pub(crate) struct FunctionSource<'a> {
    /// The component, if the command line names it.
    pub(crate) component: Option<&'a Path>,
    pub(crate) arch: Option<Arch>,
    pub(crate) bootstrap: Option<&'a Path>,
    /// Where it will be written, so that it is none of its own assets.
    pub(crate) output: &'a Path,
}

/// The parts of a function.
#[derive(Debug)]
pub(crate) struct BundledFunction {
    pub(crate) arch: Arch,
    /// Where the component comes from.
    pub(crate) origin: ComponentSource,
    pub(crate) bootstrap: BootstrapFile,
    pub(crate) compiled: Compiled,
    /// The settings that the host reads, if there are any.
    pub(crate) settings: Option<String>,
    facts: Option<String>,
    assets: Vec<Asset>,
}

impl BundledFunction {
    /// Makes it. `check` is called before the slow work.
    ///
    /// # Errors
    /// The app cannot be built, the component cannot be compiled, a file is missing, or two have one name.
    pub(crate) fn make(
        source: &FunctionSource<'_>,
        project: &Project,
        env: &Variables,
        check: impl FnOnce() -> Result<()>,
    ) -> Result<BundledFunction> {
        Builder::of(source.component, project, env).map_or(Ok(()), |builder| builder.run())?;
        let component = Component::choose(source.component, project)?;
        let origin = component.origin.clone();
        let arch = compiled::arch(source.arch, &component);
        let bootstrap = BootstrapFile::find(source.bootstrap, arch, env)?;
        output::note(format_args!("the bootstrap is {}", bootstrap.origin));
        check()?;
        project.assets()?;
        let compiled = Compiled::of(component, Target::Lambda(arch), &project.config.component, env)?;
        let facts = compiled.facts.as_ref().map(|facts| facts.to_json()).transpose()?;
        let settings = project.carried()?;
        let assets = files_of(project, source.output)?;
        let function = BundledFunction { arch, origin, bootstrap, compiled, settings, facts, assets };
        check_names(&function.own_files(), &function.assets)?;
        Ok(function)
    }

    /// What it is compiled for.
    pub(crate) fn target(&self) -> Target {
        Target::Lambda(self.arch)
    }

    /// All its files.
    pub(crate) fn files(&self) -> Vec<FunctionFile<'_>> {
        let mut files = self.own_files();
        files.extend(self.assets.iter().map(|asset| FunctionFile::file(&asset.name, &asset.bytes)));
        files
    }

    fn own_files(&self) -> Vec<FunctionFile<'_>> {
        let mut files = vec![
            FunctionFile::program(BOOTSTRAP, &self.bootstrap.bytes),
            FunctionFile::file("handler.cwasm", &self.compiled.bytes),
        ];
        files.extend(self.facts.as_deref().map(|facts| FunctionFile::file("handler.cwasm.json", facts.as_bytes())));
        files.extend(self.settings.as_deref().map(|settings| FunctionFile::file(FILE, settings.as_bytes())));
        files
    }
}

/// The files of the project: its assets, and its root certificates.
fn files_of(project: &Project, output: &Path) -> Result<Vec<Asset>> {
    let assets = project.config.guest.assets.as_deref();
    let mut assets = assets.map_or(Ok(Vec::new()), |folder| assets::read(folder, output))?;
    let roots = project.config.network.ca.as_deref().map(root_certificates::read).transpose()?;
    // The file may be one of the assets.
    assets.extend(roots.filter(|roots| assets.iter().all(|asset| asset.name != roots.name)));
    Ok(assets)
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
