//! Tests with files and variables as a user writes them.

use super::*;

const FILE: &str = "funcserver.toml";

fn env(variables: &[(&str, &str)]) -> Variables {
    variables.iter().copied().collect()
}

fn from_file(text: &str) -> Result<Config, ConfigErrors> {
    Config::read(Some((Path::new(FILE), text)), &Variables::default())
}

fn from_env(variables: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::read(None, &env(variables))
}

/// The errors, one per line.
fn lines(result: Result<Config, ConfigErrors>) -> Vec<String> {
    result.expect_err("there are errors").iter().map(ToString::to_string).collect()
}

#[test]
fn nothing_set_gives_the_defaults() {
    assert_eq!(from_env(&[]), Ok(Config::default()));
    assert_eq!(from_file(""), Ok(Config::default()));
    assert_eq!(from_file("[limits]\n[alb]\n"), Ok(Config::default()));
}

#[test]
fn every_setting_from_the_file() {
    let text = r#"
        alb = { cookie-variants = false, trusted-hops = 0x2 }
        component.path = 'target/shop.wasm'
        component.build = "cargo build"
        network.sign-aws = ['dynamodb', 's3']
        network.allow = [
            "https://api.example.com", # theirs
            "*.example.com:443",
        ]

        [limits]
        memory = "512MiB"
        max-reply = 500_000
        deadline-margin = "250ms"
        timeout = "2s"
    "#;
    let config = Config::read(Some((Path::new("project/funcserver.toml"), text)), &Variables::default()).unwrap();
    assert_eq!(
        config,
        Config {
            component: ComponentConfig {
                path: Some("project/target/shop.wasm".into()),
                build: Some("cargo build".into()),
                ..ComponentConfig::default()
            },
            network: NetworkConfig {
                sign_aws: SignAws::parse(["dynamodb", "s3"]).unwrap(),
                allow: Allow::parse(["https://api.example.com", "*.example.com:443"]).unwrap(),
                roots: None,
                ca: None,
            },
            limits: LimitsConfig {
                memory: Some(512 << 20),
                max_reply: 500_000,
                deadline_margin: Duration::from_millis(250),
                timeout: Some(Duration::from_secs(2)),
                ..LimitsConfig::default()
            },
            alb: AlbConfig { cookie_variants: false, trusted_hops: 2 },
            ..Config::default()
        }
    );
}

#[test]
fn variables_win_over_the_file() {
    let text = "[limits]\nmemory = '1GiB'\ntimeout = '1s'\n";
    let env = env(&[("FUNCSERVER_LIMITS_MEMORY", "64MiB"), ("FUNCSERVER_COMPONENT", "/opt/shop.cwasm")]);
    let config = Config::read(Some((Path::new("project/funcserver.toml"), text)), &env).unwrap();
    assert_eq!(config.limits.memory, Some(64 << 20));
    assert_eq!(config.limits.timeout, Some(Duration::from_secs(1)));
    assert_eq!(config.component.path, Some("/opt/shop.cwasm".into()));
}

#[test]
fn the_log_follows_lambda() {
    let config = from_env(&[("AWS_LAMBDA_LOG_FORMAT", "JSON"), ("AWS_LAMBDA_LOG_LEVEL", "warn")]).unwrap();
    assert_eq!(config.log, LogConfig { format: Format::Json, level: Level::Warn, ..LogConfig::default() });
    let config = from_env(&[("AWS_LAMBDA_LOG_FORMAT", ""), ("AWS_LAMBDA_LOG_LEVEL", "")]).unwrap();
    assert_eq!(config.log, LogConfig { format: Format::Text, level: Level::Info, ..LogConfig::default() });
}

#[test]
fn the_network_is_closed_unless_it_is_opened() {
    assert_eq!(from_file("[network]\nallow = []\n"), Ok(Config::default()));
    let config = from_env(&[("FUNCSERVER_NETWORK_ALLOW", "https://a, *.b:443,http://10.0.0.5:8080")]).unwrap();
    assert_eq!(config.network.allow, Allow::parse(["https://a", "*.b:443", "http://10.0.0.5:8080"]).unwrap());
}

#[test]
fn proposals_are_a_list_of_known_names() {
    let names = |config: Config| {
        config.component.proposals.map(|list| list.iter().map(|proposal| proposal.name).collect::<Vec<_>>())
    };
    let set = |value: &str| from_file(&format!("component.proposals = {value}")).map(names);
    assert_eq!(set("[]"), Ok(Some(vec![])));
    assert_eq!(set("['simd', 'gc']"), Ok(Some(vec!["simd", "gc"])));
    let variable = from_env(&[("FUNCSERVER_COMPONENT_PROPOSALS", "simd, tail-call")]);
    assert_eq!(variable.map(names), Ok(Some(vec!["simd", "tail-call"])));

    let errors = lines(from_file("component.proposals = ['simd', 'GC']"));
    let all: Vec<_> = funcserver_engine::PROPOSALS.iter().map(|proposal| format!("\"{}\"", proposal.name)).collect();
    let expected = format!(
        "funcserver.toml:1: component.proposals is ['simd', 'GC'], allowed: a list of {}; \"GC\" is not one of them",
        all.join(", ")
    );
    assert_eq!(errors, [expected]);
    assert!(lines(from_file("component.proposals = 'gc'"))[0].contains("allowed: a list of \"bulk-memory\""));
}

#[test]
fn root_certificates_follow_the_customary_variable() {
    assert_eq!(from_env(&[("SSL_CERT_FILE", "/etc/own.pem")]).unwrap().network.roots, Some("/etc/own.pem".into()));
    assert_eq!(from_env(&[("SSL_CERT_FILE", "")]), Ok(Config::default()));
}

#[test]
fn other_variables_do_not_matter() {
    assert_eq!(
        from_env(&[("FUNCSERVER_BOOTSTRAP_DIR", "/opt"), ("PATH", "/bin"), ("FUNCSERVERX", "1")]),
        Ok(Config::default())
    );
}

#[test]
fn each_kind_of_bad_value_in_the_file() {
    for (line, error) in [
        ("component.path = 'shop'", "component.path is 'shop', allowed: the path of a .wasm or .cwasm file"),
        ("component.path = 1", "component.path is 1, allowed: the path of a .wasm or .cwasm file"),
        (
            "component.build = ['cargo', 'build']",
            "component.build is ['cargo', 'build'], allowed: a command as one text",
        ),
        (
            "component.app = 'src/app.rb'",
            "component.app is 'src/app.rb', allowed: an app in Python as \"module:name\", such as \"shop.wsgi:app\" or \
             \"shop:create_app()\"; one in JavaScript or TypeScript as the path of its module, such as \"src/app.ts\" or \
             \"src/app.ts:api\" for an export; one in Go as the folder of its package main, such as \".\" or \
             \"./cmd/shop\"; an app in another language has component.path and component.build instead",
        ),
        ("component.import = 'later'", "component.import is 'later', allowed: \"build\" or \"start\""),
        ("component.build = ' '", "component.build is ' ', allowed: a command as one text"),
        (
            "component.warmup = 'ready'",
            "component.warmup is 'ready', allowed: a path such as \"/ready\", with a query if need be",
        ),
        ("guest.reuse = 0", "guest.reuse is 0, allowed: a whole number from 1 to 1000000"),
        (
            "guest.idle = '2d'",
            "guest.idle is '2d', allowed: a duration from 1ms to 86400s, with its unit, as \"2s\" or \"100ms\"",
        ),
        (
            "network.allow = 'https://a'",
            "network.allow is 'https://a', allowed: a list such as \"https://api.example.com\", \"*.example.com:443\", \"postgres://db.example.com:5432\"",
        ),
        (
            "network.allow = ['https://a', 1]",
            "network.allow is ['https://a', 1], allowed: a list such as \"https://api.example.com\", \"*.example.com:443\", \"postgres://db.example.com:5432\"",
        ),
        (
            "network.allow = ['a', 'https://b/c']",
            "network.allow is ['a', 'https://b/c'], allowed: a list such as \"https://api.example.com\", \"*.example.com:443\", \"postgres://db.example.com:5432\"; \"https://b/c\" has a path, but whole origins are allowed: https://b",
        ),
        (
            "network.sign-aws = 's3'",
            "network.sign-aws is 's3', allowed: a list such as \"dynamodb\", \"s3\", \"https://shop.s3.eu-west-1.amazonaws.com\"",
        ),
        (
            "network.sign-aws = ['s3', 'tls://a:443']",
            "network.sign-aws is ['s3', 'tls://a:443'], allowed: a list such as \"dynamodb\", \"s3\", \"https://shop.s3.eu-west-1.amazonaws.com\"; \"tls://a:443\" has a scheme other than https, and the host signs only requests of HTTP",
        ),
        (
            "limits.memory = 'lots'",
            "limits.memory is 'lots', allowed: a size from 1MiB to 10GiB, as \"1MiB\" or in bytes",
        ),
        ("limits.memory = -1", "limits.memory is -1, allowed: a size from 1MiB to 10GiB, as \"1MiB\" or in bytes"),
        ("limits.memory = 1e9", "limits.memory is 1e9, allowed: a size from 1MiB to 10GiB, as \"1MiB\" or in bytes"),
        (
            "limits.max-reply = '7MiB'",
            "limits.max-reply is '7MiB', allowed: a size from 1KiB to 6MiB, as \"1MiB\" or in bytes",
        ),
        (
            "limits.deadline-margin = '2m'",
            "limits.deadline-margin is '2m', allowed: a duration from 0ms to 60s, with its unit, as \"2s\" or \"100ms\"",
        ),
        (
            "limits.timeout = 7",
            "limits.timeout is 7, allowed: a duration from 1ms to 900s, with its unit, as \"2s\" or \"100ms\"; 7 has no unit: write \"7s\" or \"7ms\"",
        ),
        (
            "limits.timeout = 2024-01-01",
            "limits.timeout is 2024-01-01, allowed: a duration from 1ms to 900s, with its unit, as \"2s\" or \"100ms\"",
        ),
        ("alb.cookie-variants = 'true'", "alb.cookie-variants is 'true', allowed: true or false"),
        ("alb.trusted-hops = '1'", "alb.trusted-hops is '1', allowed: a whole number from 0 to 100"),
        ("alb.trusted-hops = {}", "alb.trusted-hops is {}, allowed: a whole number from 0 to 100"),
        ("alb = 1", "alb is 1, allowed: a table [alb] with alb.cookie-variants, alb.trusted-hops"),
        ("limit.memory = 1", "unknown section limit, did you mean limits?"),
        (
            "memory = 1",
            "unknown section memory, allowed: component, guest, network, limits, response, alb, events, log, lambda, deploy",
        ),
        ("limits.memry = 1", "unknown key limits.memry, did you mean limits.memory?"),
        ("alb.colour = 1", "unknown key alb.colour, allowed: alb.cookie-variants, alb.trusted-hops"),
    ] {
        assert_eq!(lines(from_file(&format!("\n{line}\n"))), [format!("{FILE}:2: {error}")]);
    }
}

#[test]
fn each_kind_of_bad_variable() {
    for (name, value, error) in [
        ("FUNCSERVER_COMPONENT", "", "component.path is \"\", allowed: the path of a .wasm or .cwasm file"),
        ("FUNCSERVER_COMPONENT_BUILD", "", "component.build is \"\", allowed: a command as one text"),
        ("FUNCSERVER_ALB_COOKIE_VARIANTS", "yes", "alb.cookie-variants is \"yes\", allowed: true or false"),
        ("FUNCSERVER_ALB_TRUSTED_HOPS", "1.5", "alb.trusted-hops is \"1.5\", allowed: a whole number from 0 to 100"),
        (
            "FUNCSERVER_NETWORK_ALLOW",
            "a,,b",
            "network.allow is \"a,,b\", allowed: a list such as \"https://api.example.com\", \"*.example.com:443\", \"postgres://db.example.com:5432\"; \"\" has no valid host, as in \"api.example.com\"",
        ),
        (
            "FUNCSERVER_NETWORK_ALLOW",
            "",
            "network.allow is \"\", allowed: a list such as \"https://api.example.com\", \"*.example.com:443\", \"postgres://db.example.com:5432\"",
        ),
        (
            "FUNCSERVER_LIMITS_MEMORY",
            "1TiB",
            "limits.memory is \"1TiB\", allowed: a size from 1MiB to 10GiB, as \"1MiB\" or in bytes",
        ),
        (
            "FUNCSERVER_LIMITS_TIMEOUT",
            "0",
            "limits.timeout is \"0\", allowed: a duration from 1ms to 900s, with its unit, as \"2s\" or \"100ms\"; 0 has no unit: write \"0s\" or \"0ms\"",
        ),
        (
            "FUNCSERVER_LIMIT_MEMORY",
            "1MiB",
            "unknown variable FUNCSERVER_LIMIT_MEMORY, did you mean FUNCSERVER_LIMITS_MEMORY?",
        ),
        ("AWS_LAMBDA_LOG_FORMAT", "XML", "the log format is \"XML\", allowed: Text, JSON"),
        ("AWS_LAMBDA_LOG_LEVEL", "LOUD", "the log level is \"LOUD\", allowed: TRACE, DEBUG, INFO, WARN, ERROR, FATAL"),
    ] {
        assert_eq!(lines(from_env(&[(name, value)])), [format!("{name}: {error}")]);
    }
}

#[test]
fn the_error_for_an_unknown_variable_lists_all_of_them() {
    let [line] = <[String; 1]>::try_from(lines(from_env(&[("FUNCSERVER_XYZ", "")]))).unwrap();
    for setting in SETTINGS {
        assert!(line.contains(setting.variable), "{line}");
    }
}

#[test]
fn everything_is_reported_at_once_in_the_order_of_the_lines() {
    let text = "[limits]\ntimeout = 'x'\nmemory = 'y'\n\n[alb]\nhops = 1\n\n[colour]\n";
    let env = env(&[("FUNCSERVER_ALB_TRUSTED_HOPS", "z"), ("AWS_LAMBDA_LOG_LEVEL", "LOUD")]);
    let lines = lines(Config::read(Some((Path::new(FILE), text)), &env));
    let places: Vec<_> = lines.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "funcserver.toml:2",
            "funcserver.toml:3",
            "funcserver.toml:6",
            "funcserver.toml:8",
            "FUNCSERVER_ALB_TRUSTED_HOPS",
            "AWS_LAMBDA_LOG_LEVEL"
        ]
    );
}

#[test]
fn invalid_toml_is_reported_with_its_line() {
    for (text, line) in [("[limits]\nmemory = \n", 2), ("[limits\n", 1), ("[alb]\n[alb]\n", 2), ("a = 1\na = 2\n", 2)] {
        let lines = lines(from_file(text));
        assert!(lines[0].starts_with(&format!("{FILE}:{line}: not valid TOML: ")), "{text:?} gave {lines:?}");
        assert!(lines.iter().all(|line| !line.contains('\n')), "{lines:?}");
    }
    assert!(lines(from_file(&"]\n".repeat(1000))).len() <= 3);
}

#[test]
fn odd_names_cannot_break_the_report() {
    let lines = lines(from_file("\"a\\nb\" = 1\n"));
    assert_eq!(
        lines,
        [format!(
            "{FILE}:1: unknown section a…, allowed: component, guest, network, limits, response, alb, events, log, lambda, deploy"
        )]
    );
}

#[test]
fn the_carried_text_is_stable_and_has_the_settings_of_the_host() {
    let one = "# ours\n[component]\npath = 'a.wasm'\nbuild = 'make'\n[network]\nallow = ['a',\n  'b'] # both\n[alb]\ntrusted-hops = 0x2\n[limits]\ntimeout = \"2s\" # short\nmemory='1GiB'\n";
    let other =
        "network.allow = ['a',\n  'b']\nlimits = { memory = '1GiB', timeout = \"2s\" }\nalb.trusted-hops = 0x2\n";
    let expected = "[network]\nallow = ['a',\n  'b']\n\n[limits]\nmemory = '1GiB'\ntimeout = \"2s\"\n\n[alb]\ntrusted-hops = 0x2\n";
    for text in [one, other, expected] {
        assert_eq!(carried(Path::new(FILE), text).unwrap(), expected);
    }
    let without_component = Config { component: ComponentConfig::default(), ..from_file(one).unwrap() };
    assert_eq!(from_file(expected).unwrap(), without_component);
}

#[test]
fn the_warm_up_is_carried_and_the_rest_of_its_section_is_not() {
    let text = "[component]\npath = 'a.wasm'\nwarmup = '/ready?a=%20'\nbuild = 'make'\n";
    assert_eq!(carried(Path::new(FILE), text).unwrap(), "[component]\nwarmup = '/ready?a=%20'\n");
    for path in ["", "ready", "https://shop.example/", "/a b"] {
        assert!(from_env(&[("FUNCSERVER_COMPONENT_WARMUP", path)]).is_err(), "{path}");
    }
}

#[test]
fn a_file_without_settings_of_the_host_carries_nothing() {
    assert_eq!(
        carried(Path::new(FILE), "[component]\napp = 'shop:app'\nimport = 'start'\nbuild = 'make'\n"),
        Ok(String::new())
    );
    assert_eq!(carried(Path::new(FILE), "[deploy]\nname = 'shop'\nenv = { STAGE = 'test' }\n"), Ok(String::new()));
    assert!(carried(Path::new(FILE), "[component]\npath = 'a'\n").is_err());
}

#[test]
fn memory_follows_the_function_unless_it_is_set() {
    let default = LimitsConfig::default();
    for (function, instance) in [(0, 16), (80, 16), (128, 60), (512, 444), (10_240, 10_172)] {
        assert_eq!(default.memory_in(function * MIB, 1), instance * MIB, "{function}");
    }
    assert_eq!(default.memory_in(2112 * MIB, 32), 60 * MIB);
    assert_eq!(LimitsConfig { memory: Some(5), ..default }.memory_in(1024 * MIB, 1), 5);
}

#[test]
fn a_component_gets_the_resources_in_its_settings() {
    let text = r#"
        [guest]
        inherit-env = ["API_KEY", "STAGE"]
        assets = "public"
        tmp = true

        [guest.env]
        STAGE = "test"
        GREETING = 'say "hi"'
    "#;
    let config = from_file(text).unwrap();
    assert!(config.guest.tmp);
    let missing = config.guest.variables(&env(&[("STAGE", "live")])).unwrap_err().to_string();
    assert!(missing.contains("API_KEY") && !missing.contains("STAGE"), "{missing}");
    let given = config.guest.variables(&env(&[("STAGE", "live"), ("API_KEY", "s3cret"), ("OTHER", "x")])).unwrap();
    let expected = [("API_KEY", "s3cret"), ("GREETING", "say \"hi\""), ("STAGE", "live")];
    assert_eq!(given, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn a_table_of_variables_is_carried_in_every_notation() {
    for text in ["[guest.env]\nA = 'x\\y'\nB = \"\"\n", "[guest]\nenv = { A = 'x\\y', B = '' }\n"] {
        let carried = carried(Path::new(FILE), text).unwrap();
        assert_eq!(carried, "[guest]\nenv = { \"A\" = \"x\\\\y\", \"B\" = \"\" }\n");
        assert_eq!(from_file(&carried).unwrap().guest, from_file(text).unwrap().guest);
    }
}

#[test]
fn secrets_are_carried_as_places_and_a_variable_replaces_all_of_them() {
    let text = "[guest]\nsecrets-max-age = '5m'\n[guest.secrets]\nA = 'ssm:/a'\nB = 'secretsmanager:b#c'\n";
    let carried = carried(Path::new(FILE), text).unwrap();
    let secrets = "secrets = { \"A\" = \"ssm:/a\", \"B\" = \"secretsmanager:b#c\" }";
    assert_eq!(carried, format!("[guest]\n{secrets}\nsecrets-max-age = '5m'\n"));
    assert_eq!(from_file(&carried).unwrap().guest, from_file(text).unwrap().guest);
    let variables = env(&[("FUNCSERVER_GUEST_SECRETS", r#"{"C": "ssm:/c"}"#)]);
    let config = Config::read(Some((Path::new(FILE), text)), &variables).unwrap();
    assert_eq!(config.guest.names().into_iter().collect::<Vec<_>>(), ["C"]);
}

/// Wherever a value of the file or of a variable is quoted.
#[test]
fn no_error_has_a_password() {
    let url = "postgres://app:hunter2@db.example.com:5432/shop";
    let long = format!("postgres://app:hunter2{}@db.example.com:5432/shop", "x".repeat(100));
    let query = "postgres://db.example.com:5432/shop?user=app&password=hunter2";
    for url in [url, &long, query, "postgres://app:hun,ter2hunter2@db:5432/shop", "host=db user=app password=hunter2"] {
        for line in [
            format!("network.allow = ['{url}']"),
            format!("network.allow = ['https://api.example.com', \"{url}\"]"),
            format!("network.allow = '{url}'"),
            format!("network.allow = [5, '{url}']"),
            format!("network.sign-aws = ['{url}']"),
            format!("network.sign-aws = ['s3', 'https://{url}', '{url}']"),
            format!("network = '{url}'"),
            format!("network.ca = ['{url}']"),
            format!("network.ca = '{url}'"),
            format!("guest.assets = '{url}'"),
            format!("network.'{url}' = 1"),
            format!("'{url}' = 1"),
            format!("component.build = ['{url}']"),
            format!("component.proposals = ['{url}']"),
            format!("limits.timeout = '{url}'"),
            format!("guest.env = {{ DATABASE_URL = '{url}', PORT = 1 }}"),
            format!("guest.env = '{url}'"),
            "guest.env = { KEY = 'hunter2', PORT = 1 }".to_owned(),
            format!("guest.inherit-env = ['{url}']"),
            format!("guest.secrets = {{ DATABASE_URL = '{url}' }}"),
            format!("guest.secrets = {{ DATABASE_URL = 'ssm:{url}' }}"),
            format!("guest.secrets = ['{url}']"),
            "guest.secrets = { KEY = 'hunter2', PORT = 1 }".to_owned(),
            format!("guest.secrets-max-age = '{url}'"),
            // Not valid TOML.
            format!("network.allow = ['{url}"),
            format!("network.allow = {url}"),
            url.to_owned(),
            format!("network.allow = ['{url}']\nnetwork.allow = ['{url}']"),
        ] {
            // Some settings accept it, and say later that there is no such variable or file.
            let told = match from_file(&line) {
                Err(errors) => errors.to_string(),
                Ok(config) => {
                    let guest = &config.guest;
                    let errors = [
                        guest.variables(&Variables::default()).err(),
                        guest.assets().err(),
                        config.network.check().err(),
                    ];
                    errors.into_iter().flatten().map(|error| error.to_string()).collect()
                }
            };
            assert!(!told.is_empty(), "{line}");
            assert!(!told.contains("hunter2") && !told.contains("hun,"), "{line}: {told}");
        }
        for variable in SETTINGS.iter().map(|setting| setting.variable).chain(["AWS_LAMBDA_LOG_LEVEL"]) {
            // Some settings accept any text.
            if let Err(errors) = from_env(&[(variable, url)]) {
                let told = errors.to_string();
                assert!(!told.contains("hunter2") && !told.contains("hun,"), "{variable}: {told}");
            }
        }
    }
    let errors = lines(from_file(&format!("network.allow = ['{url}']")));
    let expected = "funcserver.toml:1: network.allow is ['postgres://…@db.example.com:5432/shop'], allowed: a list such as \
                    \"https://api.example.com\", \"*.example.com:443\", \"postgres://db.example.com:5432\"; \
                    \"postgres://…@db.example.com:5432/shop\" names a user: the handler logs in, and an entry is only the \
                    server, as in \"postgres://db.example.com:5432\"";
    assert_eq!(errors, [expected]);
}

#[test]
fn missing_imports_are_refused_unless_they_may_trap() {
    let set = |value: &str| from_file(&format!("component.missing-imports = {value}"));
    assert_eq!(from_file("").unwrap().component.missing_imports, MissingImports::Refuse);
    assert_eq!(set("'refuse'").unwrap().component.missing_imports, MissingImports::Refuse);
    assert_eq!(set("'trap'").unwrap().component.missing_imports, MissingImports::Trap);
    let variable = from_env(&[("FUNCSERVER_COMPONENT_MISSING_IMPORTS", "trap")]).unwrap();
    assert_eq!(variable.component.missing_imports, MissingImports::Trap);
    let expected = "funcserver.toml:1: component.missing-imports is 'ignore', allowed: \"refuse\" or \"trap\"";
    assert_eq!(lines(set("'ignore'")), [expected]);
    assert!(lines(set("true"))[0].contains("allowed: \"refuse\" or \"trap\""));
}
