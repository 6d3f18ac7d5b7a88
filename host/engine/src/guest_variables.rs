//! The environment variables of a guest's instances: those that were granted when it was loaded, and secrets, which may
//! change.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use wasmtime_wasi_config::WasiConfigVariables;

/// The variables of one instance. They are the same from its beginning to its end.
pub(crate) struct VariableSet {
    /// Each name with its value.
    pub(crate) env: Vec<(String, String)>,
    /// The same for `wasi:config/store`.
    pub(crate) config: WasiConfigVariables,
}

/// The variables of the instances to come.
pub(crate) struct GuestVariables {
    granted: Arc<VariableSet>,
    current: RwLock<Arc<VariableSet>>,
}

impl VariableSet {
    fn new(env: Vec<(String, String)>) -> Self {
        let config = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Self { env, config }
    }
}

impl GuestVariables {
    pub(crate) fn new(granted: Vec<(String, String)>) -> Self {
        let granted = Arc::new(VariableSet::new(granted));
        Self { current: RwLock::new(granted.clone()), granted }
    }

    /// The variables of an instance that begins now.
    pub(crate) fn current(&self) -> Arc<VariableSet> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the secrets. A secret takes the place of a granted variable with its name.
    pub(crate) fn set_secrets(&self, secrets: Vec<(String, String)>) {
        let is_secret = |name: &str| secrets.iter().any(|(secret, _)| secret == name);
        let mut env: Vec<_> = self.granted.env.iter().filter(|(name, _)| !is_secret(name)).cloned().collect();
        env.extend(secrets);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(VariableSet::new(env));
    }
}

/// Shows only names, because values may be secrets.
impl fmt::Debug for VariableSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.env.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn secrets_take_the_place_of_granted_variables_and_of_earlier_secrets() {
        let variables = GuestVariables::new(pairs(&[("STAGE", "test"), ("KEY", "granted")]));
        let before = variables.current();
        variables.set_secrets(pairs(&[("KEY", "one"), ("PASSWORD", "two")]));
        assert_eq!(variables.current().env, pairs(&[("STAGE", "test"), ("KEY", "one"), ("PASSWORD", "two")]));
        variables.set_secrets(pairs(&[("PASSWORD", "three")]));
        assert_eq!(variables.current().env, pairs(&[("STAGE", "test"), ("KEY", "granted"), ("PASSWORD", "three")]));
        assert_eq!(before.env, pairs(&[("STAGE", "test"), ("KEY", "granted")]), "an instance keeps what it has");
    }

    #[test]
    fn debug_output_holds_no_values() {
        let variables = GuestVariables::new(pairs(&[("KEY", "hunter2")]));
        assert_eq!(format!("{:?}", variables.current()), r#"{"KEY"}"#);
    }
}
