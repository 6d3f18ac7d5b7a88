//! `funcserver bundle`: writes the zip that Lambda runs.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use funcserver_engine::Target;
use funcserver_function::config::Variables;
use serde::Serialize;

use crate::args;
use crate::assets::{self, Asset};
use crate::bootstrap_file::{BootstrapFile, BootstrapOrigin};
use crate::builder::Builder;
use crate::cache::sha256;
use crate::compiled::{self, Compiled};
use crate::component::Component;
use crate::load_check;
use crate::output;
use crate::output_file;
use crate::project::{FILE, Project};
use crate::root_certificates;
use crate::size::{Size, UNZIPPED};
use crate::zip::{self, BOOTSTRAP, ZipEntry};

/// The largest zip that can be uploaded directly (Lambda developer guide, "Lambda quotas").
const DIRECT: Size = Size(50 << 20);

/// The output of `--json`.
#[derive(Debug, Serialize)]
struct Report<'a> {
    file: &'a Path,
    sha256: String,
    arch: &'a str,
    /// Null if the tool carries it.
    bootstrap: &'a BootstrapOrigin,
    zipped: usize,
    unzipped: u64,
}

pub(crate) fn run(args: &args::Bundle, env: &Variables) -> Result<ExitCode> {
    let project = Project::read(env)?;
    Builder::of(args.component.path.as_deref(), &project, env).map_or(Ok(()), |builder| builder.run())?;
    let component = Component::choose(args.component.path.as_deref(), &project)?;
    let origin = component.origin.clone();
    let path = &args.output;
    let arch = compiled::arch(args.arch.arch, &component);
    let bootstrap = BootstrapFile::find(args.bootstrap.as_deref(), arch, env)?;
    output::note(format_args!("the bootstrap is {}", bootstrap.origin));
    output_file::check(path)?;
    project.assets()?;
    let target = Target::Lambda(arch);
    let compiled = Compiled::of(component, target, &project.config.component, env)?;

    let facts = compiled.facts.as_ref().map(|facts| facts.to_json()).transpose()?;
    let settings = project.carried()?;
    let mut assets =
        project.config.guest.assets.as_deref().map_or(Ok(Vec::new()), |folder| assets::read(folder, path))?;
    let roots = project.config.network.ca.as_deref().map(root_certificates::read).transpose()?;
    // The file may be one of the assets.
    assets.extend(roots.filter(|roots| assets.iter().all(|asset| asset.name != roots.name)));
    let mut entries =
        vec![ZipEntry::program(BOOTSTRAP, &bootstrap.bytes), ZipEntry::file("handler.cwasm", &compiled.bytes)];
    entries.extend(facts.as_deref().map(|facts| ZipEntry::file("handler.cwasm.json", facts.as_bytes())));
    entries.extend(settings.as_deref().map(|settings| ZipEntry::file(FILE, settings.as_bytes())));
    check_names(&entries, &assets)?;
    entries.extend(assets.iter().map(|asset| ZipEntry::file(&asset.name, &asset.bytes)));
    let unzipped = Size(entries.iter().map(|entry| entry.bytes.len() as u64).sum());
    check_unzipped(unzipped)?;
    let zip = zip::pack(&entries).context("cannot make the zip")?;

    output_file::write(path, &zip)?;
    output::note(format_args!("{origin} -> {} for {arch}", path.display()));
    print_sizes(Size::of(&zip), unzipped);
    if args.component.path.is_none() {
        load_check::tell_cost(&compiled, &origin, target, &project, env);
    }
    if args.json {
        output::json(&Report {
            file: path,
            sha256: sha256(&zip),
            arch: arch.name(),
            bootstrap: &bootstrap.origin,
            zipped: zip.len(),
            unzipped: unzipped.0,
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks that no asset has the name of one of our own files.
fn check_names(own: &[ZipEntry<'_>], assets: &[Asset]) -> Result<()> {
    for asset in assets {
        let taken =
            |name: &str| asset.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        if let Some(ZipEntry { name, .. }) = own.iter().find(|entry| taken(entry.name)) {
            bail!(
                "guest.assets contains {}, but the zip has its own file {name}; keep the assets in a folder with another name, \
                 as in assets = \"public\"",
                asset.name
            );
        }
    }
    Ok(())
}

fn print_sizes(zipped: Size, unzipped: Size) {
    output::note(format_args!(
        "{} zipped of {} for a direct upload, {} unzipped of {}",
        zipped.mebibytes(),
        DIRECT.mebibytes(),
        unzipped.mebibytes(),
        UNZIPPED.mebibytes()
    ));
    if zipped > DIRECT {
        output::warn("it is too large for a direct upload: deploy it through S3");
    }
}

fn check_unzipped(size: Size) -> Result<()> {
    if size > UNZIPPED {
        bail!(
            "the function has {} unzipped, but Lambda takes at most {}; make the component smaller",
            size.mebibytes(),
            UNZIPPED.mebibytes()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_is_told_with_both_files() {
        let own = [ZipEntry::file("bootstrap", b""), ZipEntry::file("funcserver.toml", b"")];
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

    #[test]
    fn what_lambda_does_not_unpack_is_refused() {
        check_unzipped(UNZIPPED).unwrap();
        let error = check_unzipped(Size(UNZIPPED.0 * 2)).unwrap_err().to_string();
        assert!(error.contains("500.0 MiB unzipped, but Lambda takes at most 250.0 MiB"), "{error}");
    }
}
