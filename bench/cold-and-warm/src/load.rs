//! Requests per second of `funcserver serve` and `wasmtime serve`, with the same component and the same client.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::figures::percentile;
use crate::target::Verdict;
use crate::{args, verdict};

/// The numbers of concurrent connections.
const CONNECTIONS: [u32; 3] = [1, 8, 64];

/// The time limit for a server to listen: the tool may first have to compile the component.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running server. Dropping it kills it.
struct Server {
    name: &'static str,
    address: SocketAddr,
    _process: Child,
}

/// The results for a number of connections.
#[derive(Debug, Serialize)]
struct Row {
    connections: u32,
    funcserver: Vec<u64>,
    wasmtime: Vec<u64>,
}

/// Measures, writes `load.json` and `load.md`, and checks the target.
pub(crate) async fn run(args: &args::Load) -> Result<ExitCode> {
    let (rounds, seconds) = if args.quick { (1, 1) } else { (5, 5) };
    let compiled = compiled(args).await?;
    let funcserver = Server::funcserver(args).await?;
    let wasmtime = Server::wasmtime(&args.wasmtime, &compiled).await?;
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let mut row = Row { connections, funcserver: Vec::new(), wasmtime: Vec::new() };
        for round in 1..=rounds {
            eprintln!("==> {connections} connections: round {round} of {rounds}");
            let mut order = [(&funcserver, &mut row.funcserver), (&wasmtime, &mut row.wasmtime)];
            fastrand::shuffle(&mut order);
            for (server, figures) in order {
                figures.push(ask(&args.oha, server, connections, seconds).await?);
            }
        }
        rows.push(row);
    }
    let (table, target) = (table(&rows), judge(&rows));
    std::fs::create_dir_all(&args.results)?;
    std::fs::write(args.results.join("load.json"), serde_json::to_string_pretty(&rows)? + "\n")?;
    std::fs::write(args.results.join("load.md"), format!("{table}\n- {}\n", target.line()))?;
    println!("{table}\n{}", target.line());
    Ok(verdict(std::iter::once(target.pass)))
}

/// Compiles the component to wasmtime's machine code, so that no server compiles while it serves.
async fn compiled(args: &args::Load) -> Result<std::path::PathBuf> {
    let path = args.component.with_extension("cwasm");
    let status = Command::new(&args.wasmtime).arg("compile").arg(&args.component).arg("--output").arg(&path).status();
    ensure!(status.await?.success(), "{} could not compile {}", args.wasmtime.display(), args.component.display());
    Ok(path)
}

impl Server {
    async fn funcserver(args: &args::Load) -> Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(&args.funcserver);
        command.arg("serve").arg(&args.component).arg("--listen").arg(address.to_string());
        Server::start("funcserver serve", command, address).await
    }

    async fn wasmtime(program: &Path, compiled: &Path) -> Result<Server> {
        let address = free_address()?;
        let mut command = Command::new(program);
        command.args(["serve", "--allow-precompiled", "-S", "cli", "--addr"]).arg(address.to_string()).arg(compiled);
        Server::start("wasmtime serve", command, address).await
    }

    /// Starts a server, and waits until it listens. Its log is discarded, so that it does not wait for a terminal.
    async fn start(name: &'static str, mut command: Command, address: SocketAddr) -> Result<Server> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut process = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let limit = Instant::now() + PATIENCE;
        while TcpStream::connect(address).await.is_err() {
            if let Some(status) = process.try_wait()? {
                bail!("{name} ended with {status}; to see why, run: {:?}", command.as_std());
            }
            ensure!(Instant::now() < limit, "{name} does not listen on {address} after {} s", PATIENCE.as_secs());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(Server { name, address, _process: process })
    }
}

/// The requests per second of one run of the client, all of which were answered with 200.
async fn ask(oha: &Path, server: &Server, connections: u32, seconds: u32) -> Result<u64> {
    let output = Command::new(oha)
        .args(["--no-tui", "--output-format", "json", "-z", &format!("{seconds}s"), "-c", &connections.to_string()])
        .arg(format!("http://{}/", server.address))
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .with_context(|| format!("cannot start {}", oha.display()))?;
    ensure!(output.status.success(), "{} ended with {}", oha.display(), output.status);
    rate(&output.stdout).with_context(|| format!("{} connections to {}", connections, server.name))
}

/// The rate in the client's report, if all requests succeeded.
fn rate(report: &[u8]) -> Result<u64> {
    let report: Value = serde_json::from_slice(report).context("the client's report is not JSON")?;
    let codes = report["statusCodeDistribution"].as_object().context("the client's report has no status codes")?;
    ensure!(codes.keys().all(|code| code == "200"), "not every answer was 200: {codes:?}");
    let rate = report["summary"]["requestsPerSec"].as_f64().context("the client's report has no rate")?;
    ensure!(rate >= 1.0, "no request was answered: {}", report["errorDistribution"]);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
    Ok(rate.round() as u64)
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "# Requests a second, medians\n\n| connections | funcserver serve | wasmtime serve | ratio |\n| ---: | ---: | ---: | ---: |\n",
    );
    for row in rows {
        let (ours, theirs) = row.medians();
        text += &format!("| {} | {ours:.0} | {theirs:.0} | {:.2} |\n", row.connections, ours / theirs);
    }
    text
}

/// The target is a minimum ratio. The verdict uses the inverse, at most 1.
fn judge(rows: &[Row]) -> Verdict {
    let value = rows.last().map(Row::medians).map(|(ours, theirs)| theirs / ours);
    Verdict {
        target: "requests a second at 64 connections, wasmtime serve / funcserver serve".into(),
        pass: value.is_some_and(|value| value <= 1.0),
        value,
        at_most: 1.0,
    }
}

impl Row {
    fn medians(&self) -> (f64, f64) {
        (percentile(&self.funcserver, 50), percentile(&self.wasmtime, 50))
    }
}

fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_counts_if_every_answer_was_200() {
        let report = |codes: &str, rate: f64| {
            format!(
                r#"{{"summary":{{"requestsPerSec":{rate}}},"statusCodeDistribution":{codes},"errorDistribution":{{}}}}"#
            )
        };
        assert_eq!(rate(report(r#"{"200":5000}"#, 1234.5).as_bytes()).unwrap(), 1235);
        assert!(rate(report(r#"{"200":4999,"500":1}"#, 1234.5).as_bytes()).is_err());
        assert!(rate(report("{}", 0.0).as_bytes()).is_err());
        assert!(rate(b"").is_err());
    }

    #[test]
    fn the_most_connections_are_judged() {
        let row = |connections, ours, theirs| Row { connections, funcserver: vec![ours], wasmtime: vec![theirs] };
        assert!(judge(&[row(1, 10, 20), row(64, 20, 20)]).pass);
        assert!(!judge(&[row(1, 20, 10), row(64, 10, 20)]).pass);
    }
}
