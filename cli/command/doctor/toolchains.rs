//! The programs that make components of apps, by language.

use std::path::Path;

use funcserver_function::config::{AppLanguage, Env};

use super::{Finding, Status, javascript, program, python};

/// Whether the project needs a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Needed(bool);

impl Needed {
    /// A program that is missing or does not fit.
    pub(super) fn missing(self, name: &str, note: String) -> Finding {
        if self.0 { Finding::problem(name, note) } else { Finding::absent(name, note) }
    }
}

/// All toolchains. What the project's language needs and is missing is a problem.
pub(super) fn findings(language: Option<AppLanguage>, env: &dyn Env) -> Vec<Finding> {
    let needed = |this| Needed(language == Some(this));
    let mut findings = python::findings(needed(AppLanguage::Python), env);
    findings.extend(javascript::findings(needed(AppLanguage::JavaScript), env));
    let go = "apps in Go need Go 1.26 or later: install it from https://go.dev/dl";
    findings.push(version_of("go", &["version"], (1, 26), go, needed(AppLanguage::Go), env));
    findings.extend(rust(env));
    findings
}

/// A program with its version.
pub(super) fn version_of(
    name: &str,
    arguments: &[&str],
    oldest: (u32, u32),
    remedy: &str,
    needed: Needed,
    env: &dyn Env,
) -> Finding {
    let Some(path) = program::find(name, env) else { return needed.missing(name, remedy.to_owned()) };
    let place = Some(path.display().to_string());
    let said = program::printed(&path, arguments);
    let Some(version) = said.as_deref().and_then(program::version).map(str::to_owned) else {
        return Finding { place, ..needed.missing(name, format!("it does not run; {remedy}")) };
    };
    let found = if program::at_least(&version, oldest) {
        Finding::ok(name)
    } else {
        needed.missing(name, format!("it is too old: {remedy}"))
    };
    Finding { version: Some(version), place, ..found }
}

/// cargo, and whether its compiler has the target of components.
fn rust(env: &dyn Env) -> Vec<Finding> {
    let remedy = "handlers in Rust need Rust 1.82 or later: install it from https://rustup.rs";
    let cargo = version_of("cargo", &["--version"], (1, 82), remedy, Needed(false), env);
    let mut findings = vec![cargo];
    if findings[0].status == Status::Ok
        && let Some(rustc) = program::find("rustc", env)
        && let Some(sysroot) = program::printed(&rustc, &["--print", "sysroot"])
    {
        let folder = Path::new(&sysroot).join("lib/rustlib/wasm32-wasip2");
        let name = "target wasm32-wasip2";
        findings.push(if folder.is_dir() {
            Finding { place: Some(folder.display().to_string()), ..Finding::ok(name) }
        } else {
            Finding::absent(name, "handlers in Rust need it: rustup target add wasm32-wasip2")
        });
    }
    findings
}
