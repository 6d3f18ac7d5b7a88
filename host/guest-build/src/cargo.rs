use std::ffi::OsString;
use std::fs;
use std::path::{self, PathBuf};
use std::process::{Command, Stdio};

use crate::target::{self, TARGET};
use crate::{BuildError, GuestCrate, environment, key, library};

/// The cargo command of a build script, and the folders that it uses.
pub(crate) struct Cargo {
    cargo: PathBuf,
    rustc: PathBuf,
    /// The output folder of the build script: it contains the target folder of the guests and the finished components.
    out: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl Cargo {
    /// Reads the variables that the outer cargo sets for a build script.
    pub(crate) fn of_build_script(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, BuildError> {
        let variables: Vec<_> = variables.into_iter().collect();
        let path = |variable| {
            variables
                .iter()
                .find(|(name, _)| name == variable)
                .map(|(_, value)| PathBuf::from(value))
                .ok_or(BuildError::NoBuildScript { variable })
        };
        let (cargo, rustc, out) = (path("CARGO")?, path("RUSTC")?, path("OUT_DIR")?);
        let mut environment = environment::inner(variables);
        let flags = library::flags(&rustc, &environment)?;
        environment::add_flags(&mut environment, flags);
        Ok(Self { cargo, rustc, out, environment })
    }

    /// The path of the guest's component, which is compiled if there is none for its inputs.
    pub(crate) fn build(&self, guest: &GuestCrate<'_>) -> Result<PathBuf, BuildError> {
        let key = key::key(guest, &self.rustc, &self.environment)?;
        let component = self.out.join(format!("{}.{key}.wasm", stem(guest)));
        if component.is_file() {
            return Ok(component);
        }
        target::check(&self.rustc, &self.environment)?;
        let built = self.compile(guest)?;
        self.remove_others(guest);
        // Renamed when it is complete: a component with this name is not built again.
        let copy = component.with_added_extension("part");
        let copied = fs::copy(&built, &copy).and_then(|_| fs::rename(&copy, &component));
        copied.map_err(|source| BuildError::Copy { path: built, source })?;
        Ok(component)
    }

    /// Removes the components that were built from other inputs.
    fn remove_others(&self, guest: &GuestCrate<'_>) {
        let prefix = stem(guest) + ".";
        for entry in fs::read_dir(&self.out).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&prefix) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    fn compile(&self, guest: &GuestCrate<'_>) -> Result<PathBuf, BuildError> {
        let target_dir = self.out.join("guest-target");
        let status = Command::new(&self.cargo)
            .args(["build", "--release", "--locked", "--target", TARGET])
            .arg("--target-dir")
            .arg(&target_dir)
            .arg("--manifest-path")
            .arg(guest.folder.join("Cargo.toml"))
            .args(["--features", &guest.features.join(",")])
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            // The outer cargo interprets the standard output of a build script as instructions.
            .stdout(Stdio::null())
            .status()
            .map_err(|error| BuildError::start(&self.cargo, error))?;
        if !status.success() {
            return Err(BuildError::Guest {
                name: guest.name.to_owned(),
                folder: path::absolute(guest.folder).unwrap_or_else(|_| guest.folder.to_owned()),
            });
        }
        let file = guest.name.replace('-', "_") + ".wasm";
        Ok(target_dir.join(TARGET).join("release").join(file))
    }
}

/// The first part of the component's file name. Each choice of features has its own.
fn stem(guest: &GuestCrate<'_>) -> String {
    let parts: Vec<_> = [guest.name].iter().chain(guest.features).copied().collect();
    parts.join("+")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// A guest without dependencies, and the environment of a build script in a hostile outer build.
    fn guest_in(folder: &Path, source: &str) -> Cargo {
        let manifest = "[package]\nname = \"tiny-guest\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n\
                        [features]\nloud = []\n[workspace]\n";
        let lock = "version = 4\n[[package]]\nname = \"tiny-guest\"\nversion = \"0.0.0\"\n";
        // The output folder is not one of the guest's inputs.
        let out = folder.join("target");
        fs::create_dir(&out).unwrap();
        fs::create_dir(folder.join("src")).unwrap();
        fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        fs::write(folder.join("Cargo.lock"), lock).unwrap();
        fs::write(folder.join("src/lib.rs"), source).unwrap();
        let hostile = [
            ("CARGO_BUILD_TARGET", "no-such-target"),
            ("CARGO_TARGET_DIR", "/proc/no/such/folder"),
            ("CARGO_ENCODED_RUSTFLAGS", "--no-such-flag"),
            ("RUSTFLAGS", "--no-such-flag"),
            ("RUSTC_WRAPPER", "/no/such/wrapper"),
            ("RUSTC_WORKSPACE_WRAPPER", "/no/such/wrapper"),
            ("CARGO", env!("CARGO")),
            ("RUSTC", "rustc"),
            ("OUT_DIR", out.to_str().unwrap()),
        ];
        let inherited = std::env::vars_os().filter(|(name, _)| hostile.iter().all(|(key, _)| name != key));
        let hostile = hostile.map(|(name, value)| (name.into(), value.into()));
        Cargo::of_build_script(inherited.chain(hostile)).unwrap()
    }

    #[test]
    fn settings_of_the_outer_build_do_not_reach_the_guest() {
        let folder = tempfile::tempdir().unwrap();
        let cargo = guest_in(
            folder.path(),
            "#[cfg(feature = \"loud\")]\n#[unsafe(no_mangle)]\npub extern \"C\" fn loud() {}\n",
        );
        let mut guest = GuestCrate { folder: folder.path(), name: "tiny-guest", features: &[], shared: &[] };
        let plain = cargo.build(&guest).unwrap();
        guest.features = &["loud"];
        let loud = cargo.build(&guest).unwrap();

        let starts = |path: &Path, name: &str| path.file_name().unwrap().to_str().unwrap().starts_with(name);
        assert!(starts(&plain, "tiny-guest.") && starts(&loud, "tiny-guest+loud."), "{plain:?} {loud:?}");
        let (plain, loud) = (fs::read(plain).unwrap(), fs::read(loud).unwrap());
        let component = b"\0asm\x0d\0\x01\0";
        assert!(plain.starts_with(component) && loud.starts_with(component));
        assert_ne!(plain, loud);
    }

    #[test]
    fn a_component_is_built_again_only_if_its_inputs_changed() {
        let folder = tempfile::tempdir().unwrap();
        let mut cargo = guest_in(folder.path(), "");
        let guest = GuestCrate { folder: folder.path(), name: "tiny-guest", features: &[], shared: &[] };
        let first = cargo.build(&guest).unwrap();
        let program = std::mem::replace(&mut cargo.cargo, "/no/such/cargo".into());
        assert_eq!(cargo.build(&guest).unwrap(), first);

        fs::write(folder.path().join("src/lib.rs"), "#[unsafe(no_mangle)]\npub extern \"C\" fn other() {}\n").unwrap();
        assert!(cargo.build(&guest).is_err());
        cargo.cargo = program;
        let second = cargo.build(&guest).unwrap();
        assert!(second != first && second.is_file() && !first.exists());
    }

    #[test]
    fn the_error_of_a_failed_build_names_the_guest_and_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let cargo = guest_in(folder.path(), "fn broken(");
        let guest = GuestCrate { folder: folder.path(), name: "tiny-guest", features: &[], shared: &[] };
        let error = cargo.build(&guest).unwrap_err();
        assert!(error.to_string().starts_with("cannot build the guest tiny-guest in /"), "{error}");
    }

    #[test]
    fn the_error_outside_a_build_script_names_the_missing_variable() {
        let error = Cargo::of_build_script([]).err().unwrap();
        assert!(error.to_string().starts_with("CARGO is not set"), "{error}");
    }
}
