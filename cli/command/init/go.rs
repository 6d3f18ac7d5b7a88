//! Programs in Go, and what they read.

use std::collections::BTreeMap;
use std::path::Path;

use super::app_project::{FoundApp, ReadKind, SourceRead, Sources};
use super::source_reads::{SourceFile, files, named_call};
use crate::go::GUEST;

/// The package whose import has a program initialised when it is compiled.
const PREINIT: &str = "funcserver.example/guest/preinit";

/// Modules that programs route requests with.
const FRAMEWORKS: [(&str, &str); 5] = [
    ("github.com/go-chi/chi", "chi"),
    ("github.com/gin-gonic/gin", "gin"),
    ("github.com/labstack/echo", "echo"),
    ("github.com/gorilla/mux", "gorilla/mux"),
    ("net/http", "net/http"),
];

/// Calls that serve requests at a port of their own.
const SERVERS: [&str; 6] =
    ["http.ListenAndServe(", "http.ListenAndServeTLS(", "http.Serve(", ".ListenAndServe()", ".Run(", ".Start("];

const CALLS: [&str; 2] = ["os.Getenv", "os.LookupEnv"];

/// A program: the files of a folder with a package main.
#[derive(Default)]
struct Program<'a> {
    files: Vec<&'a SourceFile>,
}

/// The programs in `folder` that serve requests by the guest package, and what is read in any package.
pub(super) fn read(folder: &Path) -> Sources {
    let files = sources(folder);
    let modules = files.len();
    let programs = programs(&files);
    let apps = programs.iter().filter_map(|(folder, program)| {
        let (file, line) = program.line_with(&format!("\"{GUEST}\""))?;
        Some(FoundApp {
            app: app(folder),
            framework: program.framework().to_owned(),
            file: file.path.display().to_string(),
            line,
        })
    });
    let initialised = programs.values().any(|program| program.line_with(&format!("\"{PREINIT}\"")).is_some());
    let reads = files.iter().flat_map(|file| reads(file, initialised)).collect();
    Sources { apps: apps.collect(), reads, modules }
}

/// The error if no program in `folder` serves requests by the guest package.
pub(super) fn no_app(folder: &Path) -> String {
    let files = sources(folder);
    let programs = programs(&files);
    let server = programs.values().find_map(|program| {
        let (file, line) = SERVERS.iter().find_map(|call| program.line_with(call))?;
        Some(format!("{}:{line}", file.path.display()))
    });
    let how = "`funcserver new NAME --language go` makes a project that shows it";
    match (server, programs.is_empty()) {
        (Some(place), _) => format!(
            "found go.mod, and a program that serves requests at a port of its own; change one line, {place}: instead of \
             listening, call guest.Serve(router) of the package {GUEST}, and run funcserver init again; {how}"
        ),
        (None, false) => format!(
            "found go.mod, but no program that imports {GUEST}: let main call guest.Serve with your http.Handler, and run \
             funcserver init again; {how}"
        ),
        (None, true) => format!("found go.mod, but no package main in this folder or below; {how}"),
    }
}

/// The sources that are compiled.
fn sources(folder: &Path) -> Vec<SourceFile> {
    let mut files = files(folder, "go");
    files.retain(|file| {
        let is_test = file.path.to_str().is_none_or(|path| path.ends_with("_test.go"));
        let is_left_out = file.path.parent().into_iter().flat_map(Path::iter).any(|part| {
            let part = part.to_string_lossy();
            part == "vendor" || part == "testdata" || part.starts_with('_')
        });
        !is_test && !is_left_out && !file.text.lines().any(|line| line.trim_end() == "//go:build ignore")
    });
    files
}

/// The programs by their folder.
fn programs(files: &[SourceFile]) -> BTreeMap<&Path, Program<'_>> {
    let mut programs: BTreeMap<&Path, Program<'_>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.text.lines().any(|line| package(line) == Some("main"))) {
        programs.entry(file.path.parent().unwrap_or(Path::new(""))).or_default().files.push(file);
    }
    programs
}

/// The package that a line names as that of its file.
fn package(line: &str) -> Option<&str> {
    line.strip_prefix("package ")?.split_whitespace().next()
}

impl<'a> Program<'a> {
    /// The first line with that text.
    fn line_with(&self, text: &str) -> Option<(&'a SourceFile, u32)> {
        self.files.iter().find_map(|file| {
            let is_it = |line: &str| !line.trim_start().starts_with("//") && line.contains(text);
            let index = file.text.lines().position(is_it)?;
            Some((*file, number(index)))
        })
    }

    fn framework(&self) -> &'static str {
        let imports = |module: &str| self.line_with(&format!("\"{module}")).is_some();
        FRAMEWORKS.iter().find(|(module, _)| imports(module)).map_or("net/http", |(_, name)| name)
    }
}

/// The app in a folder, as `component.app` names it.
fn app(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { ".".to_owned() } else { format!("./{}", folder.display()) }
}

/// The variables that a file reads. Those of the package's own variables and of `init` are read before main, which matters
/// if the program is initialised when it is compiled.
fn reads(file: &SourceFile, initialised: bool) -> Vec<SourceRead> {
    let mut before_main = true;
    let mut reads = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        // As gofmt writes them.
        if let Some(function) = line.strip_prefix("func ") {
            before_main = function.starts_with("init()");
        }
        if let Some(call) = named_call(line, &CALLS) {
            reads.push(SourceRead {
                kind: ReadKind::Environment,
                what: format!("{}(\"{}\")", call.call, call.name),
                file: file.path.display().to_string(),
                line: number(index),
                name: Some(call.name.to_owned()),
                required: false,
                at_import: initialised && before_main,
            });
        }
        before_main |= line == "}";
    }
    reads
}

fn number(index: usize) -> u32 {
    u32::try_from(index + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn folder(files: &[(&str, &str)]) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    const SERVES: &str = "package main\n\nimport (\n\t\"net/http\"\n\n\t\"funcserver.example/guest\"\n)\n\nfunc main() {\n\tguest.Serve(nil)\n}\n";

    #[test]
    fn programs_that_serve_are_apps() {
        let project = folder(&[
            ("cmd/shop/main.go", &SERVES.replace("net/http", "github.com/go-chi/chi/v5")),
            ("cmd/tool/main.go", "package main\n\nfunc main() {}\n"),
            ("shop/shop.go", "package shop\n\nvar key = os.Getenv(\"KEY\")\n"),
            ("shop/shop_test.go", "package main\n"),
            ("vendor/a/main.go", SERVES),
            ("gen.go", &format!("//go:build ignore\n\n{SERVES}")),
        ]);
        let found = read(project.path());
        let apps: Vec<_> = found.apps.iter().map(|app| (app.app.as_str(), app.framework.as_str(), app.line)).collect();
        assert_eq!(apps, [("./cmd/shop", "chi", 6)]);
        assert_eq!(found.reads[0].name.as_deref(), Some("KEY"));
        assert!(!found.reads[0].at_import);
        let project = folder(&[("main.go", SERVES)]);
        assert_eq!(read(project.path()).apps[0].app, ".");
    }

    #[test]
    fn what_is_read_before_main_matters_to_a_program_that_is_initialised_early() {
        let reads = "\nvar a = os.Getenv(\"A\")\n\nfunc init() {\n\tos.Getenv(\"B\")\n}\n\nfunc c() {\n\tos.LookupEnv(\"C\")\n}\n\nvar (\n\td = os.Getenv(\"D\")\n)\n";
        let early = SERVES.replace(")\n\nfunc", "\t_ \"funcserver.example/guest/preinit\"\n)\n\nfunc");
        for (main, expected) in [(SERVES, [false; 4]), (early.as_str(), [true, true, false, true])] {
            let project = folder(&[("main.go", &format!("{main}{reads}"))]);
            let found: Vec<_> = read(project.path()).reads.iter().map(|read| read.at_import).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_server_is_told_which_line_to_change() {
        for (text, parts) in [
            (
                "package main\n\nfunc main() {\n\thttp.ListenAndServe(\":80\", r)\n}\n",
                ["change one line, main.go:4", "guest.Serve(router)"],
            ),
            ("package main\n\nfunc main() {}\n", ["no program that imports", "guest.Serve"]),
            ("package shop\n", ["no package main", "--language go"]),
        ] {
            let project = folder(&[("main.go", text)]);
            let error = no_app(project.path());
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
