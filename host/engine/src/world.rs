//! The world of a component: what it imports and exports, and whether that can run here.

use semver::Version;

/// The interfaces that this host links, whatever their patch version: `wasi:http/proxy` 0.2, the rest of `wasi:cli`
/// that standard libraries import, `wasi:config`, and the project's own context.
const LINKED: &[&str] = &[
    "funcserver:lambda/context",
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
    "wasi:config/store",
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

/// The export that makes a component a handler of `wasi:http` 0.2.
const HANDLER: &str = "wasi:http/incoming-handler";
/// The same of `wasi:http` 0.3.
const HANDLER_P3: &str = "wasi:http/handler";

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

    fn export(&self) -> Result<HandlerVersion, String> {
        let mut refused = None;
        for export in &self.exports {
            let (name, version) = split(export);
            match name {
                HANDLER if is_0_2(version.as_ref()) => return Ok(HandlerVersion::P2),
                HANDLER | HANDLER_P3 => refused = Some(export),
                _ => {}
            }
        }
        Err(match refused {
            Some(export) => format!("it exports `{export}`, but this host runs `{HANDLER}@0.2.x`"),
            None if self.exports.is_empty() => {
                format!("it exports nothing, but a handler exports `{HANDLER}@0.2.x`")
            }
            None => format!(
                "it exports {}, but a handler exports `{HANDLER}@0.2.x`",
                self.exports.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            ),
        })
    }
}

/// Why an import cannot be met, or nothing.
fn unmet_import(import: &str) -> Option<String> {
    let (name, version) = split(import);
    if !LINKED.contains(&name) {
        return Some(format!("it imports `{import}`, which this host does not have"));
    }
    let fits = match name.split(':').next() {
        Some("funcserver") => version.as_ref().is_some_and(|v| v.major == 0 && v.minor == 1),
        _ if name == "wasi:config/store" => true,
        _ => is_0_2(version.as_ref()),
    };
    (!fits).then(|| format!("it imports `{import}`, but this host has another version of `{name}`"))
}

fn is_0_2(version: Option<&Version>) -> bool {
    version.is_some_and(|v| v.major == 0 && v.minor == 2 && v.pre.is_empty())
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
            world(&["acme:store/kv@1.0.0", "wasi:http/types@0.3.0"], &["wasi:cli/run@0.2.6"]).handler().unwrap_err();
        assert_eq!(misfit.reasons.len(), 3, "{misfit}");
        assert!(misfit.to_string().contains("wasi:cli/run@0.2.6"), "{misfit}");
        assert!(misfit.to_string().contains("acme:store/kv@1.0.0"), "{misfit}");
        assert!(misfit.to_string().contains("wasi:http/types@0.3.0"), "{misfit}");
    }

    #[test]
    fn release_candidates_are_refused() {
        let misfit = world(&[], &["wasi:http/incoming-handler@0.2.0-rc-2023-12-05"]).handler().unwrap_err();
        assert!(misfit.to_string().contains("0.2.0-rc-2023-12-05"), "{misfit}");
    }

    #[test]
    fn a_component_without_exports_is_told_what_to_export() {
        let misfit = world(&[], &[]).handler().unwrap_err();
        assert!(misfit.to_string().contains("exports nothing"), "{misfit}");
    }
}
