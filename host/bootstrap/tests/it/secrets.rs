//! `guest.secrets`, with services on loopback: when they are fetched, what the handler gets, and that nothing else does.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use funcserver_local::environment::Environment;
use funcserver_test_guest::act;
use serde_json::Value;

use crate::common::aws::{Asked, Aws, KEYS, Mood};
use crate::common::root::{Root, status};
use crate::common::runtime_api::{self, Bootstrap, accepted, event, http, text};

const SETTINGS: &str = "
[log]
backtrace = true
[guest]
reuse = 100
[guest.env]
STAGE = 'test'
KEY = 'the secret takes its place'
[guest.secrets]
PASSWORD = 'secretsmanager:prod/db#password'
PORT = 'secretsmanager:prod/db#port'
KEY = 'ssm:/prod/key'
";

/// A task root with these settings, and the services that it asks.
fn root(settings: &str) -> (Root, Aws) {
    let aws = Aws::start();
    aws.secret("prod/db", r#"{"password": "hunter2", "port": 5432}"#);
    aws.parameter("/prod/key", "swordfish");
    let mut root = Root::with_component("handler.cwasm").with_file("funcserver.toml", settings);
    root.variables = [&KEYS[..], &[("AWS_LAMBDA_LOG_LEVEL", "TRACE")]].concat();
    root.addresses = vec![("AWS_ENDPOINT_URL", aws.address.clone())];
    (root, aws)
}

/// The variables of the handler, as JSON.
async fn variables(environment: &Environment) -> String {
    let seen: Value = serde_json::from_str(&body(environment, "env").await).unwrap();
    seen["environment"].to_string()
}

async fn body(environment: &Environment, name: &str) -> String {
    let reply = environment.invoke(act(name).to_string().into()).await.unwrap();
    let reply: Value = serde_json::from_slice(&reply).unwrap();
    reply["body"].as_str().unwrap().to_owned()
}

/// Ends the environment, and returns what it has logged: none of the values and keys.
async fn log(environment: Environment, root: &Root) -> String {
    environment.shut_down().await;
    let lines = root.lines.lock().unwrap().join("\n");
    no_secret(&lines);
    lines
}

fn no_secret(text: &str) {
    let keys = KEYS.iter().map(|(_, key)| *key);
    for secret in ["hunter2", "hunter3", "swordfish"].into_iter().chain(keys) {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
}

/// The names of the secrets and parameters that a request asks for.
fn names(asked: &Asked) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match asked.body["Names"].as_array() {
        Some(names) => names.iter().map(text).collect(),
        None => vec![text(&asked.body["SecretId"])],
    }
}

#[tokio::test]
async fn the_handler_gets_them_with_its_first_event_and_the_log_never() {
    let (root, aws) = root(SETTINGS);
    let environment = root.start().await;
    assert_eq!(
        variables(&environment).await,
        r#"[["STAGE","test"],["KEY","swordfish"],["PASSWORD","hunter2"],["PORT","5432"]]"#
    );
    for fault in ["trap", "panic:broken", "stack", "exit:3"] {
        no_secret(&String::from_utf8_lossy(&environment.invoke(act(fault).to_string().into()).await.unwrap()));
    }
    assert!(variables(&environment).await.contains("hunter2"), "a new instance has them too");
    assert_eq!(aws.asked().len(), 2, "each secret is read once: {:?}", aws.asked());
    let lines = log(environment, &root).await;
    assert!(lines.contains("the secrets were fetched"), "{lines}");
}

#[tokio::test]
async fn requests_are_signed_for_their_service_and_region() {
    let (root, aws) = root(SETTINGS);
    assert_eq!(status(&root.invoke(&act("state")).await.unwrap()), 200);
    let asked = aws.asked();
    assert_eq!(asked.len(), 2);
    for (service, target) in [("secretsmanager", "secretsmanager.GetSecretValue"), ("ssm", "AmazonSSM.GetParameters")] {
        let request = asked.iter().find(|asked| asked.header("x-amz-target") == Some(target)).unwrap();
        assert!(request.head.starts_with("POST / HTTP/1.1\r\n"), "{}", request.head);
        assert_eq!(request.header("content-type"), Some("application/x-amz-json-1.1"));
        assert_eq!(request.header("x-amz-security-token"), Some("TokenOfTheFunction"));
        let authorization = request.header("authorization").unwrap();
        let expected = ["AWS4-HMAC-SHA256 Credential=AKIDOFTHEFUNCTION/", &format!("/{service}/aws4_request,")];
        assert!(expected.iter().all(|part| authorization.contains(part)), "{authorization}");
        assert!(authorization.contains("SignedHeaders=") && authorization.contains("x-amz-target"), "{authorization}");
    }
}

#[tokio::test]
async fn without_secrets_no_service_is_asked() {
    let (root, aws) = root("");
    assert_eq!(status(&root.invoke(&act("state")).await.unwrap()), 200);
    assert!(aws.asked().is_empty());
}

#[tokio::test]
async fn all_are_fetched_at_once_and_parameters_in_batches() {
    let names_of = |service: &str, count: usize| -> String {
        (0..count).map(|at| format!("{}{at} = '{service}:{at}'\n", service.to_uppercase())).collect()
    };
    let settings = format!("[guest.secrets]\n{}{}", names_of("ssm", 21), names_of("secretsmanager", 6));
    let (root, aws) = root(&settings);
    for at in 0..21 {
        aws.parameter(&at.to_string(), &format!("parameter {at}"));
        aws.secret(&at.to_string(), &format!("secret {at}"));
    }
    let environment = root.start().await;
    let seen = variables(&environment).await;
    for (name, value) in [("SSM0", "parameter 0"), ("SSM20", "parameter 20"), ("SECRETSMANAGER5", "secret 5")] {
        assert!(seen.contains(&format!(r#"["{name}","{value}"]"#)), "{name}: {seen}");
    }
    let mut sizes: Vec<_> = aws.asked().iter().map(|asked| names(asked).len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 1, 1, 1, 1, 1, 10, 10]);
    log(environment, &root).await;
}

#[tokio::test]
async fn what_is_missing_denied_or_no_text_fails_the_start_with_all_names_and_what_to_do() {
    let settings = "[guest.secrets]
GOOD = 'ssm:/prod/key'
GONE = 'secretsmanager:nowhere'
NOT_THERE = 'ssm:/nowhere'
DENIED = 'secretsmanager:denied#a'
SHUT = 'ssm:/denied'
BINARY = 'secretsmanager:binary'
NO_JSON = 'secretsmanager:text#field'
NO_FIELD = 'secretsmanager:prod/db#user'
";
    let (mut root, aws) = root(settings);
    aws.binary("binary", "aHVudGVyMg==");
    aws.secret("text", "hunter2");
    aws.deny("denied");
    aws.deny("/denied");
    let message = root.init_error().await;
    no_secret(&message);
    assert!(!message.contains("aHVudGVyMg"), "{message}");
    for expected in [
        "guest.secrets: ",
        "GONE (secretsmanager:nowhere): Secrets Manager in ",
        "NOT_THERE (ssm:/nowhere): Parameter Store in ",
        "DENIED (secretsmanager:denied#a): access is denied: allow secretsmanager:GetSecretValue on it",
        "SHUT (ssm:/denied): access is denied: allow ssm:GetParameters on it",
        "BINARY (secretsmanager:binary): it is binary",
        "NO_JSON (secretsmanager:text#field): it is not a JSON object",
        "NO_FIELD (secretsmanager:prod/db#user): its JSON object has no such field",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
    assert!(!message.contains("GOOD"), "a denied parameter denies its batch, and the others are read alone: {message}");
    no_secret(&root.lines.lock().unwrap().join("\n"));

    for (variable, value, expected) in [
        ("AWS_ENDPOINT_URL_SSM", "http://10.0.0.5", "AWS_ENDPOINT_URL_SSM is not an address"),
        ("AWS_REGION", "eu/north", "AWS_REGION is not the name of a region"),
        ("AWS_SECRET_ACCESS_KEY", "", "AWS_SECRET_ACCESS_KEY"),
        ("FUNCSERVER_GUEST_SECRETS", r#"{"A": "hunter2"}"#, "A begins with neither \"secretsmanager:\" nor \"ssm:\""),
    ] {
        root.variables.push((variable, value));
        let message = root.init_error().await;
        no_secret(&message);
        assert!(message.contains(expected), "{expected}: {message}");
        root.variables.pop();
    }
}

#[tokio::test]
async fn errors_of_the_services_are_named_and_their_messages_are_not_shown() {
    for (error, expected, tries) in [
        ("UnrecognizedClientException", "AWS does not accept the function's credentials (Unrecognized", 1),
        ("InvalidSignatureException", "AWS does not accept the function's credentials (InvalidSignature", 1),
        ("ThrottlingException", "refuses more requests for now", 3),
        ("InternalServerError", "answers with status 500 (InternalServerError)", 3),
        ("InvalidRequestException", "marked for deletion", 1),
        ("DecryptionFailure", "allow kms:Decrypt", 1),
    ] {
        let (root, aws) = root("[guest.secrets]\nPASSWORD = 'secretsmanager:prod/db'\n");
        aws.set_mood(Mood::Fails(usize::MAX, error));
        let message = root.init_error().await;
        no_secret(&message);
        assert!(message.contains("PASSWORD (secretsmanager:prod/db): ") && message.contains(expected), "{message}");
        assert_eq!(aws.asked().len(), tries, "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_the_service_is_an_error_without_its_text() {
    let endless = format!("HTTP/1.1 200 OK\r\ncontent-length: 2000000\r\n\r\n{}", "hunter2".repeat(300_000));
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n\"hunter2\"", "is not one of this service"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", "is not one of this service"),
        ("HTTP/1.1 403 No\r\ncontent-length: 7\r\n\r\nhunter2", "answers with status 403"),
        ("hunter2\r\n\r\n", "cannot be reached"),
        (&endless, "more than 1048576 bytes"),
    ] {
        let (root, aws) = root("[guest.secrets]\nPASSWORD = 'secretsmanager:prod/db'\n");
        aws.set_mood(Mood::Raw(answer.to_owned()));
        let message = root.init_error().await;
        no_secret(&message);
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[tokio::test]
async fn a_failure_that_passes_is_not_one_of_the_start() {
    for error in ["ThrottlingException", "InternalServerError"] {
        let (root, aws) = root("[guest.secrets]\nPASSWORD = 'secretsmanager:prod/db'\n");
        aws.set_mood(Mood::Fails(2, error));
        let environment = root.start().await;
        assert!(variables(&environment).await.contains("hunter2"));
        assert_eq!(aws.asked().len(), 3);
        log(environment, &root).await;
    }
}

#[tokio::test]
async fn a_service_that_stalls_fails_the_start_before_lambda_does() {
    let (root, aws) = root(SETTINGS);
    aws.set_mood(Mood::Stalls);
    let begin = Instant::now();
    let message = root.init_error().await;
    assert!(begin.elapsed() < Duration::from_secs(9), "{:?}", begin.elapsed());
    let expected = format!("{} did not answer within 4.0 s; a function in a VPC needs", aws.address);
    assert!(message.contains(&expected), "{message}");
}

#[tokio::test]
async fn a_rotated_secret_is_fetched_again_between_events() {
    let (mut root, aws) = root(SETTINGS);
    root.variables.push(("FUNCSERVER_GUEST_SECRETS_MAX_AGE", "1s"));
    let environment = root.start().await;
    assert!(variables(&environment).await.contains("hunter2"));
    aws.secret("prod/db", r#"{"password": "hunter3", "port": 5432}"#);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let seen = variables(&environment).await;
    assert!(seen.contains("hunter3") && seen.contains("swordfish"), "the first event afterwards has it: {seen}");
    let counts = [body(&environment, "state").await, body(&environment, "state").await];
    assert_eq!(counts, [r#"{"requests":1}"#, r#"{"requests":2}"#], "an instance that has it is reused");
    let lines = log(environment, &root).await;
    let changed: Vec<_> = lines.lines().filter(|line| line.contains("secrets have changed")).collect();
    assert!(matches!(changed[..], [line] if line.contains("PASSWORD") && !line.contains("KEY")), "{changed:?}");
}

#[tokio::test]
async fn never_is_the_usual_age() {
    let (root, aws) = root(SETTINGS);
    let environment = root.start().await;
    assert!(variables(&environment).await.contains("hunter2"));
    aws.secret("prod/db", r#"{"password": "hunter3", "port": 5432}"#);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(variables(&environment).await.contains("hunter2"));
    assert_eq!(aws.asked().len(), 2);
    log(environment, &root).await;
}

/// The values stay, each event is answered in time, and a later one has the new values.
#[tokio::test]
async fn a_fetch_that_fails_or_stalls_keeps_the_values_and_is_logged() {
    for mood in [Mood::Stalls, Mood::Fails(usize::MAX, "AccessDeniedException")] {
        let (mut root, aws) = root(SETTINGS);
        root.variables.push(("FUNCSERVER_GUEST_SECRETS_MAX_AGE", "1s"));
        let environment = root.start().await;
        assert!(variables(&environment).await.contains("hunter2"));
        aws.secret("prod/db", r#"{"password": "hunter3", "port": 5432}"#);
        aws.set_mood(mood);
        tokio::time::sleep(Duration::from_millis(1100)).await;
        let begin = Instant::now();
        assert!(variables(&environment).await.contains("hunter2"));
        assert!(begin.elapsed() < Duration::from_millis(2500), "{:?}", begin.elapsed());
        aws.set_mood(Mood::Good);
        // The fetch after the answer may have stalled too.
        tokio::time::sleep(Duration::from_millis(3300)).await;
        assert!(variables(&environment).await.contains("hunter3"));
        let lines = log(environment, &root).await;
        assert!(lines.contains("secrets cannot be fetched again; the handler keeps the values"), "{lines}");
        assert!(lines.contains("KEY (ssm:/prod/key)"), "{lines}");
    }
}

/// Secrets that are nearly too old are fetched when nobody waits.
#[tokio::test]
async fn a_busy_function_fetches_after_an_answer() {
    let (mut root, aws) = root(SETTINGS);
    root.variables.push(("FUNCSERVER_GUEST_SECRETS_MAX_AGE", "4s"));
    let environment = root.start().await;
    assert!(variables(&environment).await.contains("hunter2"));
    aws.secret("prod/db", r#"{"password": "hunter3", "port": 5432}"#);
    tokio::time::sleep(Duration::from_millis(3200)).await;
    assert!(variables(&environment).await.contains("hunter2"), "they are not too old");
    assert!(variables(&environment).await.contains("hunter3"), "they were fetched after the answer");
    log(environment, &root).await;
}

/// With a snapshot, nothing is fetched before the restore, so that neither the warm-up nor the snapshot has a value.
#[test]
fn with_a_snapshot_they_are_fetched_after_the_restore() {
    let aws = Aws::start();
    aws.secret("prod/db", "hunter2");
    let before = Arc::new(Mutex::new(None));
    let (asked, seen) = (aws.clone(), before.clone());
    let (api, posts) = runtime_api::serve(move |line, _| match line {
        "GET /2018-06-01/runtime/restore/next" => {
            std::thread::sleep(Duration::from_millis(200));
            *seen.lock().unwrap() = Some(asked.asked().len());
            http("200 OK", "", "{}")
        }
        "GET /2018-06-01/runtime/invocation/next" => event(1, "env"),
        _ => accepted(),
    });
    let variables = [
        &KEYS[..],
        &[
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start"),
            ("AWS_REGION", "eu-north-1"),
            ("AWS_ENDPOINT_URL", &aws.address),
            ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
            ("FUNCSERVER_COMPONENT_WARMUP", "/ready"),
            ("FUNCSERVER_GUEST_SECRETS", r#"{"PASSWORD": "secretsmanager:prod/db"}"#),
        ],
    ]
    .concat();
    let bootstrap = Bootstrap::start(&api, &variables);
    let answer = posts.iter().find(|(line, _)| line.contains("/response")).unwrap();
    assert!(String::from_utf8_lossy(&answer.1).contains("hunter2"));
    assert_eq!(*before.lock().unwrap(), Some(0));
    drop(bootstrap);

    aws.deny("prod/db");
    let (api, posts) = runtime_api::serve(move |line, _| match line {
        "GET /2018-06-01/runtime/restore/next" => http("200 OK", "", "{}"),
        _ => accepted(),
    });
    let ended = Bootstrap::start(&api, &variables).ended();
    let error = posts.try_iter().find(|(line, _)| line == "POST /2018-06-01/runtime/restore/error").unwrap();
    let message = String::from_utf8_lossy(&error.1).into_owned();
    assert!(message.contains("PASSWORD (secretsmanager:prod/db): access is denied"), "{message}");
    no_secret(&message);
    no_secret(&text(&ended));
}
