//! Parses the name of an interface in a component.

use semver::Version;

/// `wasi:http/types@0.2.12` in its parts.
pub(crate) struct ImportName<'a> {
    /// `wasi:http/types`.
    pub(crate) interface: &'a str,
    /// `0.2.12`. It may be any text.
    pub(crate) version_text: Option<&'a str>,
    version: Option<Version>,
}

impl<'a> ImportName<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        match name.split_once('@') {
            Some((interface, version)) => {
                Self { interface, version_text: Some(version), version: Version::parse(version).ok() }
            }
            None => Self { interface: name, version_text: None, version: None },
        }
    }

    /// Whether it is a release of `0.MINOR`. All of these are compatible with each other.
    pub(crate) fn is_release_of(&self, minor: u64) -> bool {
        self.version.as_ref().is_some_and(|v| v.major == 0 && v.minor == minor && v.pre.is_empty())
    }

    /// Whether it is `0.MINOR`, be it a release, a release candidate or a draft.
    pub(crate) fn is_of(&self, minor: u64) -> bool {
        self.version.as_ref().is_some_and(|v| v.major == 0 && v.minor == minor)
    }

    /// The package with its version, `wasi:http@0.2.12`, and the name of the interface, if it is an interface.
    pub(crate) fn split(&self) -> Option<(String, &'a str)> {
        let (package, interface) = self.interface.split_once('/')?;
        let version = self.version_text.map(|version| format!("@{version}")).unwrap_or_default();
        Some((format!("{package}{version}"), interface))
    }

    /// Whether it is a release candidate or a draft.
    pub(crate) fn is_candidate(&self) -> bool {
        self.version.as_ref().is_some_and(|version| !version.pre.is_empty())
    }
}
