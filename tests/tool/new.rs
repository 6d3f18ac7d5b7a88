//! `funcserver new`: the projects that it writes.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::tool::Tool;

/// The files of a project that its example does not have.
const ADDED: [&str; 2] = [".gitignore", "funcserver.toml"];

/// The templates that `--framework` names, and not `--language`.
const FRAMEWORKS: [(&str, &str); 7] = [
    ("chi", "chi"),
    ("django", "django"),
    ("express", "express"),
    ("fastapi", "fastapi"),
    ("fetch", "fetch"),
    ("flask", "flask"),
    ("rust-axum", "axum"),
];

/// The files of examples that projects do not need, besides those that git ignores.
const LEFT_OUT: [&str; 4] = ["wit/p3", "sdk/test", "sdk/tests", "sdk/Cargo.lock"];
const IGNORED: [&str; 4] = ["build-output", "target", "node_modules", "__pycache__"];

/// The files that contain the name of the project.
const NAMED: [&str; 5] = ["README.md", "Cargo.toml", "Cargo.lock", "package.json", "go.mod"];

fn examples() -> PathBuf {
    std::path::absolute("guest-example").unwrap()
}

/// The folders of examples on disk.
fn languages() -> Vec<String> {
    let folders = fs::read_dir(examples()).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().is_dir());
    let mut names: Vec<_> = folders.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The files below `folder`, with links resolved: whether each is executable, and its content.
fn files(folder: &Path) -> BTreeMap<String, (bool, Vec<u8>)> {
    let mut files = BTreeMap::new();
    collect(folder, "", &mut files);
    files
}

fn collect(folder: &Path, above: &str, files: &mut BTreeMap<String, (bool, Vec<u8>)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{above}{}", entry.file_name().to_str().unwrap());
        let metadata = fs::metadata(entry.path()).unwrap();
        if IGNORED.iter().any(|ignored| entry.file_name() == *ignored) || LEFT_OUT.contains(&name.as_str()) {
            continue;
        }
        if metadata.is_dir() {
            collect(&entry.path(), &format!("{name}/"), files);
        } else {
            let executable = metadata.permissions().mode() & 0o100 != 0;
            files.insert(name, (executable, fs::read(entry.path()).unwrap()));
        }
    }
}

/// The option that chooses a template.
fn option(template: &str) -> String {
    let framework = FRAMEWORKS.iter().find(|(name, _)| *name == template);
    framework.map_or_else(|| format!("--language {template}"), |(_, framework)| format!("--framework {framework}"))
}

/// A user with a project of each template, in a folder `my-<template>`.
fn projects() -> Tool {
    let tool = Tool::new();
    for template in languages() {
        tool.run(&format!("new my-{template} {}", option(&template))).succeeded();
    }
    tool
}

#[test]
fn every_file_of_every_example_is_in_its_project() {
    let tool = projects();
    for language in languages() {
        let example = files(&examples().join(&language));
        let project = files(&tool.path(&format!("my-{language}")));
        let mut expected: Vec<_> = example.keys().map(String::as_str).chain(ADDED).collect();
        expected.sort_unstable();
        // The examples of apps have settings of their own.
        expected.dedup();
        let found: Vec<_> = project.keys().collect();
        assert_eq!(found, expected, "{language}: is the tool older than the example? touch cli/command/new/embed.rs");
        for (name, (executable, bytes)) in &example {
            let made = &project[name];
            assert_eq!(made.0, *executable, "{language}: {name}");
            let is_named = NAMED.contains(&name.as_str()) || (name == "build" && language.starts_with("rust"));
            assert!(is_named || made.1 == *bytes, "{language}: {name} is another one than the example's");
        }
    }
}

#[test]
fn a_project_stands_alone() {
    let tool = projects();
    for language in languages() {
        let folder = tool.path(&format!("my-{language}"));
        for (name, (_, bytes)) in files(&folder) {
            assert!(!fs::symlink_metadata(folder.join(&name)).unwrap().is_symlink(), "{language}: {name}");
            let text = String::from_utf8_lossy(&bytes);
            let above = "../".repeat(name.split('/').count());
            // References to the repository in the documents of the SDK and of the interfaces are allowed.
            assert!(name.starts_with("sdk/") || !text.contains(&above), "{language}: {name} refers to {above}");
        }
        let readme = fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(readme.starts_with(&format!("# my-{language}\n")), "{readme}");
        for part in ["funcserver serve --watch", "funcserver bundle", "\n## A "] {
            assert!(readme.contains(part), "{part}: {readme}");
        }
        for link in readme.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            assert!(link.starts_with("https://") || folder.join(link).exists(), "{language}: {link} is not there");
        }
    }
}

#[test]
fn the_settings_name_the_build_command() {
    let tool = Tool::new();
    tool.run("new hello --language c").succeeded();
    // The build command is replaced by one that prints a text and fails.
    tool.write("hello/build", "#!/bin/sh\necho the build of hello >&2\nexit 1\n");
    for line in ["build", "bundle", "serve --listen 127.0.0.1:0 --watch"] {
        let mut command = tool.command(line);
        command.current_dir(tool.path("hello"));
        let ended = tool.finish(command, b"").failed(&["the build command failed", "./build"]);
        assert!(ended.stderr.contains("the build of hello"), "{line}: {}", ended.stderr);
    }
}

#[test]
fn the_files_and_the_next_steps_are_printed() {
    let tool = Tool::new();
    let ended = tool.run("new hello --language python").succeeded();
    assert_eq!(ended.stdout, "");
    assert!(ended.stderr.contains("hello: A router in Python, "), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("next: cd hello && funcserver serve --watch\n"), "{}", ended.stderr);

    let ended = tool.run("new shop --framework django").succeeded();
    let next = "next: cd shop && export SECRET_KEY=… && funcserver serve --watch\n";
    assert!(ended.stderr.ends_with(next), "{}", ended.stderr);

    let report = tool.run("new other --language python --json").succeeded().json();
    let written: Vec<_> = files(&tool.path("other")).into_keys().collect();
    assert_eq!(report, json!({ "folder": "other", "language": "python", "framework": null, "files": written }));
}

#[test]
fn the_languages_are_listed() {
    let tool = Tool::new();
    let listed = tool.run("new --list").succeeded().stdout;
    let names: Vec<_> = listed.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, languages(), "is the tool older than the examples? touch cli/command/new/embed.rs");
    assert!(listed.contains(" A router in Rust, with axum\n"), "{listed}");

    let json = tool.run("new --list --json").succeeded().json();
    let names: Vec<_> = json.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, languages());
    assert_eq!(json[0], json!({ "name": "c", "language": "c", "framework": null, "title": "A router in C" }));
    let flask = json.as_array().unwrap().iter().find(|one| one["name"] == "flask").unwrap();
    assert_eq!((&flask["language"], &flask["framework"]), (&json!("python"), &json!("flask")));

    let help = tool.run("new --help").succeeded().stdout;
    for template in languages() {
        let name = FRAMEWORKS.iter().find(|(name, _)| *name == template).map_or(template.as_str(), |(_, name)| name);
        assert!(help.contains(&format!("- {name}:")), "{help}");
    }
}

#[test]
fn languages_and_frameworks_have_aliases() {
    let tool = Tool::new();
    for (option, part) in [
        ("--language py", "A router in Python,"),
        ("--language TypeScript", "A site in TypeScript, with Hono,"),
        ("-l golang", "A router in Go,"),
        ("--framework Flask", "A Flask app,"),
        ("--language python -f django", "A Django app,"),
        ("--language rs --framework axum", "A router in Rust, with axum,"),
        ("--language flask", "A Flask app,"),
    ] {
        let name = format!("p{}", part.len() + option.len());
        let ended = tool.run(&format!("new {name} {option}")).succeeded();
        assert!(ended.stderr.contains(&format!("{name}: {part}")), "{option}: {}", ended.stderr);
        fs::remove_dir_all(tool.path(&name)).unwrap();
    }
    tool.run("new hello --language go --framework flask").failed(&["flask is a framework of python, not of go"]);
}

#[test]
fn nothing_is_overwritten() {
    let tool = Tool::new();
    tool.write("full/mine.txt", "mine");
    tool.run("new full --language go").failed(&["the folder full is not empty", "rm -r full"]);
    assert_eq!(files(&tool.path("full")).len(), 1);

    tool.write("file", "mine");
    tool.run("new file --language go").failed(&["file is a file", "mv file file.old"]);
    assert_eq!(tool.read("file"), b"mine");

    fs::create_dir(tool.path("empty")).unwrap();
    tool.run("new empty --language go").succeeded();
    tool.run("new empty --language rust").failed(&["the folder empty is not empty"]);
    assert!(!tool.path("empty/Cargo.toml").exists());
}

#[test]
fn an_invalid_name_or_language_is_wrong_usage() {
    let tool = Tool::new();
    for (line, part) in [
        ("new", "<NAME>"),
        ("new hello", "--language <LANG>"),
        ("new hello", "languages: c, cpp, go, javascript, python, "),
        ("new hello", "frameworks: axum, chi, django, express, fastapi, fetch, flask, hono, net/http"),
        ("new --framework flask", "<NAME>"),
        (
            "new hello --framework rails",
            "[possible values: axum, chi, django, express, fastapi, fetch, flask, hono, net/http]",
        ),
        ("new hello --language cobol", "[possible values: c, cpp, go, "),
        ("new Hello --language go", "lower case letters"),
        ("new ../hello --language go", "it is a path"),
        ("new --list hello", "cannot be used with"),
    ] {
        let ended = tool.run(line);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{line}");
        assert!(ended.stderr.contains(part), "{line}: {}", ended.stderr);
    }
    assert!(files(&tool.path("")).is_empty());
    tool.run("new hono --language javascript")
        .failed(&["hono is a dependency of the javascript template (package.json)"]);
    assert!(!tool.path("hono").exists());
}
