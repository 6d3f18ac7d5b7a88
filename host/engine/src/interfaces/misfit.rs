//! Why an import cannot be met, in words that say what would be.

use super::{ImportName, Interface, Versions, all, interface, offer};

/// Why an import cannot be met, or nothing.
pub(crate) fn unmet(import: &str) -> Option<String> {
    if offer(import).is_some() {
        return None;
    }
    let name = ImportName::of(import);
    Some(match interface(name.interface) {
        Some(known) => match drafts(known) {
            Some(drafts) => format!("it imports `{import}`, but this host has {drafts}"),
            None if name.is_candidate() => {
                format!("it imports `{import}`, a release candidate that no host of the release has")
            }
            None => format!("it imports `{import}`, but this host has another version of `{}`", known.name),
        },
        None => format!("it imports `{import}`, which this host does not have{}", closest(name.interface)),
    })
}

/// The drafts of that interface that are offered.
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

/// The interface with the most similar name, if it is similar enough to be what was meant.
fn closest(name: &str) -> String {
    let best = all()
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known.name), known.name))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((similarity, known)) if similarity > 0.6 => format!(" (the closest that it has is `{known}`)"),
        _ => String::new(),
    }
}
