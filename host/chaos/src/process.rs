//! One bootstrap, as Lambda would start it.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use crate::options::Options;
use crate::peers::Peers;
use crate::stages::Stage;

/// The limit of open files is the same as on Lambda.
const FILES: &str = "ulimit -n 1024; exec \"$0\"";
/// The number of lines that are kept for a report.
const KEPT: usize = 12;

pub(crate) struct Process {
    child: Child,
    log: Arc<Mutex<Log>>,
    reader: Option<JoinHandle<()>>,
}

/// The output of the process.
#[derive(Default)]
struct Log {
    lines: u64,
    last: Vec<String>,
    problems: Vec<String>,
}

impl Process {
    pub(crate) fn start(options: &Options, stage: &Stage, root: &Path, api: SocketAddr, peers: &Peers) -> Self {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", FILES])
            .arg(&options.bootstrap)
            .current_dir(root)
            .env_clear()
            .env("AWS_LAMBDA_RUNTIME_API", api.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "chaos")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", stage.memory.to_string())
            .env("AWS_LAMBDA_LOG_FORMAT", stage.log_format)
            .env("LAMBDA_TASK_ROOT", root)
            .env("_HANDLER", "bootstrap")
            .env("SSL_CERT_FILE", peers.roots())
            .env("FUNCSERVER_NETWORK_ALLOW", peers.allowed())
            .env("FUNCSERVER_GUEST_TMP", "true")
            .envs(stage.variables.iter().copied());
        if stage.at_once > 1 {
            command
                .env("AWS_LAMBDA_MAX_CONCURRENCY", stage.at_once.to_string())
                .env("AWS_LAMBDA_INITIALIZATION_TYPE", "lambda-managed-instances");
        }
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (stderr, log) = (child.stderr.take().unwrap(), Arc::<Mutex<Log>>::default());
        let (kept, mut copy) = (log.clone(), options.log.as_deref().map(append));
        let reader = std::thread::spawn(move || {
            for line in BufReader::with_capacity(1 << 16, stderr).split(b'\n').map_while(Result::ok) {
                if let Some(file) = &mut copy {
                    let _ = file.write_all(&line).and_then(|()| file.write_all(b"\n"));
                }
                kept.lock().unwrap().take(&line);
            }
        });
        Self { child, log, reader: Some(reader) }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The last lines of its log.
    pub(crate) fn last_words(&self) -> String {
        self.log.lock().unwrap().last.join("\n    ")
    }

    /// Ends the process. Returns the number of lines, and the problems in them.
    pub(crate) fn stop(mut self) -> (u64, Vec<String>) {
        self.kill();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        let mut log = self.log.lock().unwrap();
        (log.lines, std::mem::take(&mut log.problems))
    }
}

fn append(path: &Path) -> File {
    File::options().create(true).append(true).open(path).unwrap()
}

impl Log {
    fn take(&mut self, line: &[u8]) {
        self.lines += 1;
        let text = String::from_utf8_lossy(line);
        let problem = if text.contains('\u{fffd}') {
            Some("a line of the log is not UTF-8")
        } else if text.chars().any(|letter| letter.is_control() && letter != '\t') {
            Some("a line of the log has a control character")
        } else if text.contains("the host panicked") || text.contains("an error in funcserver") {
            Some("the host failed")
        } else {
            None
        };
        let text: String = text.chars().take(300).collect();
        if let Some(problem) = problem
            && self.problems.len() < 100
        {
            self.problems.push(format!("{problem}: {:?}", text.chars().take(160).collect::<String>()));
        }
        if self.last.len() == KEPT {
            self.last.remove(0);
        }
        self.last.push(text);
    }
}
