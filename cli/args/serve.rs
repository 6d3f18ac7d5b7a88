//! `funcserver serve`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use funcserver_function::config::duration;
use funcserver_local::balancer::Hosts;
use funcserver_local::health::Matcher;
use http::uri::PathAndQuery;

use super::{ComponentArgs, FrontArgs, Timeout};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
    /// Where to listen: a port, or an address and a port; port 0 selects a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) listen: SocketAddr,
    /// Also answer requests for this host name, or for any with '*'; may be repeated. On a loopback address the default
    /// is localhost and loopback addresses, which protects against DNS rebinding; on another address it is any name
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    pub(crate) allow_host: Vec<String>,
    #[command(flatten)]
    pub(crate) front: FrontArgs,
    /// Stream replies, as a function URL with RESPONSE_STREAM or a REST API with STREAM does; the function must stream too,
    /// with response.stream = true
    #[arg(long)]
    pub(crate) stream: bool,
    /// Reload a changed component without dropping a request; if funcserver.toml sets component.build, run that command
    /// first, and again whenever a source changes; if it sets component.app, serve the app from its sources
    #[arg(long)]
    pub(crate) watch: bool,
    /// With --watch: serve what would be bundled; otherwise components are compiled without optimisation and without
    /// pre-initialisation, and an app is served from its sources, so that a change shows sooner
    #[arg(long, requires = "watch")]
    pub(crate) optimize: bool,
    /// Save every event and its reply in this folder, for invoke to replay; they may contain cookies, tokens and
    /// personal data
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// The function's memory in MB, as set in Lambda
    #[arg(long, value_name = "MB", default_value = "1024", value_parser = clap::value_parser!(u32).range(128..=10_240))]
    pub(crate) memory: u32,
    #[command(flatten)]
    pub(crate) timeout: Timeout,
    #[command(flatten)]
    pub(crate) program: ProgramArgs,
    #[command(flatten)]
    pub(crate) health: Health,
}

/// Any custom runtime instead of a component.
#[derive(Debug, Args)]
#[command(next_help_heading = "Any custom runtime")]
pub(crate) struct ProgramArgs {
    /// Serve the function in this zip: start its bootstrap as Lambda does
    #[arg(long, value_name = "FILE", group = "runtime", conflicts_with_all = ["path", "watch"])]
    pub(crate) zip: Option<PathBuf>,
    /// Serve this program, a custom runtime; everything after it is an argument of it, so this must be the last option
    #[arg(
        long,
        value_name = "CMD",
        num_args = 1..,
        allow_hyphen_values = true,
        group = "runtime",
        conflicts_with_all = ["path", "watch"]
    )]
    exec: Vec<OsString>,
    /// Start up to this many processes, one for each concurrent request; more requests are throttled, as in Lambda
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u16).range(1..=1000), requires = "runtime")]
    pub(crate) max_environments: u16,
    /// Set an environment variable of the function; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = variable, requires = "runtime")]
    pub(crate) env: Vec<(String, OsString)>,
}

/// The health check of a target group. The defaults are those of AWS for a function.
#[derive(Debug, Args)]
#[command(next_help_heading = "Health checks")]
pub(crate) struct Health {
    /// Check this path repeatedly, as a target group with a health check does; failures and changes go to stderr
    #[arg(id = "health-path", long = "health-check", value_name = "PATH", value_parser = health_path)]
    pub(crate) path: Option<PathAndQuery>,
    /// The time from one check to the next, such as 10s or 500ms
    #[arg(long, value_name = "TIME", default_value = "35s", value_parser = time, requires = "health-path")]
    pub(crate) interval: Duration,
    /// How long the answer to a check may take, at most the interval [default: 30s, or the interval if that is shorter]
    #[arg(long, value_name = "TIME", value_parser = time, requires = "health-path")]
    pub(crate) check_timeout: Option<Duration>,
    /// Which statuses are healthy, such as 200,204 or 200-299
    #[arg(long, value_name = "STATUSES", default_value = "200", requires = "health-path")]
    pub(crate) matcher: Matcher,
    /// How many successes in a row make an unhealthy target healthy
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=10), requires = "health-path")]
    pub(crate) healthy_threshold: u32,
    /// How many failures in a row make a target unhealthy
    #[arg(long, value_name = "N", default_value = "2", value_parser = clap::value_parser!(u32).range(1..=10), requires = "health-path")]
    pub(crate) unhealthy_threshold: u32,
}

impl Serve {
    /// The host names that are answered on this address.
    pub(crate) fn hosts(&self) -> Hosts {
        let any = self.allow_host.iter().any(|name| name == "*");
        let on_loopback = self.listen.ip().to_canonical().is_loopback();
        match any || !on_loopback && self.allow_host.is_empty() {
            true => Hosts::Any,
            false => Hosts::Loopback(self.allow_host.clone()),
        }
    }
}

impl ProgramArgs {
    /// The program of `--exec` and its arguments. `--exec -- CMD` is the same as `--exec CMD`.
    pub(crate) fn command(&self) -> Option<(&OsString, &[OsString])> {
        let words = match self.exec.split_first() {
            Some((dashes, words)) if dashes == "--" => words,
            _ => &self.exec,
        };
        words.split_first()
    }
}

pub(super) const HELP: &str = "\
The first line on stdout is the address. Everything else goes to stderr, with one line for each request: method, path, \
status, and the times for decoding the event, for the component, and for encoding the reply. Ctrl-C stops the server.

--exec and --zip run any custom runtime behind the load balancer. It is started as in Lambda, with Lambda's environment \
variables. --exec adds your PATH and HOME, and uses this folder as the working folder. The output of a process goes to stderr \
after its number, as in [1].

Examples:
  funcserver serve
  funcserver serve router.wasm --listen 127.0.0.1:3000
  funcserver serve router.wasm --listen 0 --multi-value-headers
  funcserver serve --front http-api --stage live
  funcserver serve --front url --stream
  funcserver serve --allow-host shop.example
  funcserver serve --watch
  funcserver serve router.wasm --record recorded
  funcserver serve --zip function.zip --memory 128 --timeout 3
  funcserver serve --max-environments 4 --env STAGE=dev --exec python3 runtime.py
  funcserver serve --health-check /health --interval 10s --matcher 200-299";

fn address(text: &str) -> Result<SocketAddr, String> {
    let text = text.strip_prefix("http://").unwrap_or(text);
    let port = text.strip_prefix("localhost:").unwrap_or(text);
    if let Ok(port) = port.parse::<u16>() {
        return Ok((Ipv4Addr::LOCALHOST, port).into());
    }
    text.parse().map_err(|_| "give an address and a port, as in 127.0.0.1:8080 or [::1]:8080".to_owned())
}

fn host_name(text: &str) -> Result<String, String> {
    let name = text.trim_start_matches('[').trim_end_matches(']');
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    match !name.is_empty() && (is_name || name == "*" || name.parse::<IpAddr>().is_ok()) {
        true => Ok(name.to_owned()),
        false => Err("give a host name or an address without a port, as in shop.example, or '*' for any".to_owned()),
    }
}

fn variable(text: &str) -> Result<(String, OsString), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.into())),
        _ => Err("give a name and a value, as in STAGE=dev".to_owned()),
    }
}

fn health_path(text: &str) -> Result<PathAndQuery, String> {
    let path: Option<PathAndQuery> = text.parse().ok();
    path.filter(|_| text.starts_with('/')).ok_or_else(|| "give a path that begins with /, as in /health".to_owned())
}

/// A duration up to a day.
fn time(text: &str) -> Result<Duration, String> {
    let time = duration(text).map_err(|error| error.to_string())?;
    match (Duration::from_millis(1)..=DAY).contains(&time) {
        true => Ok(time),
        false => Err("give a duration from 1ms to 86400s".to_owned()),
    }
}

/// A day.
const DAY: Duration = Duration::from_secs(86_400);

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::super::{Cli, Command};
    use super::*;

    fn serve(line: &str) -> Result<Serve, String> {
        let words = ["funcserver", "serve"].into_iter().chain(line.split_whitespace());
        match Cli::try_parse_from(words).map_err(|error| error.to_string())?.command {
            Command::Serve(serve) => Ok(serve),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_address_may_be_short() {
        for (text, expected) in [
            ("8080", "127.0.0.1:8080"),
            ("localhost:0", "127.0.0.1:0"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:80", "[::1]:80"),
            ("http://127.0.0.1:80", "127.0.0.1:80"),
        ] {
            assert_eq!(address(text).map(|address| address.to_string()), Ok(expected.to_owned()));
        }
        for text in ["", "localhost", "127.0.0.1", "65536", "example.com:80"] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_loopback_address_answers_its_own_names_and_others_answer_any() {
        let loopback = |names: &[&str]| Hosts::Loopback(names.iter().map(|&name| name.to_owned()).collect());
        for (line, expected) in [
            ("", loopback(&[])),
            ("--listen [::1]:0", loopback(&[])),
            ("--listen 127.0.0.2:0 --allow-host a.example --allow-host b", loopback(&["a.example", "b"])),
            ("--allow-host *", Hosts::Any),
            ("--listen 0.0.0.0:0", Hosts::Any),
            ("--listen 0.0.0.0:0 --allow-host a.example", loopback(&["a.example"])),
            ("--allow-host [fe80::1]", loopback(&["fe80::1"])),
        ] {
            assert_eq!(serve(line).unwrap().hosts(), expected, "{line}");
        }
        for name in ["a:80", "http://a", "", "a b", "*.a", "a/"] {
            assert!(serve(&format!("--allow-host={name}")).is_err() || name.contains(' '), "{name}");
        }
    }

    #[test]
    fn what_follows_exec_is_the_programs() {
        for (line, expected) in [
            ("--exec ./bootstrap", "./bootstrap"),
            ("--listen 0 --exec python3 -u runtime.py --listen 1 --help", "python3 -u runtime.py --listen 1 --help"),
            ("--exec -- npm run start -- --fast", "npm run start -- --fast"),
        ] {
            let serve = serve(line).unwrap();
            let (program, arguments) = serve.program.command().unwrap();
            let words: Vec<_> = std::iter::once(program).chain(arguments).map(|word| word.to_str().unwrap()).collect();
            assert_eq!(words.join(" "), expected);
        }
        assert!(serve("").unwrap().program.command().is_none());
    }

    #[test]
    fn a_runtime_is_one_thing() {
        for line in [
            "a.wasm --exec b",
            "a.wasm --zip b.zip",
            "--zip a.zip --exec b",
            "--watch --exec a",
            "--watch --zip a.zip",
            "--max-environments 2",
            "--env A=1",
            "--env A --exec b",
            "--env =1 --exec b",
            "--max-environments 0 --exec a",
            "--exec",
        ] {
            assert!(serve(line).is_err(), "{line}");
        }
        let serve = serve("--env A=1=2 --env B= --zip a.zip").unwrap();
        assert_eq!(serve.program.env, [("A".to_owned(), "1=2".into()), ("B".to_owned(), "".into())]);
    }

    #[test]
    fn health_checks_are_asked_for_by_their_path() {
        let health = serve("--health-check /up?x=1 --interval 500ms --matcher 200-299").unwrap().health;
        assert_eq!(health.path.unwrap().as_str(), "/up?x=1");
        assert_eq!((health.interval, health.check_timeout), (Duration::from_millis(500), None));
        for line in ["--interval 1s", "--matcher 200", "--health-check up", "--health-check /up --matcher 20"] {
            assert!(serve(line).is_err(), "{line}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, millis) in [("10s", 10_000), ("500ms", 500), ("2m", 120_000), ("86400s", 86_400_000)] {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)));
        }
        for text in ["", "s", "0s", "-1s", "1.5s", "1h", "86401s", "18446744073709551615", "5msms", "+7s", "7 s"] {
            assert!(time(text).is_err(), "{text}");
        }
        for text in ["7", "0"] {
            let error = time(text).unwrap_err();
            assert!(error.contains(&format!("\"{text}s\" or \"{text}ms\"")), "{error}");
        }
    }

    #[test]
    fn the_timeout_is_in_whole_seconds() {
        for (text, seconds) in
            [("", 30), ("--timeout 3", 3), ("--timeout 900", 900), ("--timeout 3s", 3), ("--timeout 2m", 120)]
        {
            assert_eq!(serve(text).unwrap().timeout.duration(), Duration::from_secs(seconds), "{text}");
        }
        for text in ["0", "901", "+3", "-3", "3.5", "1500ms", "3ss", "16m", "x"] {
            assert!(serve(&format!("--timeout={text}")).is_err(), "{text}");
        }
    }
}
