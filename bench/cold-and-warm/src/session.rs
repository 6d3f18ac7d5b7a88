//! The environment of a contender: its processes, and their Runtime API.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use funcserver_local::environment::{Environment, Line, Program};
use funcserver_local::{Function, InvocationError, InvocationErrorKind};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::contender::Contender;
use crate::page::Page;
use crate::tree::Tree;

/// The time limit for a contender to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// The number of output lines that are kept to explain an error.
const LINES: usize = 3;

/// A running contender. Dropping it kills its processes.
pub(crate) struct Session {
    environment: Environment,
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Session {
    /// Starts the contender whose folder is in `stage`, and returns the time until it asked for an event.
    pub(crate) async fn start(contender: &Contender, stage: &Path) -> Result<(Session, Duration)> {
        let program = program(contender, &stage.join(contender.folder()))?;
        let lines = Arc::<Mutex<VecDeque<String>>>::default();
        let kept = Arc::clone(&lines);
        let output = Arc::new(move |line: &Line| keep(&kept, &line.text));
        let begin = Instant::now();
        let environment = Environment::start(&function(), &program, &(output as _), 1).await?;
        let session = Session { environment, lines };
        session.environment.ready().await.map_err(|error| session.explain(&error))?;
        Ok((session, begin.elapsed()))
    }

    /// Requests a page, checks it, and returns the time.
    pub(crate) async fn ask(&self, page: Page) -> Result<Duration> {
        let (reply, time) = self.invoke(page.event()).await?;
        page.check(reply.as_ref())?;
        Ok(time)
    }

    /// Sends an event, and returns the reply and the time. It first waits until the runtime has finished its work after
    /// the previous reply, because Lambda's next event would usually come later.
    pub(crate) async fn invoke(&self, event: String) -> Result<(impl AsRef<[u8]>, Duration)> {
        self.ready().await?;
        let begin = Instant::now();
        let reply = self.environment.invoke(event.into()).await;
        let time = begin.elapsed();
        Ok((reply.map_err(|error| self.explain(&error))?, time))
    }

    /// Waits until it is ready for an event.
    pub(crate) async fn ready(&self) -> Result<()> {
        self.environment.ready().await.map_err(|error| self.explain(&error))
    }

    /// Its processes.
    pub(crate) fn tree(&self) -> Result<Tree> {
        Ok(Tree::of(&self.environment.process_ids())?)
    }

    /// Ends the processes and waits until they have ended, so that this does not affect other measurements.
    pub(crate) async fn end(self) {
        self.environment.kill();
        self.environment.shut_down().await;
    }

    /// Sends SIGTERM to the processes, and waits until they have ended and finished their shutdown work.
    pub(crate) async fn terminate(self) -> Result<()> {
        kill(Pid::from_raw(self.environment.process_id().try_into()?), Signal::SIGTERM)?;
        let limit = Instant::now() + PATIENCE;
        while self.environment.alive() {
            ensure!(Instant::now() < limit, "it still runs {} s after SIGTERM", PATIENCE.as_secs());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    fn explain(&self, error: &InvocationError) -> anyhow::Error {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let said: Vec<_> = lines.iter().map(String::as_str).collect();
        match error.kind {
            // The error has the reason.
            InvocationErrorKind::Init(_) => anyhow!("{error}"),
            _ if said.is_empty() => anyhow!("{error}"),
            _ => anyhow!("{error}; it printed: {}", said.join(" / ")),
        }
    }
}

/// One processor's share of memory, and a time limit for the slowest contender on a busy machine.
fn function() -> Function {
    Function {
        memory_mb: 1769,
        timeout: Duration::from_secs(30),
        init_timeout: Duration::from_secs(60),
        ..Function::default()
    }
}

fn program(contender: &Contender, folder: &Path) -> Result<Program> {
    let [executable, arguments @ ..] = contender.command.as_slice() else {
        return Err(anyhow!("{} has no command", contender.name));
    };
    let port = free_port()?.to_string();
    let mut program = Program::new(folder.join(executable), folder);
    program.arguments = arguments.iter().map(|argument| argument.replace("{port}", &port).into()).collect();
    program.extensions = contender.extensions.iter().map(|extension| folder.join(extension)).collect();
    program.variables = contender.variables.iter().map(|(name, value)| (name.clone(), value.into())).collect();
    if let Some(name) = &contender.port {
        program.variables.insert(name.clone(), port.into());
    }
    Ok(program)
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn keep(lines: &Mutex<VecDeque<String>>, line: &str) {
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == LINES {
        lines.pop_front();
    }
    lines.push_back(line.to_owned());
}
