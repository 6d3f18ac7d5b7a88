use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::BuildError;

/// The target of guests: its linker writes components.
pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Fails unless the compiler has a standard library for the target. This is checked first, because the compiler's own
/// messages are a page long and suggest no fix for a build script.
pub(crate) fn check(rustc: &Path, environment: &[(OsString, OsString)]) -> Result<(), BuildError> {
    let answer = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", TARGET])
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output()
        .map_err(|error| BuildError::start(rustc, error))?;
    let libraries = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim_end());
    if answer.status.success() && libraries.is_dir() {
        return Ok(());
    }
    let toolchain = environment
        .iter()
        .find(|(name, _)| name == "RUSTUP_TOOLCHAIN")
        .map(|(_, value)| value.to_string_lossy().into_owned());
    Err(BuildError::Target { target: TARGET, remedy: remedy(toolchain.as_deref()) })
}

/// The command names the toolchain, because another one may be active in the folder where the user runs it.
fn remedy(toolchain: Option<&str>) -> String {
    match toolchain {
        Some(toolchain) => format!("rustup target add --toolchain {toolchain} {TARGET}"),
        None => format!("rustup target add {TARGET}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_a_missing_target_names_the_command_that_adds_it() {
        // A program that accepts any arguments and prints no folder, like a compiler without the target.
        let environment = [("RUSTUP_TOOLCHAIN".into(), "1.95.0".into())];
        let error = check(Path::new("/bin/true"), &environment).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the Rust target wasm32-wasip2 is missing: run `rustup target add --toolchain 1.95.0 wasm32-wasip2`"
        );
    }

    #[test]
    fn without_rustup_the_command_names_no_toolchain() {
        let error = check(Path::new("/bin/true"), &[]).unwrap_err();
        assert!(error.to_string().ends_with("`rustup target add wasm32-wasip2`"), "{error}");
    }

    #[test]
    fn a_missing_compiler_is_named() {
        let error = check(Path::new("/no/such/rustc"), &[]).unwrap_err();
        assert!(error.to_string().starts_with("cannot start /no/such/rustc: "), "{error}");
    }
}
