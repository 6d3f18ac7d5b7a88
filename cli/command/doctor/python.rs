//! Python, and the packages that make components of its apps.

use std::fs;
use std::path::{Path, PathBuf};

use funcserver_function::config::Env;
use funcserver_function::marker;

use super::toolchains::Needed;
use super::{Finding, Status, program};

/// The oldest Python that the builder runs on.
const OLDEST: (u32, u32) = (3, 10);

/// The version of componentize-py that the builder uses; another one is left alone, and the right one is cached.
const COMPONENTIZE: &str = "0.25.1";

/// Python and the environment of the project. The Python of an environment in the project is not run: its version and
/// packages are read from its files.
pub(super) fn findings(needed: Needed, env: &dyn Env) -> Vec<Finding> {
    let mut findings = vec![interpreter(needed, env)];
    match environment(env) {
        Some(folder) => findings.extend(packages(&folder)),
        None => findings.push(Finding::absent(
            "virtual environment",
            "none is active, and there is no .venv and no venv here; builds make one in build-output/venv",
        )),
    }
    findings
}

fn interpreter(needed: Needed, env: &dyn Env) -> Finding {
    let name = "python3";
    let remedy = format!(
        "apps in Python need Python {}.{} or later: install it, for example: apt-get install python3 python3-venv",
        OLDEST.0, OLDEST.1
    );
    let Some(path) = program::find(name, env) else { return needed.missing(name, remedy) };
    let place = Some(path.display().to_string());
    let said = program::printed(&path, &["-I", "-c", "import sys; print('.'.join(map(str, sys.version_info[:3])))"]);
    let Some(version) = said else {
        return Finding { place, ..needed.missing(name, format!("it does not run; {remedy}")) };
    };
    if !program::at_least(&version, OLDEST) {
        return Finding { version: Some(version), place, ..needed.missing(name, format!("it is too old: {remedy}")) };
    }
    Finding { version: Some(version), place, ..Finding::ok(name) }
}

/// The environment that a build would use.
fn environment(env: &dyn Env) -> Option<PathBuf> {
    if let Some(active) = env.get("VIRTUAL_ENV").filter(|path| !path.is_empty()) {
        return Some(PathBuf::from(active));
    }
    [".venv", "venv"].map(PathBuf::from).into_iter().find(|folder| folder.join("bin/python").exists())
}

/// The environment, and the packages in it that are ours or that we call.
fn packages(folder: &Path) -> Vec<Finding> {
    let place = Some(folder.display().to_string());
    let name = "virtual environment";
    if !folder.join("bin/python").exists() {
        let note = "VIRTUAL_ENV names it, and it has no bin/python; activate another environment, or run: deactivate";
        return vec![Finding { place, ..Finding::problem(name, note) }];
    }
    let version = version_of(folder);
    let mut findings = vec![match &version {
        Some(version) if !program::at_least(version, OLDEST) => Finding {
            note: Some(format!("its Python is too old: make it with Python {}.{} or later", OLDEST.0, OLDEST.1)),
            status: Status::Problem,
            ..Finding::ok(name)
        },
        _ => Finding::ok(name),
    }];
    findings[0].version = version;
    findings[0].place = place;
    let distributions = distributions(folder);
    let find = |name: &str| distributions.iter().find_map(|each| each.strip_prefix(name)?.strip_prefix('-'));
    findings.push(match find("funcserver_lambda") {
        Some(version) if version != marker::VERSION => {
            let note = format!(
                "this is funcserver {own}, and apps are built with {own}; install the same version: pip install \
                 funcserver-lambda=={own}",
                own = marker::VERSION
            );
            Finding { version: Some(version.to_owned()), ..Finding::problem("funcserver-lambda", note) }
        }
        Some(version) => Finding { version: Some(version.to_owned()), ..Finding::ok("funcserver-lambda") },
        None => Finding::absent("funcserver-lambda", "not in this environment; this program carries it"),
    });
    findings.push(match find("componentize_py") {
        Some(version) if version != COMPONENTIZE => Finding {
            version: Some(version.to_owned()),
            ..Finding::absent(
                "componentize-py",
                format!("builds use {COMPONENTIZE}, which they install into the cache"),
            )
        },
        Some(version) => Finding { version: Some(version.to_owned()), ..Finding::ok("componentize-py") },
        None => Finding::absent(
            "componentize-py",
            format!("not in this environment; the first build installs {COMPONENTIZE} into the cache"),
        ),
    });
    findings
}

/// The version of Python in `pyvenv.cfg` (PEP 405).
fn version_of(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join("pyvenv.cfg")).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        // virtualenv writes `version_info = 3.11.7.final.0`.
        matches!(key.trim(), "version" | "version_info").then(|| program::version(value).map(str::to_owned))?
    })
}

/// The names of the distributions that are installed in an environment, such as `flask-3.1.3`.
fn distributions(folder: &Path) -> Vec<String> {
    let libraries = fs::read_dir(folder.join("lib")).into_iter().flatten().flatten();
    libraries
        .flat_map(|library| fs::read_dir(library.path().join("site-packages")).into_iter().flatten().flatten())
        .filter_map(|entry| Some(entry.file_name().to_str()?.strip_suffix(".dist-info")?.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An environment with this line in its `pyvenv.cfg`, and these distributions.
    fn environment(line: &str, distributions: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("bin/python"), "").unwrap();
        fs::write(folder.path().join("pyvenv.cfg"), format!("home = /usr/bin\n{line}\n")).unwrap();
        for name in distributions {
            fs::create_dir_all(folder.path().join(format!("lib/python3.11/site-packages/{name}.dist-info"))).unwrap();
        }
        folder
    }

    #[test]
    fn an_environment_is_read_and_not_run() {
        let own = format!("funcserver_lambda-{}", marker::VERSION);
        let folder = environment("version = 3.11.7", &[&own, "componentize_py-0.25.1", "flask-3.1.3"]);
        let findings = packages(folder.path());
        assert!(findings.iter().all(|finding| finding.status == Status::Ok), "{findings:?}");
        assert_eq!(findings[0].version.as_deref(), Some("3.11.7"));
    }

    #[test]
    fn what_does_not_fit_is_a_problem() {
        let folder = environment("version_info = 3.9.1.final.0", &["funcserver_lambda-9.8.7", "componentize_py-0.1"]);
        let findings = packages(folder.path());
        let statuses: Vec<_> = findings.iter().map(|finding| finding.status).collect();
        assert_eq!(statuses, [Status::Problem, Status::Problem, Status::Absent], "{findings:?}");
        assert!(findings[1].note.as_deref().unwrap_or_default().contains("pip install funcserver-lambda=="));
        assert_eq!(packages(&folder.path().join("gone"))[0].status, Status::Problem);
    }
}
