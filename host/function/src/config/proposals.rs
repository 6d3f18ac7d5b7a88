//! `component.proposals`: which additions to the first WebAssembly a component may use.

use std::fmt;
use std::path::PathBuf;

use funcserver_engine::{PROPOSALS, Proposal};

use super::ComponentConfig;

/// Why a component may not be compiled, or run.
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
    /// It is compiled already, and the facts beside it, which say what it uses, are missing.
    #[error(
        "component.proposals is set, and what {} uses is not known without {}: `funcserver build` writes both",
        component.display(),
        facts.display()
    )]
    Unknown {
        /// The compiled component.
        component: PathBuf,
        /// Where its facts would be.
        facts: PathBuf,
    },
}

impl ComponentConfig {
    /// Checks that a component that uses the proposals of these names may use each of them. `component` is what errors call it.
    ///
    /// # Errors
    /// [`NotAllowed::Used`], with all that are not allowed.
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

/// The proposals of these names.
///
/// # Errors
/// The first name that is none.
pub(super) fn parse<'a>(names: &[&'a str]) -> Result<Vec<&'static Proposal>, &'a str> {
    names.iter().map(|name| Proposal::named(name).ok_or(*name)).collect()
}

/// Every name, in quotation marks.
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
    fn what_is_not_in_the_list_is_named_with_the_line_that_allows_it() {
        let error = allowing(&["simd"]).allow(&"handler.wasm", &["gc", "simd"]).unwrap_err().to_string();
        let expected = "handler.wasm uses \"gc\", which component.proposals does not allow: add \"gc\" to component.proposals in \
                        funcserver.toml";
        assert!(error.starts_with(expected), "{error}");
        let error = allowing(&[]).allow(&"handler.wasm", &["gc", "simd"]).unwrap_err().to_string();
        assert!(error.contains("add \"gc\", \"simd\" to component.proposals"), "{error}");
    }

    #[test]
    fn what_is_in_the_list_is_allowed_and_without_one_everything_is() {
        allowing(&["gc", "simd"]).allow(&"handler.wasm", &["gc"]).unwrap();
        allowing(&[]).allow(&"handler.wasm", &[""; 0]).unwrap();
        ComponentConfig::default().allow(&"handler.wasm", &["gc", "of a later version"]).unwrap();
    }
}
