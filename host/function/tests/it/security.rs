//! Checks SECURITY.md: every promise names tests that exist and run. The same is checked for the tests that
//! ARCHITECTURE.md names.

use std::fs;
use std::path::{Path, PathBuf};

/// The start of an unsafe block, in two parts so that this file does not contain it.
const BLOCK: &str = concat!("uns", "afe {");

fn root() -> PathBuf {
    // cargo starts tests in the package's folder.
    PathBuf::from("../..")
}

/// The rows of the table of promises, with their tests.
fn promises() -> Vec<(String, Vec<String>)> {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| **"));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        assert_eq!(cells.len(), 3, "a promise, what enforces it, and its tests: {row}");
        let tests = cells[2].split_whitespace().map(|name| name.trim_matches('`').to_owned());
        (cells[0].to_owned(), tests.collect())
    })
    .collect()
}

#[test]
fn every_promise_names_tests_that_exist() {
    let promises = promises();
    assert!(promises.len() >= 12, "{} promises", promises.len());
    for (promise, tests) in promises {
        assert!(!tests.is_empty(), "no test for: {promise}");
        for test in tests {
            check(&promise, &test);
        }
    }
}

/// The tables of ARCHITECTURE.md leave out the folder `host/`.
#[test]
fn every_test_that_the_architecture_names_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let rows = text.lines().filter(|line| line.starts_with('|'));
    let named = rows.flat_map(|row| row.split('`').skip(1).step_by(2)).filter(|name| name.contains(".rs::"));
    let named: Vec<_> = named.map(|name| format!("host/{}", name.trim_start_matches("host/"))).collect();
    assert!(!named.is_empty(), "no test is named");
    for test in named {
        check("ARCHITECTURE.md", &test);
    }
}

/// Checks that a test exists and is compiled.
#[track_caller]
fn check(whose: &str, test: &str) {
    let (file, function) = test.split_once("::").unwrap_or_else(|| panic!("{whose}: `{test}` is not a test"));
    let source = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    assert!(is_test(&source, function), "{whose}: {file} has no test `{function}`");
    if let Err(reason) = is_compiled(&root(), Path::new(file)) {
        panic!("{whose}: {reason}, so that `{function}` is never run");
    }
}

/// Checks that each module from the crate's root down to this file is declared in its parent. A file directly in the
/// `tests/` of a package is a root itself.
fn is_compiled(root: &Path, file: &Path) -> Result<(), String> {
    let (folder, stem) = (file.parent().unwrap(), file.file_stem().unwrap().to_str().unwrap());
    let is_program = folder.ends_with("tests") && root.join(folder).with_file_name("Cargo.toml").exists();
    if is_program || matches!(stem, "main" | "lib") {
        return Ok(());
    }
    let (folder, module) = match stem {
        "mod" => (folder.parent().unwrap(), folder.file_name().unwrap().to_str().unwrap()),
        _ => (folder, stem),
    };
    let above = ["main.rs", "lib.rs", "mod.rs"].map(|name| folder.join(name));
    match above.into_iter().chain([folder.with_extension("rs")]).find(|above| declares(&root.join(above), module)) {
        Some(above) => is_compiled(root, &above),
        None => Err(format!("no module declares {}", file.display())),
    }
}

fn declares(file: &Path, module: &str) -> bool {
    let declared = ["mod", "pub mod", "pub(crate) mod"].map(|keyword| format!("{keyword} {module};"));
    fs::read_to_string(file)
        .is_ok_and(|source| source.lines().any(|line| declared.iter().any(|one| one == line.trim())))
}

/// Whether a function with this name directly follows an attribute that makes it a test.
fn is_test(source: &str, function: &str) -> bool {
    let mut marked = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if !line.starts_with("#[") {
            let named = [format!("fn {function}("), format!("async fn {function}(")];
            if marked && named.iter().any(|name| line.starts_with(name)) {
                return true;
            }
            marked = false;
        }
    }
    false
}

#[test]
fn a_name_without_a_test_is_noticed() {
    let source = "fn helper() {}\n#[test]\nfn real() {}\n";
    assert!(is_test(source, "real"));
    assert!(!is_test(source, "helper"));
    assert!(!is_test(source, "missing"));
}

#[test]
fn a_file_that_no_module_declares_is_noticed() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("tests/it/network");
    fs::create_dir_all(&folder).unwrap();
    fs::write(root.path().join("Cargo.toml"), "").unwrap();
    fs::write(root.path().join("tests/it/main.rs"), "mod network;\n").unwrap();
    fs::write(folder.join("mod.rs"), "mod floods;\n").unwrap();
    for declared in ["tests/alone.rs", "tests/it/network/mod.rs", "tests/it/network/floods.rs"] {
        assert_eq!(is_compiled(root.path(), Path::new(declared)), Ok(()));
    }
    for forgotten in ["tests/it/floods.rs", "tests/it/network/network.rs"] {
        let reason = is_compiled(root.path(), Path::new(forgotten)).unwrap_err();
        assert_eq!(reason, format!("no module declares {forgotten}"));
    }
}

/// The files that map machine code, and those in which the bootstrap and the tool vouch for it.
const AUDITED: [&str; 3] = ["cli/native.rs", "host/bootstrap/src/start.rs", "host/engine/src/map.rs"];

#[test]
fn all_unsafe_code_is_in_three_audited_places() {
    let mut files = Vec::new();
    for folder in ["host/events", "host/engine", "host/function", "host/bootstrap", "host/local", "cli"] {
        sources(&root().join(folder), &mut files);
    }
    let mut with_unsafe: Vec<_> = files
        .iter()
        .flat_map(|path| {
            let blocks = fs::read_to_string(path).unwrap().matches(BLOCK).count();
            std::iter::repeat_n(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(), blocks)
        })
        .collect();
    with_unsafe.sort();
    assert_eq!(with_unsafe, AUDITED, "one block in each");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
