#![forbid(unsafe_code)]
//! The router of every language gives the same answers to the same requests.
//!
//! By default this tests the built-in example. `FUNCSERVER_LANGUAGES` names other components, as `LANGUAGE=COMPONENT`,
//! separated by `;`. A component is a `.wasm` or a `.cwasm`, or a folder with `handler.cwasm` and, if there is a
//! bootstrap, with the unpacked zip in `function/`; then the zip is asked too. `scripts/test-languages` builds all of them
//! and sets the variables. `FUNCSERVER_APPS` names apps of `tests/apps` in the same way, as `APP=FOLDER`; they have
//! requests of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the panic of a failed test shows its position")]

mod app;
mod check;
mod language;
mod requests;
mod router;

use std::env;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use libtest_mimic::{Arguments, Trial};

use app::deployment::{Instances, Place};
use language::Language;
use requests::Case;
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

/// Those of a component, and of a folder those of its zip and of instances that are reused.
fn trials_of(name: &str, path: &str) -> Vec<Trial> {
    let (language, path) = (Language::named(name), Path::new(path));
    if !path.is_dir() {
        return trials_at_once(language, path);
    }
    let mut trials = trials_at_once(language, &path.join("handler.cwasm"));
    for place in app::places(path) {
        for instances in [Instances::Fresh, Instances::Reused] {
            trials.extend(trials_one_by_one(language, &place, instances));
        }
    }
    trials
}

/// One test for each request of the table. All use one deployment, which the first test loads.
fn trials_one_by_one(language: Language, place: &Place, instances: Instances) -> Vec<Trial> {
    let deployment = app::on_demand(place, instances);
    let trial = |case: Case| {
        let name = format!("{}::{}::{}::{}", language.name, place.name(), instances.name(), case.name);
        let deployment = deployment.clone();
        Trial::test(name, move || Ok(router::ask_deployment(app::loaded(&deployment)?, &case)?))
    };
    requests::all(language).into_iter().map(trial).collect()
}

/// One test for each request of the table. All use one component, which the first test loads; each request gets a fresh
/// instance, of which there are several at once.
fn trials_at_once(language: Language, path: &Path) -> Vec<Trial> {
    let (name, path) = (language.name, path.to_owned());
    let router = Arc::new(LazyLock::new(move || Router::load(language, &path)));
    let mut trials = Vec::new();
    for case in requests::all(language) {
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
