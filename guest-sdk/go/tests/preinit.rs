//! A handler whose initialisation is kept: `guest/preinit`.

use std::collections::HashSet;
use std::sync::LazyLock;

use funcserver_engine::{Fault, Grants, Guest};
use funcserver_test_guest::Options;
use serde_json::Value;
use tempfile::TempDir;

use crate::guest::{self, answer, get, limits, text};

static KEPT: LazyLock<TempDir> = LazyLock::new(|| compile("").0);

fn compile(settings: &str) -> (TempDir, String) {
    guest::compile("preinit-guest", settings)
}

fn load(folder: &TempDir, grants: Grants) -> Guest {
    let options = Options { grants, ..Options::from(limits()) };
    funcserver_test_guest::load(&folder.path().join("handler.cwasm"), options).unwrap()
}

/// What a fresh instance saw when it was initialised, in its main, and now.
async fn seen(guest: &Guest) -> Value {
    serde_json::from_str(&text(guest, get("/")).await).unwrap()
}

fn numbers(sight: &Value) -> HashSet<u64> {
    let numbers: HashSet<_> =
        sight["Numbers"].as_array().unwrap().iter().map(|number| number.as_u64().unwrap()).collect();
    assert_eq!(numbers.len(), 600, "some are there twice");
    numbers
}

#[tokio::test]
async fn instances_begin_alike_and_then_see_their_own() {
    let env = vec![("GREETING".to_owned(), "hello=you".to_owned()), ("EMPTY".to_owned(), String::new())];
    let guest = load(&KEPT, Grants { env, ..Grants::default() });
    let (one, two) = (seen(&guest).await, seen(&guest).await);

    assert_eq!(one["init"], two["init"]);
    assert_eq!(one["init"]["Year"], 1970);
    assert_eq!(one["init"]["Environment"], serde_json::json!(["FUNCSERVER_PREINIT=1"]));
    let granted = serde_json::json!(["GREETING=hello=you", "EMPTY="]);
    for one in [&one, &two] {
        assert_eq!(one["main"], granted);
        assert_eq!(one["now"]["Environment"], granted);
        assert!(one["now"]["Year"].as_u64() > Some(2025), "{}", one["now"]["Year"]);
    }

    let all = [&one["init"], &one["now"], &two["now"]];
    let numbers = all.map(numbers);
    assert!(numbers[0].is_disjoint(&numbers[1]) && numbers[0].is_disjoint(&numbers[2]));
    assert!(numbers[1].is_disjoint(&numbers[2]), "two instances have the same random numbers");
    assert_eq!(all.map(|sight| sight["Text"].as_str().unwrap()).into_iter().collect::<HashSet<_>>().len(), 3);
}

#[tokio::test]
async fn an_instance_without_environment_has_none() {
    let seen = seen(&load(&KEPT, Grants::default())).await;
    assert_eq!(seen["now"]["Environment"], serde_json::json!([]));
}

#[tokio::test]
async fn files_that_the_initialisation_could_not_know_are_refused() {
    let scratch = TempDir::new().unwrap();
    let guest = load(&KEPT, Grants { scratch: Some(scratch.path().to_owned()), ..Grants::default() });
    let (answer, lines) = answer(&guest, get("/")).await;
    assert!(matches!(answer.result, Err(Fault::Trap(_))));
    assert!(lines.text().contains("leave out the import of guest/preinit"), "{}", lines.text());
}

#[tokio::test]
async fn with_files_each_instance_is_initialised() {
    let (folder, said) = compile("[guest]\ntmp = true\n");
    assert!(said.contains("is initialised in each instance: guest.assets or guest.tmp"), "{said}");
    let scratch = TempDir::new().unwrap();
    let guest = load(&folder, Grants { scratch: Some(scratch.path().to_owned()), ..Grants::default() });
    let (one, two) = (seen(&guest).await, seen(&guest).await);
    assert_ne!(one["init"]["Year"], 1970);
    assert!(numbers(&one["init"]).is_disjoint(&numbers(&two["init"])));
}

#[test]
fn the_same_program_gives_the_same_component_and_shows_what_it_prints() {
    let (folder, said) = compile("");
    assert!(
        said.contains("initialising ") && said.contains("preinit-guest.wasm: 1970/01/01 00:00:00 initialised"),
        "{said}"
    );
    let bytes = |folder: &TempDir| std::fs::read(folder.path().join("handler.cwasm")).unwrap();
    assert!(bytes(&folder) == bytes(&KEPT), "two components differ");
}

/// The line of the guest's source that has `code`, as warnings name it.
fn place(code: &str) -> String {
    let source = include_str!("preinit/main.go");
    let line = source.lines().position(|line| line.contains(code)).unwrap() + 1;
    format!("funcserver.example/guest/tests/preinit/main.go:{line}")
}

#[test]
fn what_packages_read_is_told_with_file_and_line() {
    let (_, said) = compile("");
    for (code, what) in [
        ("os.Getenv(\"FROZEN\")", "reads the variable FROZEN"),
        ("begun  = time.Now()", "reads the clock"),
        ("number = rand.Uint64()", "draws random numbers"),
        ("seen := sight{time.Now()", "reads the clock"),
        ("seen := sight{time.Now()", "reads the environment"),
        ("seen := sight{time.Now()", "draws random numbers"),
    ] {
        let line = format!("{} {what} while packages are initialised", place(code));
        assert_eq!(said.matches(&line).count(), 1, "{line} is not there once in {said}");
    }
    // The log reads the clock for its own lines.
    assert!(!said.contains(&place("log.Print(\"initialised\")")), "{said}");
    assert_eq!(said.matches("read them in main or later, or remove the import").count(), 1, "{said}");
}

#[test]
fn a_variable_that_is_granted_but_read_too_early_is_an_error() {
    let (_, succeeded, said) =
        guest::try_compile("preinit-guest", "[guest]\nenv = { FROZEN = \"a\", OTHER = \"b\" }\n");
    let error = format!("{} reads the variable FROZEN while packages", place("os.Getenv(\"FROZEN\")"));
    assert!(!succeeded && said.contains(&error) && said.contains("remove the import of"), "{said}");
    // What is read later may be granted.
    let (_, succeeded, said) = guest::try_compile("preinit-guest", "[guest]\nenv = { OTHER = \"b\" }\n");
    assert!(succeeded, "{said}");
}
