//! The environment: the only code that reads it, and the lookup that tests replace.

use std::collections::BTreeMap;
use std::fmt;

/// A lookup of environment variables.
pub trait Env {
    /// The value of the variable `name`, if it is set.
    fn get(&self, name: &str) -> Option<&str>;

    /// The names of all variables that begin with `prefix`, in order.
    fn names(&self, prefix: &str) -> Vec<&str>;
}

/// A set of variables: those of the process, or those of a test.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// The variables of the process at its start. Only `main` calls this, once.
    ///
    /// Invalid UTF-8 becomes U+FFFD, so that such a value is reported instead of ignored.
    pub fn of_process() -> Self {
        std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect()
    }
}

impl Env for Variables {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn names(&self, prefix: &str) -> Vec<&str> {
        self.0.keys().map(String::as_str).filter(|name| name.starts_with(prefix)).collect()
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Variables(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

/// Shows only names, because Lambda's environment contains the function's credentials.
impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_exact_name_and_names_by_their_prefix() {
        let env: Variables = [("FUNCSERVER_B", "2"), ("FUNCSERVER_A", "1"), ("OTHER", "3")].into_iter().collect();
        assert_eq!(env.get("FUNCSERVER_A"), Some("1"));
        assert_eq!(env.get("funcserver_a"), None);
        assert_eq!(env.names("FUNCSERVER_"), ["FUNCSERVER_A", "FUNCSERVER_B"]);
    }

    #[test]
    fn the_process_environment_is_readable() {
        let path = std::env::var("PATH").expect("tests run with a PATH");
        assert_eq!(Variables::of_process().get("PATH"), Some(path.as_str()));
    }

    #[test]
    fn debug_output_holds_no_values() {
        let env: Variables = [("AWS_SECRET_ACCESS_KEY", "hunter2")].into_iter().collect();
        assert_eq!(format!("{env:?}"), r#"{"AWS_SECRET_ACCESS_KEY"}"#);
    }
}
