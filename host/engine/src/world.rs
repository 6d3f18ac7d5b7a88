//! The world of a component: what it imports and exports, and whether that can run here.

use semver::Version;

use crate::config_store;

/// The interfaces of 0.2 that this host links, whatever their patch version: `wasi:http/proxy`, and the rest of `wasi:cli`
/// that standard libraries import.
pub(crate) const LINKED_0_2: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/outgoing-handler",
    "wasi:http/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/instance-network",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/network",
    "wasi:sockets/tcp",
    "wasi:sockets/tcp-create-socket",
    "wasi:sockets/udp",
    "wasi:sockets/udp-create-socket",
];

/// The same of 0.3: `wasi:http/service` and `wasi:cli`.
pub(crate) const LINKED_0_3: &[&str] = &[
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:cli/types",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/system-clock",
    "wasi:clocks/types",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:http/client",
    "wasi:http/types",
    "wasi:random/insecure",
    "wasi:random/insecure-seed",
    "wasi:random/random",
    "wasi:sockets/ip-name-lookup",
    "wasi:sockets/types",
];

/// The facts of the invocation (`wit/lambda.wit`).
pub(crate) const CONTEXT: &str = "funcserver:lambda/context";

/// The export that makes a component a handler of `wasi:http` 0.2.
const HANDLER_0_2: &str = "wasi:http/incoming-handler";
/// The same of `wasi:http` 0.3.
const HANDLER_0_3: &str = "wasi:http/handler";

/// What a component imports and exports: names of interfaces as they stand in it (`wasi:http/types@0.2.12`), or of
/// single functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// What the component needs.
    pub imports: Vec<String>,
    /// What the component offers.
    pub exports: Vec<String>,
}

/// The version of `wasi:http` that a handler speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandlerVersion {
    /// `wasi:http/incoming-handler@0.2.x`.
    P2,
    /// `wasi:http/handler@0.3.x`.
    P3,
}

/// Why a component cannot run here: one line a reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .reasons.join("; "))]
pub struct Misfit {
    /// Every reason found.
    pub reasons: Vec<String>,
}

impl World {
    /// The handler that the component exports, if this host can run it.
    ///
    /// # Errors
    /// Every reason for which it cannot.
    pub fn handler(&self) -> Result<HandlerVersion, Misfit> {
        let export = self.export();
        let mut reasons: Vec<String> = self.imports.iter().filter_map(|name| unmet_import(name)).collect();
        match export {
            Ok(version) if reasons.is_empty() => return Ok(version),
            Ok(_) => {}
            Err(reason) => reasons.insert(0, reason),
        }
        Err(Misfit { reasons })
    }

    /// Whether the component imports anything of WASI 0.3.
    pub(crate) fn needs_0_3(&self) -> bool {
        self.imports.iter().any(|import| Line::of(split(import).1.as_ref()) == Some(Line::V0_3))
    }

    /// 0.3 goes first where a component speaks both.
    fn export(&self) -> Result<HandlerVersion, String> {
        let handles = |name, line| {
            self.exports.iter().any(|export| {
                let (export, version) = split(export);
                export == name && Line::of(version.as_ref()) == Some(line)
            })
        };
        if handles(HANDLER_0_3, Line::V0_3) {
            return Ok(HandlerVersion::P3);
        }
        if handles(HANDLER_0_2, Line::V0_2) {
            return Ok(HandlerVersion::P2);
        }
        Err(self.no_handler())
    }

    fn no_handler(&self) -> String {
        let expected = format!("a handler exports `{HANDLER_0_2}@0.2.x` or `{HANDLER_0_3}@0.3.x`");
        let refused = self.exports.iter().find(|export| [HANDLER_0_2, HANDLER_0_3].contains(&split(export).0));
        match refused {
            Some(export) if is_candidate(export) => {
                format!(
                    "it exports `{export}`, a release candidate that no host of the release can run, but {expected}"
                )
            }
            Some(export) => format!("it exports `{export}`, but {expected}"),
            None if self.exports.is_empty() => format!("it exports nothing, but {expected}"),
            None => {
                let exports: Vec<_> = self.exports.iter().map(|name| format!("`{name}`")).collect();
                format!("it exports {}, but {expected}", exports.join(", "))
            }
        }
    }
}

/// A line of WASI's versions, within which all of them are compatible.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    V0_2,
    V0_3,
}

impl Line {
    /// Release candidates belong to none.
    fn of(version: Option<&Version>) -> Option<Self> {
        match version.filter(|version| version.major == 0 && version.pre.is_empty())?.minor {
            2 => Some(Self::V0_2),
            3 => Some(Self::V0_3),
            _ => None,
        }
    }
}

/// Why an import cannot be met, or nothing.
fn unmet_import(import: &str) -> Option<String> {
    let (name, version) = split(import);
    let met = match (name, Line::of(version.as_ref())) {
        _ if config_store::NAMES.contains(&import) => true,
        (name, _) if crate::block::is_offered(name) => true,
        (CONTEXT, _) => version.as_ref().is_some_and(|v| v.major == 0 && v.minor == 1 && v.pre.is_empty()),
        (name, Some(Line::V0_2)) => LINKED_0_2.contains(&name),
        (name, Some(Line::V0_3)) => LINKED_0_3.contains(&name),
        (_, None) => false,
    };
    if met {
        return None;
    }
    if let Some(drafts) = other_drafts(name) {
        return Some(format!("it imports `{import}`, but this host has {drafts}"));
    }
    let known = name == CONTEXT || LINKED_0_2.contains(&name) || LINKED_0_3.contains(&name);
    Some(match known {
        true if is_candidate(import) => {
            format!("it imports `{import}`, a release candidate that no host of the release has")
        }
        true => format!("it imports `{import}`, but this host has another version of `{name}`"),
        false => format!("it imports `{import}`, which this host does not have{}", closest(name)),
    })
}

/// The drafts of that interface that are linked.
fn other_drafts(name: &str) -> Option<String> {
    let drafts = config_store::NAMES.iter().filter(|draft| split(draft).0 == name);
    let drafts: Vec<_> = drafts.map(|draft| format!("`{draft}`")).collect();
    if drafts.is_empty() { None } else { Some(drafts.join(" and ")) }
}

/// The linked interface with the most similar name, if it is similar enough to be what was meant.
fn closest(name: &str) -> String {
    let all = LINKED_0_2.iter().chain(LINKED_0_3).chain([&CONTEXT]).copied();
    let all = all.chain(config_store::NAMES.iter().map(|name| split(name).0));
    let best = all
        .map(|known| (strsim::normalized_damerau_levenshtein(name, known), known))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((similarity, known)) if similarity > 0.6 => format!(" (the closest that it has is `{known}`)"),
        _ => String::new(),
    }
}

fn is_candidate(name: &str) -> bool {
    split(name).1.is_some_and(|version| !version.pre.is_empty())
}

/// `wasi:http/types@0.2.12` in its two parts.
fn split(name: &str) -> (&str, Option<Version>) {
    match name.split_once('@') {
        Some((name, version)) => (name, Version::parse(version).ok()),
        None => (name, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(imports: &[&str], exports: &[&str]) -> World {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        World { imports: own(imports), exports: own(exports) }
    }

    #[test]
    fn a_handler_with_known_imports_fits_whatever_its_patch_version() {
        let world = world(
            &["wasi:http/types@0.2.0", "wasi:cli/environment@0.2.12", "funcserver:lambda/context@0.1.0"],
            &["wasi:cli/run@0.2.6", "wasi:http/incoming-handler@0.2.9"],
        );
        assert_eq!(world.handler(), Ok(HandlerVersion::P2));
    }

    #[test]
    fn every_reason_is_named() {
        let misfit =
            world(&["acme:store/kv@1.0.0", "wasi:http/types@0.4.0"], &["wasi:cli/run@0.2.6"]).handler().unwrap_err();
        assert_eq!(misfit.reasons.len(), 3, "{misfit}");
        assert!(misfit.to_string().contains("wasi:cli/run@0.2.6"), "{misfit}");
        assert!(misfit.to_string().contains("acme:store/kv@1.0.0"), "{misfit}");
        assert!(misfit.to_string().contains("wasi:http/types@0.4.0"), "{misfit}");
    }

    #[test]
    fn release_candidates_are_refused_with_the_reason() {
        let misfit = world(&["wasi:http/types@0.3.0-rc-2026-01-01"], &["wasi:http/handler@0.3.0-rc-2026-01-01"])
            .handler()
            .unwrap_err();
        assert_eq!(misfit.reasons.len(), 2, "{misfit}");
        assert!(misfit.reasons.iter().all(|reason| reason.contains("release candidate")), "{misfit}");
    }

    #[test]
    fn the_newer_handler_goes_first() {
        let world = world(
            &["wasi:cli/environment@0.2.6", "wasi:http/types@0.3.0"],
            &["wasi:http/incoming-handler@0.2.9", "wasi:http/handler@0.3.1"],
        );
        assert_eq!(world.handler(), Ok(HandlerVersion::P3));
        assert!(world.needs_0_3());
    }

    #[test]
    fn an_unknown_import_is_compared_with_the_known_ones() {
        let misfit = world(&["wasi:http/type@0.2.3"], &["wasi:http/incoming-handler@0.2.3"]).handler().unwrap_err();
        assert!(misfit.to_string().contains("the closest that it has is `wasi:http/types`"), "{misfit}");
    }

    #[test]
    fn drafts_are_told_apart_by_their_whole_names() {
        let handler = &["wasi:http/incoming-handler@0.2.3"];
        for name in config_store::NAMES {
            assert_eq!(world(&[name], handler).handler(), Ok(HandlerVersion::P2), "{name}");
        }
        for name in ["wasi:config/store@0.2.0", "wasi:config/store@0.3.0-draft", "wasi:config/store"] {
            let misfit = world(&[name], handler).handler().unwrap_err();
            assert!(misfit.to_string().contains("has `wasi:config/store@0.2.0-rc.1` and"), "{misfit}");
        }
        assert!(world(&["funcserver:lambda/context@0.1.0-rc.1"], handler).handler().is_err());
    }

    #[test]
    fn an_interface_of_the_other_line_is_no_match() {
        let misfit = world(&["wasi:io/poll@0.3.0"], &["wasi:http/handler@0.3.0"]).handler().unwrap_err();
        assert!(misfit.to_string().contains("another version"), "{misfit}");
    }

    #[test]
    fn a_component_without_exports_is_told_what_to_export() {
        let misfit = world(&[], &[]).handler().unwrap_err();
        assert!(misfit.to_string().contains("exports nothing"), "{misfit}");
    }
}
