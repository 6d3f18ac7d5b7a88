//! SnapStart: many copies of one process begin in the same state, with an idle instance, an idle connection and secrets.
//! None of these is used again after a restore.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use funcserver_function::config::{LambdaEnv, Variables};
use funcserver_function::log::{Format, Level, Log};
use funcserver_function::{Context, Host, Outcome, task_root};
use funcserver_test_guest::{act, load_on};
use serde_json::Value;

use crate::common::aws::{Aws, KEYS};
use crate::common::root::Root;

const RESTORES: usize = 100;

/// A server that answers each request with the number of its connection.
fn numbering_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            std::thread::spawn(move || number_answers(&stream, number));
        }
    });
    address
}

fn number_answers(mut stream: &TcpStream, number: usize) {
    let body = number.to_string();
    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        // A request without a body ends with an empty line.
        if line.is_empty() && stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A function with secrets whose instances are reused, and the server that its handler asks.
struct Function {
    host: Host,
    server: String,
}

impl Function {
    fn start(aws: &Aws) -> Self {
        let server = numbering_server();
        let settings = format!(
            "[guest]\nreuse = 100000\n[guest.secrets]\nPASSWORD = 'secretsmanager:prod/db'\n[network]\nallow = ['{server}']\n"
        );
        let root = Root::with_component("handler.cwasm").with_file("funcserver.toml", settings);
        let folder = root.folder.path().to_str().unwrap();
        let own = [
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512"),
            ("AWS_REGION", "eu-north-1"),
            ("AWS_ENDPOINT_URL", &aws.address),
            ("LAMBDA_TASK_ROOT", folder),
        ];
        let env: Variables = own.into_iter().chain(KEYS).collect();
        let lambda = LambdaEnv::read(&env).unwrap();
        let config = task_root::config(&lambda, &env).unwrap();
        let log = Log::new(Format::Json, Level::Info, std::io::sink());
        let component = task_root::component(&lambda, &config, &env, &log).unwrap();
        let guest = load_on(&component.runtime, &component.path, component.options).unwrap();
        let host = Host::new(guest, &config, log);
        host.set_secrets(component.secrets.unwrap());
        Self { host, server }
    }

    /// The JSON that the handler answers.
    async fn ask(&self, name: &str) -> Value {
        let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + Duration::from_secs(30);
        let context = Context {
            request_id: "request".into(),
            deadline_ms: u64::try_from(deadline.as_millis()).unwrap(),
            trace_id: None,
            function_arn: "arn:aws:lambda:eu-north-1:111122223333:function:shop".into(),
            invocation_id: None,
            tenant_id: None,
        };
        let invocation = self.host.invocation(context);
        let (outcome, after) = self.host.invoke(act(name).to_string().into(), &invocation).await;
        let Outcome::Reply(reply) = outcome else { panic!("{outcome:?}") };
        after.finish().await;
        let reply: Value = serde_json::from_slice(&reply).unwrap();
        serde_json::from_str(reply["body"].as_str().unwrap()).unwrap()
    }

    /// The number of the connection on which the handler's request arrives.
    async fn connection(&self) -> String {
        let answer = self.ask(&format!("fetch:{}/", self.server)).await;
        let body = answer["body_b64"].as_str().unwrap_or_else(|| panic!("{answer}"));
        String::from_utf8(BASE64_STANDARD.decode(body).unwrap()).unwrap()
    }
}

#[tokio::test]
async fn nothing_of_a_snapshot_is_used_by_its_copies() {
    let aws = Aws::start();
    aws.secret("prod/db", "of the snapshot");
    let function = Function::start(&aws);
    function.host.fetch_secrets().await.unwrap();
    assert_eq!(function.ask("state").await["requests"], 1);
    assert_eq!(function.ask("state").await["requests"], 2, "the instance is reused");
    assert_eq!((function.connection().await, function.connection().await), ("0".into(), "0".into()));

    let mut numbers = BTreeSet::new();
    for restore in 1..=RESTORES {
        let secret = format!("of restore {restore}");
        aws.secret("prod/db", &secret);
        function.host.restored().await.unwrap();
        assert_eq!(function.ask("state").await["requests"], 1, "restore {restore}");
        let variables = function.ask("env").await["environment"].to_string();
        assert!(variables.contains(&format!("\"{secret}\"")), "restore {restore}: {variables}");
        assert_eq!(function.connection().await, restore.to_string());
        let random = function.ask("random").await;
        for source in ["bytes", "insecure", "insecure_seed", "hash"] {
            assert!(numbers.insert(random[source].to_string()), "restore {restore}: {source}: {random}");
        }
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
        let age = now.abs_diff(random["now_ms"].as_u64().unwrap().into());
        assert!(age < 10_000, "restore {restore}: the handler's clock differs by {age} ms");
    }
    assert_eq!(numbers.len(), RESTORES * 4);
}
