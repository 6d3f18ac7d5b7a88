//! `component.proposals`: the additions to WebAssembly 1.0 that a component may use.

use std::fmt;
use std::path::PathBuf;

use funcserver_engine::{PROPOSALS, Proposal};

use super::ComponentConfig;

/// The reason why a component may not be compiled or run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// It uses proposals that are not in the list.
    #[error(
        "{component} uses {0}, which component.proposals does not allow: add {0} to component.proposals in funcserver.toml \
         (or to FUNCSERVER_COMPONENT_PROPOSALS, which overrides it)",
        quoted(proposals)
    )]
    Used {
        /// The component, as errors name it.
        component: String,
        /// The names of the proposals, each of them.
        proposals: Vec<String>,
    },
    /// It is compiled, and its facts, which list its proposals, are missing.
    #[error(
        "component.proposals is set, but the proposals of {} are unknown without {}: `funcserver build` writes both",
        component.display(),
        facts.display()
    )]
    Unknown {
        /// The compiled component.
        component: PathBuf,
        /// The path of its facts.
        facts: PathBuf,
    },
}

impl ComponentConfig {
    /// Checks that a component with these proposals may use each of them. `component` is its name in errors.
    ///
    /// # Errors
    /// [`NotAllowed::Used`], with all proposals that are not allowed.
    pub fn allow(&self, component: &dyn fmt::Display, used: &[impl AsRef<str>]) -> Result<(), NotAllowed> {
        let Some(allowed) = &self.proposals else { return Ok(()) };
        let is_allowed = |name: &str| allowed.iter().any(|proposal| proposal.name == name);
        let used = used.iter().map(AsRef::as_ref);
        let others: Vec<_> = used.filter(|name| !is_allowed(name)).map(str::to_owned).collect();
        if others.is_empty() {
            return Ok(());
        }
        Err(NotAllowed::Used { component: component.to_string(), proposals: others })
    }
}

/// Parses the names of proposals.
///
/// # Errors
/// The first unknown name.
pub(super) fn parse<'a>(names: &[&'a str]) -> Result<Vec<&'static Proposal>, &'a str> {
    names.iter().map(|name| Proposal::named(name).ok_or(*name)).collect()
}

/// All names, in quotation marks.
pub(super) fn known() -> String {
    quoted(&PROPOSALS.iter().map(|proposal| proposal.name).collect::<Vec<_>>())
}

fn quoted<S: AsRef<str>>(names: &[S]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("\"{}\"", name.as_ref())).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowing(names: &[&str]) -> ComponentConfig {
        ComponentConfig { proposals: Some(parse(names).unwrap()), ..ComponentConfig::default() }
    }

    #[test]
    fn proposals_that_are_not_allowed_are_named_with_the_remedy() {
        let error = allowing(&["simd"]).allow(&"handler.wasm", &["gc", "simd"]).unwrap_err().to_string();
        let expected = "handler.wasm uses \"gc\", which component.proposals does not allow: add \"gc\" to component.proposals in \
                        funcserver.toml";
        assert!(error.starts_with(expected), "{error}");
        let error = allowing(&[]).allow(&"handler.wasm", &["gc", "simd"]).unwrap_err().to_string();
        assert!(error.contains("add \"gc\", \"simd\" to component.proposals"), "{error}");
    }

    #[test]
    fn listed_proposals_are_allowed_and_without_a_list_all_are() {
        allowing(&["gc", "simd"]).allow(&"handler.wasm", &["gc"]).unwrap();
        allowing(&[]).allow(&"handler.wasm", &[""; 0]).unwrap();
        ComponentConfig::default().allow(&"handler.wasm", &["gc", "of a later version"]).unwrap();
    }
}
