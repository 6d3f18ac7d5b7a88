//! What the packages of a program have read while they were initialised, when its component was compiled: every instance
//! has these values.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use funcserver_engine::preinit::{Read, ReadKind};

use crate::component::ComponentSource;
use crate::output;

/// What the author can do.
const REMEDY: &str = "read them in main or later, or remove the import of funcserver.example/guest/preinit, so that packages \
                      are initialised in each instance";

/// Warns of the reads. `None` if they could not be seen.
///
/// # Errors
/// A variable that the settings grant was read: its value would be missing in every instance.
pub(crate) fn check(origin: &ComponentSource, reads: Option<&[Read]>, granted: &BTreeSet<String>) -> Result<()> {
    let Some(reads) = reads else {
        output::warn(format_args!(
            "{origin}: what its packages read while they are initialised cannot be seen, because the program has no table \
             of a known version of Go; whatever they read is the same in every instance"
        ));
        return Ok(());
    };
    let is_granted = |read: &&Read| matches!(&read.what, ReadKind::Variable(name) if granted.contains(name));
    let refused: Vec<_> =
        reads.iter().filter(is_granted).map(|read| format!("{} {}", place(read), verb(read))).collect();
    if !refused.is_empty() {
        bail!(
            "{origin}: {} while packages are initialised, which happens when the component is compiled: the variables that \
             [guest] grants are not there yet; {REMEDY}",
            refused.join(", ")
        );
    }
    let (modules, own): (Vec<_>, Vec<_>) =
        reads.iter().filter(|read| matters(read)).partition(|read| read.is_of_a_dependency);
    for read in &own {
        output::warn(format_args!("{origin}: {} {} while packages are initialised", place(read), verb(read)));
    }
    if !own.is_empty() {
        output::note(format_args!("every instance begins with these values; {REMEDY}"));
    }
    if !modules.is_empty() {
        let places: Vec<_> = modules.iter().map(|read| format!("{} {}", place(read), verb(read))).collect();
        output::warn(format_args!(
            "{origin}: modules that it uses keep values of their initialisation, which are the same in every instance: {}",
            places.join("; ")
        ));
    }
    Ok(())
}

/// Whether something is lost by a read of what is not granted.
fn matters(read: &Read) -> bool {
    match &read.what {
        // A module, such as gin with GIN_MODE, looks at variables that most programs do not set.
        ReadKind::Variable(_) | ReadKind::Environment => read.direct && !read.is_of_a_dependency,
        ReadKind::Clock | ReadKind::Random => true,
    }
}

fn place(Read { file, line, .. }: &Read) -> String {
    output::printable(&format!("{file}:{line}")).to_string()
}

fn verb(read: &Read) -> String {
    match &read.what {
        ReadKind::Variable(name) => format!("reads the variable {}", output::printable(name)),
        ReadKind::Environment => "reads the environment".to_owned(),
        ReadKind::Clock => "reads the clock".to_owned(),
        ReadKind::Random => "draws random numbers".to_owned(),
    }
}
