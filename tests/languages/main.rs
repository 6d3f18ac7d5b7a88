#![forbid(unsafe_code)]
//! The router of every language gives the same answers to the same requests.
//!
//! By default this tests the built-in example. `FUNCSERVER_LANGUAGES` names other components, as `LANGUAGE=COMPONENT`,
//! separated by `;`. A component is a `.wasm` or a `.cwasm`. `scripts/test-languages` builds all of them and sets the
//! variables. `FUNCSERVER_APPS` names apps of `tests/apps` in the same way, as `APP=FOLDER`; they have requests of their
//! own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the panic of a failed test shows its position")]

mod app;
mod check;
mod language;
mod requests;
mod router;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use libtest_mimic::{Arguments, Trial};

use language::Language;
use router::Router;

/// The variable that names the components to test.
const VARIABLE: &str = "FUNCSERVER_LANGUAGES";
/// The variable that names the apps to test.
const APPS: &str = "FUNCSERVER_APPS";
/// The language and component of the built-in example.
const CARRIED: (&str, &str) = ("rust", env!("FUNCSERVER_EXAMPLE_COMPONENT"));

fn main() -> ExitCode {
    let mut trials = vec![
        Trial::test("every_example_has_an_entry", || Ok(language::check_folders()?)),
        Trial::test("every_app_has_an_entry", || Ok(app::check_folders()?)),
    ];
    let (languages, apps) = (named_in(VARIABLE), named_in(APPS));
    if languages.is_none() && apps.is_none() {
        trials.extend(trials_of(CARRIED.0, CARRIED.1));
    }
    for (name, path) in languages.unwrap_or_default() {
        trials.extend(trials_of(&name, &path));
    }
    for (name, folder) in apps.unwrap_or_default() {
        trials.extend(app::trials_of(&name, &folder));
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The names and paths that a variable lists, if it is set.
fn named_in(variable: &str) -> Option<Vec<(String, String)>> {
    let listed = env::var(variable).ok()?;
    let pair = |pair: &str| {
        let (name, path) = pair.split_once('=').expect("it lists NAME=PATH");
        (name.to_owned(), path.to_owned())
    };
    Some(listed.split(';').filter(|listed| !listed.is_empty()).map(pair).collect())
}

/// One test for each request of the table. All use one component, which the first test loads.
fn trials_of(name: &str, path: &str) -> Vec<Trial> {
    let (language, path) = (Language::named(name), PathBuf::from(path));
    let router = Arc::new(LazyLock::new(move || Router::load(language, &path)));
    let mut trials = Vec::new();
    for case in requests::all() {
        let router = router.clone();
        trials.push(Trial::test(format!("{name}::{}", case.name), move || {
            Ok(LazyLock::force(&router).as_ref().map_err(String::as_str)?.answer_one(&case)?)
        }));
    }
    trials.push(Trial::test(format!("{name}::all_at_once"), move || {
        Ok(LazyLock::force(&router).as_ref().map_err(String::as_str)?.answer_many()?)
    }));
    trials
}
