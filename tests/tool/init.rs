//! `funcserver init`.

use std::fs;

use crate::tool::{Ended, Tool};

const FLASK: &str = "import os\nfrom flask import Flask\n\napp = Flask(__name__)\n";

/// `init` with the machine's own Python, which reads sources.
fn init(tool: &Tool, arguments: &str) -> Ended {
    let mut command = tool.command(&format!("init {arguments}"));
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    tool.finish(command, b"")
}

fn settings(tool: &Tool) -> String {
    String::from_utf8(tool.read("funcserver.toml")).unwrap()
}

#[test]
fn an_app_is_found_and_nothing_but_the_settings_is_written() {
    let tool = Tool::new();
    tool.write("shop/__init__.py", "");
    tool.write("shop/wsgi.py", FLASK);
    tool.write("requirements.txt", "flask\n");
    let ended = init(&tool, "").succeeded();
    assert_eq!(ended.stdout, "");
    for part in ["found a Flask app: shop.wsgi:app\n", "found requirements.txt", "next: funcserver serve --watch"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let text = settings(&tool);
    assert!(text.contains("[component]\napp = \"shop.wsgi:app\"\n"), "{text}");
    assert!(text.contains("\nreuse = 1000\n") && !text.contains("import = "), "{text}");
    let mut names: Vec<_> = fs::read_dir(tool.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["funcserver.toml", "requirements.txt", "shop"]);

    init(&tool, "").failed(&["funcserver.toml is here already"]);
    assert_eq!(settings(&tool), text);
    // The settings are ones that the tool reads.
    let mut build = tool.command("build");
    build.env("PATH", tool.path("none"));
    tool.finish(build, b"").failed(&["there is no python3 here"]);
}

#[test]
fn an_app_that_reads_the_environment_is_imported_at_start() {
    let tool = Tool::new();
    tool.write("app.py", format!("{FLASK}app.secret_key = os.environ[\"SECRET_KEY\"]\n"));
    let json = init(&tool, "--json").succeeded().json();
    assert_eq!(
        (&json["language"], &json["app"], &json["import"]),
        (&"python".into(), &"app:app".into(), &"start".into())
    );
    assert_eq!(json["inherit_env"], serde_json::json!(["SECRET_KEY"]));
    assert_eq!((&json["reads"][0]["file"], &json["reads"][0]["line"]), (&"app.py".into(), &5.into()));
    let text = settings(&tool);
    for part in ["import = \"start\"\n", "(app.py:5)", "\ninherit-env = [\"SECRET_KEY\"]\n", "reuse = 1000"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn of_several_apps_one_must_be_chosen() {
    let tool = Tool::new();
    tool.write("shop.py", FLASK);
    tool.write("admin/main.py", "from fastapi import FastAPI\napi = FastAPI()\n");
    init(&tool, "").failed(&[
        "found 2 apps",
        "shop:app (Flask, shop.py:4)",
        "admin.main:api (FastAPI, admin/main.py:2)",
        "funcserver init --app shop:app",
    ]);
    assert!(!tool.path("funcserver.toml").exists());
    let ended = init(&tool, "--app admin.main:api").succeeded();
    assert!(ended.stderr.contains("found another app, which is left out: shop:app"), "{}", ended.stderr);
    assert!(settings(&tool).contains("app = \"admin.main:api\"\n"));
}

#[test]
fn a_folder_without_an_app_is_told_what_to_do() {
    let tool = Tool::new();
    init(&tool, "").failed(&["found no app in this folder", "funcserver new"]);
    tool.write("requirements.txt", "flask\n");
    tool.write("tool.py", "print(1)\n");
    init(&tool, "").failed(&["found 1 Python file, but no app", "funcserver init --app MODULE:NAME"]);
    let ended = init(&tool, "--app tool:app").succeeded();
    assert!(ended.stderr.contains("warning: tool:app is written as you name it"), "{}", ended.stderr);
}

#[test]
fn nothing_of_the_folder_runs() {
    let tool = Tool::new();
    tool.write("app.py", FLASK);
    for module in ["json.py", "ast.py", "runpy.py", "funcserver.py", "sitecustomize.py"] {
        tool.write(module, "open('ran', 'w')\n");
    }
    tool.write(".venv/bin/python", "#!/bin/sh\ntouch ran\n");
    init(&tool, "").succeeded();
    assert!(!tool.path("ran").exists());
}

#[test]
fn without_python_there_is_no_look_at_its_sources() {
    let tool = Tool::new();
    tool.write("app.py", FLASK);
    let mut command = tool.command("init");
    command.env("PATH", tool.path("none"));
    tool.finish(command, b"").failed(&["there is no python3 here", "apt-get install python3"]);
}

#[test]
fn other_languages_have_their_build_command_or_an_explanation() {
    for (file, text, parts) in [
        (
            "Cargo.toml",
            "[package]\nname = \"my-shop\"\n[dependencies]\nwstd = \"0.6\"\n",
            ["path = \"target/wasm32-wasip2/release/my_shop.wasm\"", "cargo build --release --target wasm32-wasip2"],
        ),
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\n[dependencies]\nfuncserver-guest = { path = \"sdk\" }\n",
            ["inherit-env = [\"KEY\"]", "if you use them: STAGE\n"],
        ),
    ] {
        let tool = Tool::new();
        tool.write(file, text);
        tool.write(
            "src/lib.rs",
            "fn a() {\n    std::env::var(\"KEY\").expect(\"KEY\");\n    let b = env::var_os(\"STAGE\");\n}\n",
        );
        init(&tool, "").succeeded();
        let text = settings(&tool);
        assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    }
    for (file, text, template) in [
        ("Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nactix-web = \"4\"\n", "--framework axum"),
        ("go.mod", "module shop\n", "--language go"),
    ] {
        let tool = Tool::new();
        tool.write(file, text);
        init(&tool, "").failed(&[file, template]);
        assert!(!tool.path("funcserver.toml").exists());
    }
}

#[test]
fn a_name_that_is_no_app_is_wrong_usage() {
    let ended = init(&Tool::new(), "--app src/app.rb");
    assert_eq!(ended.code, 2);
    assert!(ended.stderr.contains("as in shop.wsgi:app"), "{}", ended.stderr);
}
