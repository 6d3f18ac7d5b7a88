//! Imports besides those of `wasi:http`: drafts, and imports that the host does not have.

use std::time::Duration;

use funcserver_engine::{
    Fault, Grants, Guest, GuestOptions, Limits, LoadError, LogLevel, MissingImports, Network, Notice, Reuse, Runtime,
};
use funcserver_test_guest::{CoreHandler, Options, Written, compiled, load_on};
use http::StatusCode;

use crate::common::{act, call, guest_with, handle, limits, request};

const LOGGING: &str = include_str!("../../../../wit/logging/logging.wit");

#[tokio::test]
async fn messages_have_their_level_and_their_context() {
    let guest = guest_with(limits());
    let levels = [
        ("trace", LogLevel::Trace),
        ("debug", LogLevel::Debug),
        ("info", LogLevel::Info),
        ("warn", LogLevel::Warn),
        ("error", LogLevel::Error),
        ("critical", LogLevel::Critical),
    ];
    for (name, level) in levels {
        let (answer, written) = act(&guest, &format!("log:{name}")).await;
        assert!(answer.result.is_ok());
        let [message] = &written.messages()[..] else { panic!("{name}: {:?}", written.messages()) };
        assert_eq!((message.level, &*message.context), (level, "shop"));
        assert_eq!(message.text, "message 0\nwith a second line");
        assert!(message.certain);
        assert!(written.all().is_empty());
    }
}

/// They share the allowance of standard output, which is full again for the next request of the instance.
#[tokio::test]
async fn messages_beyond_the_limit_of_output_are_dropped_with_one_mark() {
    let options = Options {
        limits: Limits { output: 2000, ..limits() },
        reuse: Reuse { requests: 10, ..Reuse::default() },
        ..Options::default()
    };
    let guest = guest_with(options);
    for _ in 0..3 {
        let (answer, written) = act(&guest, "log:info 100").await;
        assert!(answer.result.is_ok());
        // Each has 150 bytes besides its text.
        assert_eq!(written.messages().len(), 2000 / (150 + "shop".len() + "message 0\nwith a second line".len()));
        let lines = written.all();
        assert!(lines.len() == 1 && lines[0].1.starts_with("… output beyond 2000 bytes"), "{lines:?}");
        answer.after.finish().await;
    }
}

#[tokio::test]
async fn long_messages_are_cut() {
    let handler = CoreHandler {
        packages: &[LOGGING],
        imports: "import wasi:logging/logging@0.1.0-draft;",
        code: r#"(call $"wasi:logging/logging@0.1.0-draft#log"
            (i32.const 2) (i32.const 0) (i32.const 60000) (i32.const 0) (i32.const 60000))"#,
        ..CoreHandler::default()
    };
    let (result, written) = run(&handler, MissingImports::Refuse, Vec::new()).await;
    assert_eq!(result, Ok(StatusCode::OK));
    let [message] = &written.messages()[..] else { panic!("{:?}", written.messages().len()) };
    assert_eq!((message.context.len(), message.text.len()), (1024 + " … (cut)".len(), 32 * 1024 + " … (cut)".len()));
}

/// Older components import the interface without a version.
#[tokio::test]
async fn logging_without_a_version_is_the_same() {
    let handler = CoreHandler {
        packages: &[&LOGGING.replace("@0.1.0-draft", "")],
        imports: "import wasi:logging/logging;",
        data: r#"(data (i32.const 0) "cartno stock")"#,
        code: r#"(call $"wasi:logging/logging#log"
            (i32.const 5) (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 8))"#,
    };
    let (result, written) = run(&handler, MissingImports::Refuse, Vec::new()).await;
    assert_eq!(result, Ok(StatusCode::OK));
    let [message] = &written.messages()[..] else { panic!("{:?}", written.messages()) };
    assert_eq!((message.level, &*message.context, &*message.text), (LogLevel::Critical, "cart", "no stock"));
}

/// The drafts of `wasi:config`, each as it was published: where the value of `STAGE` is in what `get` returns, and the
/// component says it in a message.
#[tokio::test]
async fn every_draft_of_the_configuration_has_the_variables() {
    let drafts = [
        (
            "store",
            "0.2.0-draft",
            "variant error { upstream(string), io(string) }
            get: func(key: string) -> result<option<string>, error>;
            get-all: func() -> result<list<tuple<string, string>>, error>;",
            8,
        ),
        (
            "runtime",
            "0.2.0-draft",
            "variant config-error { upstream(string), io(string) }
            get: func(key: string) -> result<option<string>, config-error>;
            get-all: func() -> result<list<tuple<string, string>>, config-error>;",
            8,
        ),
        (
            "store",
            "0.2.0-rc.1",
            "variant error { upstream(string), io(string) }
            get: func(key: string) -> result<option<string>, error>;
            get-all: func() -> result<list<tuple<string, string>>, error>;",
            8,
        ),
        // The newest draft has the version of the first one.
        (
            "store",
            "0.2.0-draft",
            "get: func(key: string) -> option<string>; get-all: func() -> list<tuple<string, string>>;",
            4,
        ),
        (
            "store",
            "0.2.0-rc.2",
            "get: func(key: string) -> option<string>; get-all: func() -> list<tuple<string, string>>;",
            4,
        ),
    ];
    for (interface, version, functions, at) in drafts {
        let package = format!("package wasi:config@{version}; interface {interface} {{ {functions} }}");
        let import = format!("wasi:config/{interface}@{version}");
        let handler = CoreHandler {
            packages: &[LOGGING, &package],
            imports: &format!("import {import}; import wasi:logging/logging@0.1.0-draft;"),
            data: r#"(data (i32.const 0) "STAGE")"#,
            code: &format!(
                r#"(call $"{import}#get" (i32.const 0) (i32.const 5) (i32.const 1024))
                (call $"wasi:logging/logging@0.1.0-draft#log" (i32.const 2) (i32.const 0) (i32.const 5)
                    (i32.load (i32.const {})) (i32.load (i32.const {})))
                (call $"{import}#get-all" (i32.const 2048))
                (call $"wasi:logging/logging@0.1.0-draft#log" (i32.const 2) (i32.const 0) (i32.const 0)
                    (i32.load (i32.load (i32.const {}))) (i32.const 5))"#,
                1024 + at,
                1024 + at + 4,
                2048 + at - 4,
            ),
        };
        let env = vec![("STAGE".to_owned(), "test".to_owned())];
        let (result, written) = run(&handler, MissingImports::Refuse, env).await;
        assert_eq!(result, Ok(StatusCode::OK), "{import}: {functions}");
        let texts: Vec<_> = written.messages().iter().map(|message| message.text.to_string()).collect();
        assert_eq!(texts, ["test", "STAGE"], "{import}: {functions}");
    }
}

/// Interfaces as components of other hosts import them: plain functions, resources, resources of WASI, types of another
/// missing interface.
const STORE: &str = "package acme:store@1.0.0;
    interface types { resource bucket { get: func(key: string) -> option<list<u8>>; } }
    interface kv {
        use types.{bucket};
        use wasi:io/streams@0.2.12.{output-stream};
        variant problem { no-such-bucket, other(string) }
        open: func(name: string) -> result<bucket, problem>;
        copy: func(source: borrow<bucket>, to: borrow<output-stream>) -> result<_, problem>;
        count: func() -> u32;
    }";

const ALL: &str = "import acme:store/types@1.0.0; import acme:store/kv@1.0.0; import beat: func(times: u32) -> u32;
    import clock: interface { now: func() -> u64; }";

fn trapping(code: &str) -> CoreHandler<'_> {
    CoreHandler { packages: &[STORE], imports: ALL, code, ..CoreHandler::default() }
}

#[tokio::test]
async fn a_handler_runs_while_it_calls_nothing_that_is_missing() {
    let (result, written) = run(&trapping(""), MissingImports::Trap, Vec::new()).await;
    assert_eq!(result, Ok(StatusCode::OK));
    assert_eq!(written.text(), "");
}

#[tokio::test]
async fn a_call_of_a_missing_function_ends_the_handler_with_its_name() {
    for (code, named) in [
        (r#"(drop (call $"acme:store/kv@1.0.0#count"))"#, "`count` of `acme:store/kv@1.0.0`"),
        (
            r#"(call $"acme:store/kv@1.0.0#open" (i32.const 0) (i32.const 1) (i32.const 1024))"#,
            "`open` of `acme:store/kv@1.0.0`",
        ),
        ("(drop (call $beat (i32.const 3)))", "`beat`"),
        (r#"(drop (call $"clock#now"))"#, "`now` of `clock`"),
    ] {
        let (result, _) = run(&trapping(code), MissingImports::Trap, Vec::new()).await;
        let Err(Fault::Trap(crash)) = result else { panic!("{code}: {result:?}") };
        let expected =
            format!("it called {named}, which this host does not have (component.missing-imports is \"trap\")");
        assert_eq!(crash.reason, expected);
    }
}

/// No instance of a missing resource exists, whatever number the guest makes up.
#[tokio::test]
async fn no_resource_of_a_missing_interface_can_be_had() {
    for number in [0, 1, 2, 7, -1] {
        let code = format!(
            r#"(call $"acme:store/types@1.0.0#[method]bucket.get"
                (i32.const {number}) (i32.const 0) (i32.const 1) (i32.const 1024))"#
        );
        let (result, _) = run(&trapping(&code), MissingImports::Trap, Vec::new()).await;
        let Err(Fault::Trap(crash)) = result else { panic!("{number}: {result:?}") };
        assert!(crash.reason.contains("handle") || crash.reason.contains("resource"), "{number}: {}", crash.reason);
    }
}

/// The imports of components for wasmCloud and Spin: key-value stores whose interfaces share a resource, a resource with
/// a constructor, an async-free database, configuration and logging in the versions of their time.
#[tokio::test]
async fn components_for_other_hosts_run_with_what_the_host_has() {
    let packages = [
        "package wasi:keyvalue@0.2.0-draft;
        interface store {
            variant error { no-such-store, access-denied, other(string) }
            record key-response { keys: list<string>, cursor: option<u64> }
            resource bucket {
                get: func(key: string) -> result<option<list<u8>>, error>;
                set: func(key: string, value: list<u8>) -> result<_, error>;
                list-keys: func(cursor: option<u64>) -> result<key-response, error>;
            }
            open: func(identifier: string) -> result<bucket, error>;
        }
        interface atomics {
            use store.{bucket, error};
            increment: func(bucket: borrow<bucket>, key: string, delta: u64) -> result<u64, error>;
        }",
        "package wasmcloud:bus@1.0.0;
        interface lattice {
            resource call-target-interface { constructor(namespace: string, %package: string, %interface: string); }
            set-link-name: func(name: string, interfaces: list<call-target-interface>);
        }",
        "package fermyon:spin@2.0.0;
        interface rdbms-types {
            variant db-value { boolean(bool), int64(s64), str(string), binary(list<u8>), db-null }
        }
        interface postgres {
            use rdbms-types.{db-value};
            variant error { connection-failed(string), other(string) }
            resource connection {
                open: static func(address: string) -> result<connection, error>;
                query: func(statement: string, params: list<db-value>) -> result<list<list<db-value>>, error>;
            }
        }",
        "package wasi:config@0.2.0-draft;
        interface runtime {
            variant config-error { upstream(string), io(string) }
            get: func(key: string) -> result<option<string>, config-error>;
            get-all: func() -> result<list<tuple<string, string>>, config-error>;
        }",
        &LOGGING.replace("@0.1.0-draft", ""),
    ];
    let imports = "import wasi:keyvalue/store@0.2.0-draft; import wasi:keyvalue/atomics@0.2.0-draft;
        import wasmcloud:bus/lattice@1.0.0; import fermyon:spin/postgres@2.0.0;
        import wasi:config/runtime@0.2.0-draft; import wasi:logging/logging;";
    let says = r#"(call $"wasi:config/runtime@0.2.0-draft#get" (i32.const 0) (i32.const 5) (i32.const 1024))
        (call $"wasi:logging/logging#log" (i32.const 2) (i32.const 0) (i32.const 0)
            (i32.load (i32.const 1032)) (i32.load (i32.const 1036)))"#;
    let env = || vec![("STAGE".to_owned(), "test".to_owned())];
    for (code, named) in [
        ("", None),
        (
            r#"(call $"wasi:keyvalue/store@0.2.0-draft#open" (i32.const 0) (i32.const 5) (i32.const 1024))"#,
            Some("`open` of `wasi:keyvalue/store@0.2.0-draft`"),
        ),
        (
            r#"(drop (call $"wasmcloud:bus/lattice@1.0.0#[constructor]call-target-interface"
                (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)))"#,
            Some("`call-target-interface` of `wasmcloud:bus/lattice@1.0.0`"),
        ),
        (
            r#"(call $"fermyon:spin/postgres@2.0.0#[static]connection.open" (i32.const 0) (i32.const 5) (i32.const 1024))"#,
            Some("`connection.open` of `fermyon:spin/postgres@2.0.0`"),
        ),
    ] {
        let code = format!("{says} {code}");
        let handler =
            CoreHandler { packages: &packages, imports, data: r#"(data (i32.const 0) "STAGE")"#, code: &code };
        let (result, written) = run(&handler, MissingImports::Trap, env()).await;
        assert_eq!(written.messages().len(), 1);
        assert_eq!(written.messages()[0].text, "test");
        match (result, named) {
            (Ok(status), None) => assert_eq!(status, StatusCode::OK),
            (Err(Fault::Trap(crash)), Some(named)) => assert!(crash.reason.contains(named), "{}", crash.reason),
            (result, named) => panic!("{named:?}: {result:?}"),
        }
    }
}

/// What the host has is not replaced, and grants nothing more.
#[tokio::test]
async fn other_imports_are_as_they_are_otherwise() {
    let handler = CoreHandler {
        packages: &[STORE, LOGGING],
        imports: &format!(
            "{ALL} import wasi:logging/logging@0.1.0-draft; import wasi:sockets/tcp-create-socket@0.2.12;"
        ),
        data: r#"(data (i32.const 0) "denied")"#,
        // The first byte of the result says whether it is an error, and the fifth which one: access-denied is 1.
        code: r#"(call $"wasi:sockets/tcp-create-socket@0.2.12#create-tcp-socket" (i32.const 0) (i32.const 1024))
            (if (i32.and (i32.eq (i32.load8_u (i32.const 1024)) (i32.const 1))
                         (i32.eq (i32.load8_u (i32.const 1028)) (i32.const 1)))
                (then (call $"wasi:logging/logging@0.1.0-draft#log"
                    (i32.const 2) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 6))))"#,
    };
    let (result, written) = run(&handler, MissingImports::Trap, Vec::new()).await;
    assert_eq!(result, Ok(StatusCode::OK));
    assert_eq!(written.messages().len(), 1);
    assert_eq!(written.messages()[0].text, "denied");
}

/// Without an entry for TCP nothing of sockets can be had, and the log says what was asked for and which entry allows it.
#[tokio::test]
async fn each_denial_of_sockets_is_logged() {
    let denied = async |imports: &str, code: &str| {
        let data = r#"(data (i32.const 0) "10.0.0.5db.example2001:db8::1198.18.0.7a:b@c")"#;
        let handler = CoreHandler { packages: &[], imports, data, code };
        let (result, written) = run(&handler, MissingImports::Refuse, Vec::new()).await;
        assert_eq!(result, Ok(StatusCode::OK));
        written.notices()
    };
    let lookups = "import wasi:sockets/instance-network@0.2.12; import wasi:sockets/ip-name-lookup@0.2.12;";
    let named = |to: &str| Notice::Denied {
        to: to.to_owned(),
        reason: "no entry of the list is for TCP connections to it".to_owned(),
        allow: Some(format!("tcp://{to}:PORT")),
    };
    for (begin, length, to) in [(0, 8, "10.0.0.5"), (8, 10, "db.example"), (18, 11, "[2001:db8::1]")] {
        let code = format!(
            r#"(call $"wasi:sockets/ip-name-lookup@0.2.12#resolve-addresses"
                (call $"wasi:sockets/instance-network@0.2.12#instance-network")
                (i32.const {begin}) (i32.const {length}) (i32.const 1024))"#
        );
        assert_eq!(denied(lookups, &code).await, [named(to)]);
    }
    // What is no name is denied without a line: nothing would allow it.
    let code = r#"(call $"wasi:sockets/ip-name-lookup@0.2.12#resolve-addresses"
        (call $"wasi:sockets/instance-network@0.2.12#instance-network") (i32.const 39) (i32.const 5) (i32.const 1024))"#;
    assert!(denied(lookups, code).await.is_empty());
    for (interface, function, to, entry) in [
        ("tcp-create-socket", "create-tcp-socket", "a TCP server", Some("tcp://HOST:PORT".to_owned())),
        ("udp-create-socket", "create-udp-socket", "a UDP socket", None),
    ] {
        let imports = format!("import wasi:sockets/{interface}@0.2.12;");
        let code = format!(r#"(call $"wasi:sockets/{interface}@0.2.12#{function}" (i32.const 0) (i32.const 1024))"#);
        match &denied(&imports, &code).await[..] {
            [Notice::Denied { to: found, allow, .. }] => assert_eq!((found.as_str(), allow), (to, &entry)),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn missing_imports_are_refused_by_default() {
    let error = load(&trapping(""), MissingImports::Refuse, Vec::new()).err().unwrap().to_string();
    for part in [
        "it imports `beat` and `clock`, which this host does not have",
        "it imports `kv` and `types` of `acme:store@1.0.0`, which this host does not have",
        "set component.missing-imports = \"trap\"",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

fn load(handler: &CoreHandler<'_>, missing: MissingImports, env: Vec<(String, String)>) -> Result<Guest, LoadError> {
    let runtime = Runtime::new(limits(), &Network::default());
    let grants = Grants { env, ..Grants::default() };
    let options = GuestOptions { grants, missing, ..GuestOptions::default() };
    load_on(&runtime, &compiled(&handler.component()), options)
}

/// The status of the answer, and what the handler wrote.
async fn run(
    handler: &CoreHandler<'_>,
    missing: MissingImports,
    env: Vec<(String, String)>,
) -> (Result<StatusCode, Fault>, std::sync::Arc<Written>) {
    let guest = load(handler, missing, env).unwrap_or_else(|error| panic!("{error}"));
    let (call, written) = call(Duration::from_secs(10));
    let answer = handle(&guest, request("none"), call).await;
    (answer.result.map(|response| response.status()), written)
}
