//! A task root as Lambda unpacks it, and environments of it.

use std::ffi::OsString;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use funcserver_local::environment::{Environment, Line, Program};
use funcserver_local::{Function, InvocationError, InvocationErrorKind};
use funcserver_test_guest::act;
use serde_json::Value;

pub const BOOTSTRAP: &str = env!("CARGO_BIN_EXE_bootstrap");

/// A task root, and the lines that the process printed.
pub struct Root {
    pub folder: tempfile::TempDir,
    pub lines: Arc<Mutex<Vec<String>>>,
    pub variables: Vec<(&'static str, &'static str)>,
    /// More variables, whose values are known when a test runs.
    pub addresses: Vec<(&'static str, String)>,
    pub handler: &'static str,
}

impl Root {
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, lines: Arc::default(), variables: Vec::new(), addresses: Vec::new(), handler: "bootstrap" }
    }

    pub fn with_component(name: &str) -> Self {
        let root = Self::empty();
        super::write_component(&root.folder.path().join(name));
        root
    }

    pub fn with_file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.folder.path().join(name), bytes).unwrap();
        self
    }

    pub async fn start(&self) -> Environment {
        let function = Function {
            handler: self.handler.to_owned(),
            memory_mb: 512,
            timeout: Duration::from_secs(60),
            ..Function::default()
        };
        let mut program = Program::new(BOOTSTRAP, self.folder.path());
        let set = self.variables.iter().map(|(name, value)| (*name, *value));
        let set = set.chain(self.addresses.iter().map(|(name, value)| (*name, value.as_str())));
        program.variables = set.map(|(name, value)| (name.into(), OsString::from(value))).collect();
        let lines = self.lines.clone();
        let output = Arc::new(move |line: &Line| lines.lock().unwrap().push(line.text.clone()));
        Environment::start(&function, &program, &(output as _), 1).await.unwrap()
    }

    pub async fn invoke(&self, event: &Value) -> Result<Bytes, InvocationError> {
        self.start().await.invoke(event.to_string().into()).await
    }

    /// The message of the failed start.
    pub async fn init_error(&self) -> String {
        let error = self.invoke(&act("state")).await.unwrap_err();
        assert!(matches!(&error.kind, InvocationErrorKind::Init(kind) if kind == "Runtime.InitError"), "{error}");
        error.message
    }
}

/// The status of a reply.
pub fn status(reply: &Bytes) -> u64 {
    serde_json::from_slice::<Value>(reply).unwrap()["statusCode"].as_u64().unwrap()
}
