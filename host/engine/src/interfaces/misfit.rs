//! Explains why an import cannot be satisfied.

use super::{ImportName, Interface, Versions, all, interface, offer};

/// The reason why an import cannot be satisfied, or `None` if it can.
pub(crate) fn unmet(import: &str) -> Option<String> {
    if offer(import).is_some() {
        return None;
    }
    let name = ImportName::of(import);
    Some(match interface(name.interface) {
        Some(known) => match drafts(known) {
            Some(drafts) => format!("it imports `{import}`, but this host has {drafts}"),
            None if name.is_candidate() => {
                format!("it imports `{import}`, a release candidate, which this host does not support")
            }
            None => format!("it imports `{import}`, but this host has another version of `{}`", known.name),
        },
        None => format!("it imports `{import}`, which this host does not have{}", closest(name.interface)),
    })
}

/// The drafts of the interface that this host has.
fn drafts(interface: &Interface) -> Option<String> {
    let drafts = interface.offers.iter().filter_map(|offer| match offer.versions {
        Versions::Draft(draft) => Some(format!("`{}@{draft}`", interface.name)),
        Versions::Minor(_) => None,
        #[cfg(feature = "test-block")]
        Versions::None => None,
    });
    let drafts: Vec<_> = drafts.collect();
    if drafts.is_empty() { None } else { Some(drafts.join(" and ")) }
}

/// The interface with the most similar name, if it is similar enough.
fn closest(name: &str) -> String {
    let best = all()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known.name), known.name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((similarity, known)) if similarity > 0.6 => format!(" (did you mean `{known}`?)"),
        _ => String::new(),
    }
}
