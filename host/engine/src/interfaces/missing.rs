//! The imports of a component that this host does not have, by package, and why.

use std::collections::BTreeMap;

use super::{ImportName, Interface, Versions, all, interface};
use crate::world::{HANDLERS, MissingPackage};

/// Imports that this host does not have: one entry for each package, in the order of their names.
pub(crate) fn missing(mut imports: Vec<&String>, is_middleware: bool) -> Vec<MissingPackage> {
    let mut packages = BTreeMap::<String, BTreeMap<Kind, Vec<&str>>>::new();
    imports.sort();
    for import in imports {
        let name = ImportName::of(import);
        let (package, item) = name.split().unwrap_or_else(|| (String::new(), import));
        packages.entry(package).or_default().entry(Kind::of(&name, is_middleware)).or_default().push(item);
    }
    let one = |(package, kinds): (String, BTreeMap<Kind, Vec<&str>>)| {
        let reasons: Vec<_> = kinds.iter().map(|(kind, items)| kind.reason(&package, items)).collect();
        let mut interfaces: Vec<String> = kinds.into_values().flatten().map(ToOwned::to_owned).collect();
        interfaces.sort();
        let package = Some(package).filter(|package| !package.is_empty());
        MissingPackage { package, interfaces, reason: reasons.join("; ") }
    };
    packages.into_iter().map(one).collect()
}

/// Why imports of a package are missing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// The handler that middleware passes requests on to.
    Next,
    /// A release candidate of an interface that the host has.
    Candidate,
    /// Another version of an interface that the host has.
    Version,
    /// The host does not have it in any version.
    Unknown,
}

impl Kind {
    fn of(name: &ImportName<'_>, is_middleware: bool) -> Self {
        match interface(name.interface) {
            _ if is_middleware && HANDLERS.contains(&name.interface) => Self::Next,
            Some(known) if name.is_candidate() && !known.has_drafts() => Self::Candidate,
            Some(_) => Self::Version,
            // A package of which the host has only releases has other interfaces in a release candidate.
            None if name.is_candidate() && has_only_releases(package(name.interface)) => Self::Candidate,
            None => Self::Unknown,
        }
    }

    fn reason(self, package: &str, items: &[&str]) -> String {
        let imports = format!("it imports {}", listed(package, items));
        match self {
            Self::Next => format!(
                "it is middleware: {imports}, which it exports too, so that it stands in front of a handler; compose it \
                 with a handler, as in `wac plug middleware.wasm --plug handler.wasm -o app.wasm`"
            ),
            Self::Candidate => format!("{imports}, a release candidate, which this host does not support"),
            Self::Version => format!("{imports}, but this host has {}", had(package, items)),
            Self::Unknown => format!("{imports}, which this host does not have{}", closest(package, items)),
        }
    }
}

/// `acme:store/kv@1.0.0`, or "`cache` and `kv` of `acme:store@1.0.0`".
fn listed(package: &str, items: &[&str]) -> String {
    match items {
        [one] => format!("`{}`", full(package, one)),
        _ if package.is_empty() => quoted(items),
        _ => format!("{} of `{package}`", quoted(items)),
    }
}

/// The name of an interface of a package that may have a version.
fn full(package: &str, item: &str) -> String {
    match package.split_once('@') {
        Some((name, version)) => format!("{name}/{item}@{version}"),
        None if package.is_empty() => item.to_owned(),
        None => format!("{package}/{item}"),
    }
}

fn quoted(items: &[&str]) -> String {
    let quoted: Vec<_> = items.iter().map(|item| format!("`{item}`")).collect();
    match quoted.as_slice() {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        all => all.join(""),
    }
}

/// The versions that this host has of these interfaces.
fn had(package: &str, items: &[&str]) -> String {
    let package = package.split('@').next().unwrap_or_default();
    let mut versions: Vec<String> = Vec::new();
    for known in items.iter().filter_map(|item| interface(&format!("{package}/{item}"))) {
        // All versions include the drafts.
        let all = known.offers.iter().filter(|offer| matches!(offer.versions, Versions::AllOf(_))).count();
        let offers = known.offers.iter().filter(|offer| all == 0 || matches!(offer.versions, Versions::AllOf(_)));
        for version in offers.map(|offer| offer.versions.shown()) {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
    }
    let of = if items.len() == 1 { "it" } else { "them" };
    format!("{} of {of}", versions.join(" and "))
}

/// The interfaces of the same package with the most similar names, if they are similar enough.
fn closest(package: &str, items: &[&str]) -> String {
    let package = package.split('@').next().unwrap_or_default();
    let of = |item: &&str| {
        let name = format!("{package}/{item}");
        // An interface that is exported, and not imported, is no wrong spelling of another.
        let known = all().filter(|known| known.package() == package && !HANDLERS.contains(&name.as_str()));
        let known = known.map(|known| (similarity(item, known.name), known.name));
        known.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(similarity, _)| *similarity > 0.6).map(|(_, name)| name)
    };
    let mut names: Vec<_> = items.iter().filter_map(of).collect();
    names.dedup();
    if names.is_empty() { String::new() } else { format!(" (did you mean {}?)", quoted(&names)) }
}

fn similarity(item: &str, known: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(item, known.split('/').next_back().unwrap_or_default())
}

/// Whether this host has interfaces of the package, and none of them as a draft.
fn has_only_releases(name: &str) -> bool {
    let mut known = all().filter(|known| known.package() == name).peekable();
    known.peek().is_some() && known.all(|known| !known.has_drafts())
}

/// `wasi:http` of `wasi:http/types`.
fn package(interface: &str) -> &str {
    interface.split('/').next().unwrap_or_default()
}

impl Interface {
    fn package(&self) -> &'static str {
        package(self.name)
    }

    fn has_drafts(&self) -> bool {
        self.offers.iter().any(|offer| matches!(offer.versions, Versions::Draft(_) | Versions::AllOf(_)))
    }
}

impl Versions {
    /// The versions as an error writes them.
    fn shown(self) -> String {
        match self {
            Self::Minor(minor) | Self::AllOf(minor) => format!("0.{minor}"),
            Self::Draft(draft) => draft.to_owned(),
            Self::None => "the one without a version".to_owned(),
        }
    }
}
