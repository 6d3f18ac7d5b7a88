//! A Runtime API that follows a script, and a bootstrap that uses it.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use funcserver_test_guest::act;

/// The reply of the Runtime API to one request.
#[derive(Clone)]
pub enum Reply {
    /// Sends these bytes.
    Raw(String),
    /// Closes the connection.
    Close,
    /// Never answers.
    Silence,
    /// Runs a function with the connection.
    Does(Arc<Deed>),
}

pub type Deed = dyn Fn(&TcpStream) -> io::Result<()> + Send + Sync;

/// Serves on loopback until the process ends. `script` gets the method and path of each request, and its body.
pub fn serve(script: impl Fn(&str, &[u8]) -> Reply + Send + Sync + 'static) -> (String, Receiver<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, receiver) = channel();
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (script, sender) = (script.clone(), sender.clone());
            std::thread::spawn(move || connection(&stream, &*script, &sender));
        }
    });
    (address, receiver)
}

fn connection(
    stream: &TcpStream,
    script: &(dyn Fn(&str, &[u8]) -> Reply + Send + Sync),
    seen: &Sender<(String, Vec<u8>)>,
) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (line, body) = request(&mut reader)?;
        let reply = script(&line, &body);
        let _ = seen.send((line, body));
        match reply {
            Reply::Raw(bytes) => (&*stream).write_all(bytes.as_bytes()).ok()?,
            Reply::Close => return None,
            Reply::Does(what) => what(stream).ok()?,
            Reply::Silence => std::thread::sleep(Duration::from_secs(60)),
        }
    }
}

fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let words: Vec<_> = first.split(' ').take(2).collect();
    Some((words.join(" "), body))
}

pub fn http(status: &str, headers: &str, body: &str) -> Reply {
    Reply::Raw(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

/// An event with all its headers and a limit of three seconds.
pub fn event(id: usize, act_name: &str) -> Reply {
    http("200 OK", &headers(id, Duration::from_secs(3)), &act(act_name).to_string())
}

/// The headers of an event with a time limit.
pub fn headers(id: usize, time: Duration) -> String {
    let deadline = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap() + time;
    format!(
        "lambda-runtime-aws-request-id: id-{id}\r\nlambda-runtime-deadline-ms: {}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-north-1:111122223333:function:shop\r\n",
        deadline.as_millis()
    )
}

pub fn accepted() -> Reply {
    http("202 Accepted", "", "")
}

/// A bootstrap with the test guest. Dropping it kills the process.
pub struct Bootstrap {
    child: Option<Child>,
    _folder: tempfile::TempDir,
}

impl Bootstrap {
    pub fn start(runtime_api: &str, variables: &[(&str, &str)]) -> Self {
        Self::with(super::write_component, runtime_api, variables)
    }

    /// A bootstrap whose component is the test guest that can block its thread.
    pub fn blocking(runtime_api: &str, variables: &[(&str, &str)]) -> Self {
        Self::with(super::write_blocking_component, runtime_api, variables)
    }

    /// A bootstrap whose `guest.assets` is the link `shared` to another folder.
    pub fn with_linked_assets(runtime_api: &str, variables: &[(&str, &str)], folder: &Path) -> Self {
        let files = |component: &Path| {
            super::write_component(component);
            symlink(folder, component.with_file_name("shared")).unwrap();
        };
        let assets = ("FUNCSERVER_GUEST_ASSETS", "shared");
        Self::with(files, runtime_api, &[variables, &[assets]].concat())
    }

    /// A bootstrap whose component is the test guest of 0.3.
    pub fn p3(runtime_api: &str, variables: &[(&str, &str)]) -> Self {
        Self::with(super::write_p3_component, runtime_api, variables)
    }

    fn with(component: impl Fn(&Path), runtime_api: &str, variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        component(&folder.path().join("handler.cwasm"));
        let child = Command::new(executable())
            .current_dir(folder.path())
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "shop")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")
            .env("LAMBDA_TASK_ROOT", folder.path())
            .env("_HANDLER", "bootstrap")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { child: Some(child), _folder: folder }
    }

    pub fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        assert!(Command::new("kill").args(["-TERM", &self.id().to_string()]).status().unwrap().success());
    }

    /// The peak of resident memory, in bytes.
    pub fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    /// Waits until the process ends, for at most half a minute.
    pub fn ended(mut self) -> Output {
        let mut child = self.child.take().unwrap();
        let late = Instant::now() + Duration::from_secs(30);
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > late {
                child.kill().unwrap();
                panic!("it is still running: {}", text(&child.wait_with_output().unwrap()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        child.wait_with_output().unwrap()
    }

    /// Waits in the same way, without reading the process's output.
    pub fn ended_unread(mut self) -> ExitStatus {
        let mut child = self.child.take().unwrap();
        let late = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if Instant::now() > late {
                child.kill().unwrap();
                panic!("it is still running");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Bootstrap {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

pub fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn is_next(line: &str) -> bool {
    line.ends_with("/invocation/next")
}

/// The bootstrap of this build, or the one that the variable BOOTSTRAP names, such as that of a release.
fn executable() -> PathBuf {
    std::env::var_os("BOOTSTRAP").map_or_else(|| env!("CARGO_BIN_EXE_bootstrap").into(), PathBuf::from)
}
