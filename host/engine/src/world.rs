//! The world of a component: its imports and exports, and whether this host can run it.

use std::iter;

use crate::interfaces::{self, ImportName};

/// The interfaces of handlers, without versions. Hosts import them from a component; a component that imports one itself
/// passes requests on to another.
pub(crate) const HANDLERS: [&str; 2] = [HANDLER_0_2, HANDLER_0_3];

/// The export that makes a component a handler of `wasi:http` 0.2.
const HANDLER_0_2: &str = "wasi:http/incoming-handler";
/// The export that makes a component a handler of `wasi:http` 0.3.
const HANDLER_0_3: &str = "wasi:http/handler";

/// The imports and exports of a component: names of interfaces as in the component (`wasi:http/types@0.2.12`), or of
/// single functions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// The imports of the component.
    pub imports: Vec<String>,
    /// The exports of the component.
    pub exports: Vec<String>,
}

/// The version of `wasi:http` that a handler implements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandlerVersion {
    /// `wasi:http/incoming-handler@0.2.x`.
    P2,
    /// `wasi:http/handler@0.3.x`.
    P3,
}

impl HandlerVersion {
    /// The interface that such a handler exports, without its patch version.
    #[must_use]
    pub const fn interface(self) -> &'static str {
        match self {
            Self::P2 => "wasi:http/incoming-handler@0.2",
            Self::P3 => "wasi:http/handler@0.3",
        }
    }
}

/// What happens to a component that imports something that this host does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingImports {
    /// It cannot be loaded.
    #[default]
    Refuse,
    /// It is loaded, and ends when it calls a missing function.
    Trap,
}

/// The imports of one package that this host does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingPackage {
    /// The package with its version, such as `acme:store@1.0.0`; none for imports that belong to no package.
    pub package: Option<String>,
    /// The names of the interfaces in the package; without a package, the names of the imports.
    pub interfaces: Vec<String>,
    /// What is missing, and why, as a sentence.
    pub reason: String,
}

/// The reasons why this host cannot run a component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{}", .reasons.join("; "), remedy(*.may_trap))]
pub struct Misfit {
    /// All reasons, one line each.
    pub reasons: Vec<String>,
    /// Whether [`MissingImports::Trap`] would let it run.
    pub may_trap: bool,
}

impl Misfit {
    /// What would let it run, as the end of a sentence with the reasons; empty if nothing would.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        remedy(self.may_trap)
    }
}

const fn remedy(may_trap: bool) -> &'static str {
    if may_trap { MAY_TRAP } else { "" }
}

const MAY_TRAP: &str = "; if it does not call them, set component.missing-imports = \"trap\"";

impl World {
    /// The handler that the component exports, if this host can run it and has everything that it imports.
    ///
    /// # Errors
    /// All reasons why it cannot.
    pub fn handler(&self) -> Result<HandlerVersion, Misfit> {
        self.handler_with(MissingImports::Refuse)
    }

    /// The handler that the component exports, if this host can run it.
    ///
    /// # Errors
    /// All reasons why it cannot.
    pub fn handler_with(&self, missing: MissingImports) -> Result<HandlerVersion, Misfit> {
        let export = self.export();
        let missing = match missing {
            MissingImports::Refuse => self.missing(),
            MissingImports::Trap => Vec::new(),
        };
        let reasons = missing.into_iter().map(|package| package.reason);
        match export {
            Ok(version) if reasons.len() == 0 => Ok(version),
            Ok(_) => Err(Misfit { reasons: reasons.collect(), may_trap: !self.is_middleware() }),
            Err(reason) => Err(Misfit { reasons: iter::once(reason).chain(reasons).collect(), may_trap: false }),
        }
    }

    /// The imports that this host does not have, by package.
    #[must_use]
    pub fn missing(&self) -> Vec<MissingPackage> {
        let imports: Vec<_> = self.imports.iter().filter(|import| interfaces::offer(import).is_none()).collect();
        // This is a part of every start, and nearly every component has everything.
        if imports.is_empty() { Vec::new() } else { interfaces::missing(imports, self.is_middleware()) }
    }

    /// The names of the imports that this host does not have.
    #[must_use]
    pub fn missing_names(&self) -> Vec<String> {
        self.imports.iter().filter(|import| interfaces::offer(import).is_none()).cloned().collect()
    }

    /// Whether the component passes requests on to another handler: it imports the interface of handlers that it exports.
    #[must_use]
    pub fn is_middleware(&self) -> bool {
        let has = |names: &[String], handler| names.iter().any(|name| ImportName::of(name).interface == handler);
        HANDLERS.into_iter().any(|handler| has(&self.imports, handler) && has(&self.exports, handler))
    }

    /// Whether the component imports anything of WASI 0.3.
    #[cfg(any(test, feature = "compile"))]
    pub(crate) fn needs_0_3(&self) -> bool {
        self.imports.iter().any(|import| ImportName::of(import).is_release_of(3))
    }

    /// The exported handler. If a component has both, 0.3 takes precedence.
    fn export(&self) -> Result<HandlerVersion, String> {
        let handles = |interface, minor| {
            self.exports
                .iter()
                .map(|export| ImportName::of(export))
                .any(|export| export.interface == interface && export.is_release_of(minor))
        };
        if handles(HANDLER_0_3, 3) {
            return Ok(HandlerVersion::P3);
        }
        if handles(HANDLER_0_2, 2) {
            return Ok(HandlerVersion::P2);
        }
        Err(self.no_handler())
    }

    fn no_handler(&self) -> String {
        let expected = format!("a handler exports `{HANDLER_0_2}@0.2.x` or `{HANDLER_0_3}@0.3.x`");
        let refused =
            self.exports.iter().find(|export| [HANDLER_0_2, HANDLER_0_3].contains(&ImportName::of(export).interface));
        match refused {
            Some(export) if ImportName::of(export).is_candidate() => {
                format!("it exports `{export}`, a release candidate, which this host does not support; {expected}")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn world(imports: &[&str], exports: &[&str]) -> World {
        let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        World { imports: own(imports), exports: own(exports) }
    }

    #[test]
    fn a_handler_with_known_imports_fits_with_any_patch_version() {
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
    fn release_candidates_are_rejected_with_the_reason() {
        let misfit = world(&["wasi:http/types@0.3.0-rc-2026-01-01"], &["wasi:http/handler@0.3.0-rc-2026-01-01"])
            .handler()
            .unwrap_err();
        assert_eq!(misfit.reasons.len(), 2, "{misfit}");
        assert!(misfit.reasons.iter().all(|reason| reason.contains("release candidate")), "{misfit}");
    }

    #[test]
    fn the_newer_handler_takes_precedence() {
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
        assert!(misfit.to_string().contains("did you mean `wasi:http/types`"), "{misfit}");
    }

    #[test]
    fn drafts_are_distinguished_by_their_full_names() {
        let handler = &["wasi:http/incoming-handler@0.2.3"];
        for name in [
            "wasi:config/store@0.2.0-rc.1",
            "wasi:config/store@0.2.0-draft",
            "wasi:config/store@0.2.0",
            "wasi:config/runtime@0.2.0-draft",
            "wasi:logging/logging@0.1.0-draft",
            "wasi:logging/logging",
        ] {
            assert_eq!(world(&[name], handler).handler(), Ok(HandlerVersion::P2), "{name}");
        }
        for name in ["wasi:config/store@0.3.0-draft", "wasi:config/store@0.1.0", "wasi:config/store"] {
            let misfit = world(&[name], handler).handler().unwrap_err();
            assert!(misfit.to_string().contains("but this host has 0.2 of it"), "{misfit}");
        }
        let misfit = world(&["wasi:logging/logging@0.2.0"], handler).handler().unwrap_err();
        assert!(misfit.to_string().contains("has 0.1.0-draft and the one without a version of it"), "{misfit}");
        assert!(world(&["funcserver:lambda/context@0.1.0-rc.1"], handler).handler().is_err());
    }

    #[test]
    fn an_interface_of_the_other_version_line_does_not_match() {
        let misfit = world(&["wasi:io/poll@0.3.0"], &["wasi:http/handler@0.3.0"]).handler().unwrap_err();
        assert!(misfit.to_string().contains("`wasi:io/poll@0.3.0`, but this host has 0.2 of it"), "{misfit}");
    }

    #[test]
    fn missing_imports_are_grouped_by_package() {
        let world = world(
            &[
                "wasi:keyvalue/store@0.2.0-draft",
                "wasi:keyvalue/atomics@0.2.0-draft",
                "acme:store/kv@1.0.0",
                "wasi:io/poll@0.3.0",
                "wasi:io/stream@0.3.0",
                "wasi:http/types@0.3.0-rc-2026-01-01",
                "wasi:http/handler@0.3.0-rc-2026-01-01",
                "acme:plain/one",
                "run",
                "walk",
                "wasi:http/types@0.2.3",
            ],
            &["wasi:http/incoming-handler@0.2.3"],
        );
        let missing: Vec<_> = world.missing().into_iter().map(|missing| (missing.package, missing.reason)).collect();
        let expected = [
            (None, "it imports `run` and `walk`, which this host does not have"),
            (Some("acme:plain"), "it imports `acme:plain/one`, which this host does not have"),
            (Some("acme:store@1.0.0"), "it imports `acme:store/kv@1.0.0`, which this host does not have"),
            (
                Some("wasi:http@0.3.0-rc-2026-01-01"),
                "it imports `handler` and `types` of `wasi:http@0.3.0-rc-2026-01-01`, a release candidate, which this host \
                 does not support",
            ),
            (
                Some("wasi:io@0.3.0"),
                "it imports `wasi:io/poll@0.3.0`, but this host has 0.2 of it; it imports `wasi:io/stream@0.3.0`, which \
                 this host does not have (did you mean `wasi:io/streams`?)",
            ),
            (
                Some("wasi:keyvalue@0.2.0-draft"),
                "it imports `atomics` and `store` of `wasi:keyvalue@0.2.0-draft`, which this host does not have",
            ),
        ];
        assert_eq!(missing, expected.map(|(package, reason)| (package.map(str::to_owned), reason.to_owned())));
        let misfit = world.handler().unwrap_err();
        assert_eq!(misfit.reasons.len(), expected.len());
        assert!(misfit.to_string().ends_with("set component.missing-imports = \"trap\""), "{misfit}");
        assert_eq!(world.handler_with(MissingImports::Trap), Ok(HandlerVersion::P2));
    }

    /// `wasi:keyvalue/store` is similar to `wasi:config/store`, but that is another package.
    #[test]
    fn a_suggestion_is_of_the_same_package() {
        for name in ["wasi:keyvalue/store@0.2.0-draft", "wasi:htpp/types@0.2.3", "wasi:blobstore/types@0.2.0-draft"] {
            let misfit = world(&[name], &["wasi:http/incoming-handler@0.2.3"]).handler().unwrap_err();
            assert!(!misfit.to_string().contains("did you mean"), "{misfit}");
        }
    }

    #[test]
    fn middleware_is_told_to_be_composed() {
        for name in ["wasi:http/incoming-handler@0.2.3", "wasi:http/handler@0.3.0"] {
            let world = world(&[name, "wasi:logging/logging"], &[name]);
            let misfit = world.handler().unwrap_err();
            assert_eq!(misfit.reasons.len(), 1);
            assert!(misfit.to_string().starts_with(&format!("it is middleware: it imports `{name}`")), "{misfit}");
            assert!(
                misfit.to_string().ends_with("`wac plug middleware.wasm --plug handler.wasm -o app.wasm`"),
                "{misfit}"
            );
        }
        // It calls a handler, but is none itself.
        let misfit = world(&["wasi:http/incoming-handler@0.2.3"], &["wasi:cli/run@0.2.3"]).handler().unwrap_err();
        assert!(!misfit.to_string().contains("middleware") && !misfit.to_string().contains("did you mean"), "{misfit}");
    }

    #[test]
    fn the_error_for_a_component_without_exports_names_the_expected_export() {
        let misfit = world(&[], &[]).handler().unwrap_err();
        assert!(misfit.to_string().contains("exports nothing"), "{misfit}");
    }
}
