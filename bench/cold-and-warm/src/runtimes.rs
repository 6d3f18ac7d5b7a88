//! Our loop over the Runtime API beside `lambda_runtime`'s, with the same function library in both: memory over many
//! events, what each does when the Runtime API fails, and what becomes of a worker that is lost.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use funcserver_local::environment::{Environment, Line, Program};
use funcserver_local::runtime_api::RuntimeApi;
use funcserver_local::{Function, InvocationErrorKind};
use serde::Serialize;
use tokio::process::{Child, Command};

use crate::args;
use crate::hostile_api::{Behaviour, HostileApi};
use crate::machine;
use crate::page::Page;
use crate::panicking;
use crate::target::Verdict;
use crate::tree::Tree;
use crate::verdict;

/// The first figure of memory is taken after so many events: by then, all that is kept for ever should be there.
const SETTLED: u64 = 1_000;
/// How long a runtime that meets faults is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// Events at once, where there are several.
const WORKERS: usize = 4;
/// The memory that our loop may gain after the first events, in MB.
const GAIN: f64 = 1.0;

/// The lock file of the example, and that of this program, which panics on the same release.
const LOCKS: [&str; 2] = [include_str!("../../../Cargo.lock"), include_str!("../Cargo.lock")];

/// All of a run.
#[derive(Debug, Serialize)]
struct Report {
    machine: std::collections::BTreeMap<&'static str, String>,
    lambda_runtime: String,
    profile: String,
    memory: Vec<Memory>,
    faults: Vec<Faults>,
    panics: Vec<Panics>,
}

/// Resident memory of one program, in bytes.
#[derive(Debug, Serialize)]
struct Memory {
    program: &'static str,
    events: u64,
    settled: u64,
    end: u64,
    processor_us_an_event: f64,
}

/// What one program did while the Runtime API had faults.
#[derive(Debug, Serialize)]
struct Faults {
    program: &'static str,
    workers: usize,
    api: &'static str,
    /// Requests, or connections where each is closed at once; none where nobody listens.
    requests: Option<u64>,
    /// When it ended by itself, in seconds.
    ended: Option<f64>,
    processor: f64,
    /// Workers that wait for an event at the end.
    waiting: i64,
}

/// What became of a panic under `lambda_runtime`.
#[derive(Debug, Serialize)]
struct Panics {
    whose: &'static str,
    /// What came for the event.
    answer: String,
    /// After how many of them no event is answered any more.
    until_nobody_answers: Option<usize>,
}

/// Measures, writes `runtimes.json` and `runtimes.md`, and judges.
pub(crate) async fn run(args: &args::Runtimes) -> Result<ExitCode> {
    let version = locked(LOCKS[0])?;
    ensure!(
        version == locked(LOCKS[1])?,
        "bench/cold-and-warm/Cargo.lock has another lambda_runtime: cargo update there"
    );
    let programs = [("funcserver's loop", args.bootstrap.as_path()), ("lambda_runtime", args.example.as_path())];
    let mut report = Report {
        machine: machine::facts(),
        lambda_runtime: version,
        profile: args.profile.clone(),
        memory: memory(programs, &args.task_root, if args.quick { 2 * SETTLED } else { 100 * SETTLED }).await?,
        faults: Vec::new(),
        panics: Vec::new(),
    };
    for workers in [1, WORKERS] {
        for (program, path) in programs {
            for api in ["refuses connections", "hangs up", "500 always", "500 once"] {
                eprintln!("==> {program}, {workers} at once: the Runtime API {api}");
                report.faults.push(faults(program, path, &args.task_root, workers, api).await?);
            }
        }
    }
    for (whose, event) in [("the handler", panicking::HANDLER), ("a layer", panicking::LAYER)] {
        report.panics.push(panics(whose, event, &args.task_root).await?);
    }
    let (text, target) = (page(&report), judge(&report));
    std::fs::create_dir_all(&args.results)?;
    std::fs::write(args.results.join("runtimes.json"), serde_json::to_string_pretty(&report)? + "\n")?;
    std::fs::write(args.results.join("runtimes.md"), format!("{text}\n- {}\n", target.line()))?;
    println!("{text}\n{}", target.line());
    Ok(verdict(std::iter::once(target.pass)))
}

fn locked(lock: &str) -> Result<String> {
    let rest =
        lock.split_once("name = \"lambda_runtime\"\nversion = \"").context("a lock file lacks lambda_runtime")?.1;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

/// Both at once, an event each in turn, so that the machine's noise falls on both.
async fn memory(programs: [(&'static str, &Path); 2], task_root: &Path, events: u64) -> Result<Vec<Memory>> {
    let function = Function { memory_mb: 1769, timeout: Duration::from_secs(60), ..Function::default() };
    let mut running = Vec::new();
    for (program, path) in programs {
        let output = Arc::new(move |line: &Line| eprintln!("    {program}: {}", line.text));
        let environment = Environment::start(&function, &Program::new(path, task_root), &(output as _), 1).await?;
        environment.ready().await?;
        running.push((environment, Memory { program, events, settled: 0, end: 0, processor_us_an_event: 0.0 }));
    }
    let mut processor = [Duration::ZERO; 2];
    for event in 1..=events {
        for ((environment, figures), processor) in running.iter_mut().zip(&mut processor) {
            let page = Page::ALL[usize::try_from(event)? % Page::ALL.len()];
            page.check(&environment.invoke(page.event().into()).await?)?;
            if event == SETTLED || event == events {
                environment.ready().await?;
                let tree = Tree::of(&[environment.process_id()])?;
                if event == SETTLED {
                    (figures.settled, *processor) = (tree.resident_memory()?, tree.processor_time()?);
                    continue;
                }
                figures.end = tree.resident_memory()?;
                let spent = tree.processor_time()? - *processor;
                #[expect(clippy::cast_precision_loss, reason = "some thousands")]
                let count = (events - SETTLED) as f64;
                figures.processor_us_an_event = spent.as_secs_f64() * 1e6 / count;
            }
        }
        if event % 10_000 == 0 {
            eprintln!("==> {event} of {events} events");
        }
    }
    for (environment, _) in &running {
        environment.shut_down().await;
    }
    Ok(running.into_iter().map(|(_, memory)| memory).collect())
}

async fn faults(
    program: &'static str,
    path: &Path,
    task_root: &Path,
    workers: usize,
    api: &'static str,
) -> Result<Faults> {
    let hostile = HostileApi::start(match api {
        "500 always" => Behaviour::Fails(i64::MAX),
        "500 once" => Behaviour::Fails(1),
        _ => Behaviour::HangsUp,
    });
    let (address, hostile) = match hostile.await? {
        // Its port is free then, and nobody else's for a while.
        hostile if api == "refuses connections" => (hostile.address, None),
        hostile => (hostile.address, Some(hostile)),
    };
    let mut child = start(Command::new(path), address, task_root, workers)?;
    let tree = Tree::of(&[child.id().context("it has no process")?])?;
    let (begin, mut processor) = (Instant::now(), Duration::ZERO);
    let mut ended = None;
    while begin.elapsed() < LOOK && ended.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
        processor = tree.processor_time().unwrap_or(processor);
        ended = child.try_wait()?.map(|_| begin.elapsed().as_secs_f64());
    }
    let requests = hostile.as_ref().map(HostileApi::requests);
    let waiting = hostile.as_ref().map_or(0, HostileApi::waiting);
    child.kill().await?;
    Ok(Faults { program, workers, api, requests, ended, processor: processor.as_secs_f64(), waiting })
}

/// Starts it as Lambda would, with that Runtime API. What it prints goes nowhere: it may be much.
fn start(mut command: Command, api: std::net::SocketAddr, task_root: &Path, workers: usize) -> Result<Child> {
    command.env_clear().current_dir(task_root).process_group(0).kill_on_drop(true);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    command.env("AWS_LAMBDA_RUNTIME_API", api.to_string()).env("LAMBDA_TASK_ROOT", task_root);
    for (name, value) in [("FUNCTION_NAME", "f"), ("FUNCTION_VERSION", "1"), ("FUNCTION_MEMORY_SIZE", "1769")] {
        command.env(format!("AWS_LAMBDA_{name}"), value);
    }
    if workers > 1 {
        command.env("AWS_LAMBDA_MAX_CONCURRENCY", workers.to_string());
    }
    command.spawn().context("it cannot be started")
}

/// This program once more, as a function on `lambda_runtime` that panics.
async fn panics(whose: &'static str, event: &'static str, task_root: &Path) -> Result<Panics> {
    let api = RuntimeApi::start().await?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("panicking");
    let _child = start(command, api.address(), task_root, WORKERS)?;
    let patience = Duration::from_secs(2);
    api.invoke("\"hello\"", 10 * patience).await?;
    let answer = match api.invoke(event, patience).await {
        Ok(_) => "an answer".to_owned(),
        Err(error) => match error.kind {
            InvocationErrorKind::Function(kind) => format!("an error of the type {kind}"),
            _ => "no answer".to_owned(),
        },
    };
    let mut panics = 1;
    while panics < 2 * WORKERS && api.invoke("\"hello\"", patience).await.is_ok() {
        let _ = api.invoke(event, patience).await;
        panics += 1;
    }
    Ok(Panics { whose, answer, until_nobody_answers: (panics < 2 * WORKERS).then_some(panics) })
}

fn page(report: &Report) -> String {
    let mut text = format!(
        "# funcserver's loop beside lambda_runtime {}\n\nThe same component and function library in both, built by the \
         profile `{}`.\n\n",
        report.lambda_runtime, report.profile
    );
    text +=
        &format!("| loop | events | resident after {SETTLED}, MB | at the end, MB | processor time an event, µs |\n");
    text += "| --- | ---: | ---: | ---: | ---: |\n";
    for Memory { program, events, settled, end, processor_us_an_event } in &report.memory {
        let (settled, end) = (mb(*settled), mb(*end));
        text += &format!("| {program} | {events} | {settled:.1} | {end:.1} | {processor_us_an_event:.0} |\n");
    }
    text += &format!(
        "\nA Runtime API with faults, looked at for {} s: requests in all, when the process ended by itself, its \
         processor time, and how many workers wait for an event at last.\n\n",
        LOOK.as_secs()
    );
    text += "| loop | events at once | the Runtime API | requests | ended | processor time | waiting |\n";
    text += "| --- | ---: | --- | ---: | ---: | ---: | ---: |\n";
    for Faults { program, workers, api, requests, ended, processor, waiting } in &report.faults {
        let requests = requests.map_or("not counted".to_owned(), |requests| requests.to_string());
        let ended = ended.map_or("no".to_owned(), |seconds| format!("after {seconds:.2} s"));
        text += &format!("| {program} | {workers} | {api} | {requests} | {ended} | {processor:.2} s | {waiting} |\n");
    }
    text += &format!("\nPanics under lambda_runtime, {WORKERS} events at once:\n\n");
    text += "| whose | the event has | nobody answers after |\n| --- | --- | ---: |\n";
    for Panics { whose, answer, until_nobody_answers } in &report.panics {
        let until = until_nobody_answers.map_or("never".to_owned(), |panics| format!("{panics} panics"));
        text += &format!("| {whose} | {answer} | {until} |\n");
    }
    text
}

fn judge(report: &Report) -> Verdict {
    let value = report.memory.first().map(|memory| mb(memory.end) - mb(memory.settled));
    Verdict {
        target: format!("MB more resident after all events than after {SETTLED}, funcserver's loop"),
        pass: value.is_some_and(|value| value <= GAIN),
        value,
        at_most: GAIN,
    }
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lock_files_have_the_same_release() {
        assert_eq!(locked(LOCKS[0]).unwrap(), locked(LOCKS[1]).unwrap());
    }
}
