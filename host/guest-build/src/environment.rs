//! Selects the environment variables of a cargo that runs inside another one.

use std::ffi::{OsStr, OsString};

/// The prefixes of variables of cargo and the compiler. The outer cargo sets them for the build script, or the user for
/// the outer build: target folder, profile, flags, wrappers, linkers.
const CARGO_PREFIXES: [&str; 6] = ["CARGO", "RUSTC", "RUSTFLAGS", "RUSTDOC", "CLIPPY_", "__CARGO"];

/// The exceptions that also apply to the inner build: the source of crates, the terminal, the compiler, and the job
/// slots of the outer cargo.
const KEPT: [&str; 9] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_MAKEFLAGS",
    "CARGO_NET_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
    "RUSTC",
];

/// The flags of the compiler, with a control character between them.
const FLAGS: &str = "CARGO_ENCODED_RUSTFLAGS";

/// The variables of the outer build that the inner build gets.
pub(crate) fn inner(outer: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    let mut inner: Vec<_> = outer.into_iter().filter(|(name, _)| kept(name)).collect();
    // Set even if it is empty, because it overrides the flags in the user's cargo configuration files.
    inner.push((FLAGS.into(), flags(&inner)));
    inner
}

/// Adds flags of the compiler to the variables of `inner`.
pub(crate) fn add_flags(inner: &mut [(OsString, OsString)], added: Vec<OsString>) {
    for (_, flags) in inner.iter_mut().filter(|(name, _)| name == FLAGS) {
        for flag in &added {
            if !flags.is_empty() {
                flags.push("\x1f");
            }
            flags.push(flag);
        }
    }
}

/// Removes the home folder of the builder from the file names in panic messages.
fn flags(inner: &[(OsString, OsString)]) -> OsString {
    let mut flags = OsString::new();
    if let Some((_, home)) = inner.iter().find(|(name, _)| name == "CARGO_HOME") {
        flags.push("--remap-path-prefix=");
        flags.push(home);
        flags.push("=/cargo");
    }
    flags
}

fn kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !CARGO_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || KEPT.iter().any(|kept| if kept.ends_with('_') { name.starts_with(kept) } else { name == *kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner_names(names: &[&str]) -> Vec<String> {
        inner(names.iter().map(|name| (name.into(), "outer".into())))
            .into_iter()
            .filter(|(_, value)| value == "outer")
            .map(|(name, _)| name.into_string().unwrap())
            .collect()
    }

    #[test]
    fn settings_of_the_outer_build_are_removed() {
        let outer = [
            "CARGO",
            "CARGO_BUILD_TARGET",
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_CFG_TARGET_OS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_FEATURE_COMPILE",
            "CARGO_INCREMENTAL",
            "CARGO_MANIFEST_DIR",
            "CARGO_PROFILE_RELEASE_PANIC",
            "CARGO_TARGET_DIR",
            "CARGO_TARGET_WASM32_WASIP2_LINKER",
            "CLIPPY_ARGS",
            "RUSTC_BOOTSTRAP",
            "RUSTC_LINKER",
            "RUSTC_WORKSPACE_WRAPPER",
            "RUSTC_WRAPPER",
            "RUSTDOC",
            "RUSTDOCFLAGS",
            "RUSTFLAGS",
        ];
        assert_eq!(inner_names(&outer), [""; 0]);
    }

    #[test]
    fn variables_that_locate_the_compiler_and_crates_are_kept() {
        let outer = [
            "CARGO_HOME",
            "CARGO_HTTP_CAINFO",
            "CARGO_MAKEFLAGS",
            "CARGO_NET_OFFLINE",
            "CARGO_REGISTRIES_MINE_INDEX",
            "CARGO_TERM_COLOR",
            "HOME",
            "PATH",
            "RUSTC",
            "RUSTUP_TOOLCHAIN",
        ];
        assert_eq!(inner_names(&outer), outer);
    }

    #[test]
    fn flags_of_configuration_files_are_overridden() {
        let flags = ("CARGO_ENCODED_RUSTFLAGS".into(), OsString::new());
        assert!(inner([]).contains(&flags));
    }

    #[test]
    fn flags_are_added_to_those_that_are_there() {
        let flags = |mut inner: Vec<(OsString, OsString)>| {
            add_flags(&mut inner, vec!["-g".into(), "-v".into()]);
            inner.into_iter().find(|(name, _)| name == FLAGS).map(|(_, value)| value)
        };
        assert_eq!(flags(inner([])), Some("-g\x1f-v".into()));
        let home = ("CARGO_HOME".into(), "/home".into());
        assert_eq!(flags(inner([home])), Some("--remap-path-prefix=/home=/cargo\x1f-g\x1f-v".into()));
    }

    #[test]
    fn the_builders_home_is_not_named() {
        let home = ("CARGO_HOME".into(), "/home/someone/.cargo".into());
        let flags = "--remap-path-prefix=/home/someone/.cargo=/cargo".into();
        assert!(inner([home]).contains(&("CARGO_ENCODED_RUSTFLAGS".into(), flags)));
    }
}
