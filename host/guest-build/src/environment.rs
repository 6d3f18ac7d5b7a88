//! What a cargo that runs inside another may keep of its environment.

use std::ffi::{OsStr, OsString};

/// Beginnings of the names that are cargo's and the compiler's. The outer cargo sets them for the build script, or the
/// user for the outer build: target folder, profile, flags, wrappers, linkers.
const OURS: [&str; 6] = ["CARGO", "RUSTC", "RUSTFLAGS", "RUSTDOC", "CLIPPY_", "__CARGO"];

/// Of those, what holds for the inner build too: where crates come from, how the terminal looks, which compiler runs,
/// and the outer cargo's job slots.
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

/// The variables of the outer build that the inner one gets.
pub(crate) fn inner(outer: impl IntoIterator<Item = (OsString, OsString)>) -> Vec<(OsString, OsString)> {
    let mut inner: Vec<_> = outer.into_iter().filter(|(name, _)| kept(name)).collect();
    // Set even if it is empty: it overrules the flags of the user's own cargo configuration files.
    inner.push(("CARGO_ENCODED_RUSTFLAGS".into(), flags(&inner)));
    inner
}

/// Panic messages name source files: let them not name the builder's home.
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
    !OURS.iter().any(|prefix| name.starts_with(prefix))
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
    fn nothing_of_the_outer_build_is_kept() {
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
    fn what_finds_compiler_and_crates_is_kept() {
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
    fn flags_of_configuration_files_are_overruled() {
        let flags = ("CARGO_ENCODED_RUSTFLAGS".into(), OsString::new());
        assert!(inner([]).contains(&flags));
    }

    #[test]
    fn the_builders_home_is_not_named() {
        let home = ("CARGO_HOME".into(), "/home/someone/.cargo".into());
        let flags = "--remap-path-prefix=/home/someone/.cargo=/cargo".into();
        assert!(inner([home]).contains(&("CARGO_ENCODED_RUSTFLAGS".into(), flags)));
    }
}
