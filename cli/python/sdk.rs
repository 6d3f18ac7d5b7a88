//! The Python package that makes components of apps, as the tool carries it.

use crate::app::EmbeddedSdk;

/// The name of the distribution. The version is the tool's.
pub(super) const DISTRIBUTION: &str = "funcserver-lambda";

/// The package: what is in `guest-sdk/python/src`.
pub(super) const SDK: EmbeddedSdk = EmbeddedSdk {
    files: include!(concat!(env!("OUT_DIR"), "/python_sdk.rs")),
    cache: "python-sdk",
    what: "the Python package of funcserver",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_no_bytecode_in_it() {
        assert!(SDK.files.iter().any(|(path, _)| *path == "funcserver/__init__.py"));
        assert!(SDK.files.iter().all(|(path, _)| !path.contains("__pycache__")));
    }
}
