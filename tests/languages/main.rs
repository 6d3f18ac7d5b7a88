#![forbid(unsafe_code)]
//! The router of every language gives the same answers to the same requests.
//!
//! By default this tests the built-in example. `FUNCSERVER_LANGUAGES` names other components, as `LANGUAGE=COMPONENT`,
//! separated by `;`. A component is a `.wasm` or a `.cwasm`. `scripts/test-languages` builds all of them and sets the
//! variable.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the panic of a failed test shows its position")]

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
/// The language and component of the built-in example.
const CARRIED: (&str, &str) = ("rust", env!("FUNCSERVER_EXAMPLE_COMPONENT"));

fn main() -> ExitCode {
    let mut trials = vec![Trial::test("every_example_has_an_entry", || Ok(language::check_folders()?))];
    match env::var(VARIABLE) {
        Ok(named) => {
            for pair in named.split(';').filter(|pair| !pair.is_empty()) {
                let (name, path) = pair.split_once('=').expect("it lists LANGUAGE=COMPONENT");
                trials.extend(trials_of(name, path));
            }
        }
        Err(_) => trials.extend(trials_of(CARRIED.0, CARRIED.1)),
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
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
