//! `funcserver invoke`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Timeout;

#[derive(Debug, Args)]
pub(crate) struct Invoke {
    /// Optionally a component, .wasm or .cwasm; then event files, folders from serve --record, or - for stdin
    #[arg(value_name = "EVENT", required = true)]
    files: Vec<PathBuf>,
    /// Print each reply as the load balancer would get it, without indentation
    #[arg(long)]
    pub(crate) raw: bool,
    /// Print the differences from the recorded reply: status, headers and body
    #[arg(long, conflicts_with = "raw")]
    pub(crate) diff: bool,
    /// Also compare values that change each time: dates, traces and ids of requests
    #[arg(long, requires = "diff")]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) timeout: Timeout,
}

impl Invoke {
    /// The component and the events. The first argument is a component if it has the extension of one.
    pub(crate) fn component_and_events(&self) -> (Option<&Path>, &[PathBuf]) {
        match self.files.split_first() {
            Some((first, events)) if is_component(first) => (Some(first), events),
            _ => (None, &self.files),
        }
    }
}

fn is_component(path: &Path) -> bool {
    path.extension().and_then(OsStr::to_str).is_some_and(|ending| matches!(ending, "wasm" | "cwasm"))
}

pub(super) const USAGE: &str = "funcserver invoke [OPTIONS] [COMPONENT] <EVENT>...";

pub(super) const HELP: &str = "\
Prints the reply on stdout and the log on stderr. The exit code is 3 if an invocation was an error.

serve --record DIR saves every event in DIR, as 0001-GET-products.event.json, and its reply beside it, as \
0001-GET-products.reply.json. --diff compares each reply with the recorded one; the exit code is 4 if one differs. It ignores \
the headers date, x-amzn-trace-id, x-amzn-requestid and x-request-id, and the request id in error replies of the host.

Examples:
  funcserver invoke event.json
  funcserver invoke router.wasm event.json --raw
  funcserver event GET /products | funcserver invoke router.wasm -
  funcserver invoke router.wasm recorded --diff";

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        invoke: Invoke,
    }

    #[test]
    fn a_component_comes_first_if_there_is_one() {
        for (line, component, events) in [
            ("a.json", None, 1),
            ("-", None, 1),
            ("a.wasm b.json c.json", Some("a.wasm"), 2),
            ("b.json c.json", None, 2),
            ("a.cwasm folder", Some("a.cwasm"), 1),
            ("b.json a.wasm", None, 2),
            ("a.wasm", Some("a.wasm"), 0),
        ] {
            let parsed = Line::try_parse_from(["invoke"].into_iter().chain(line.split(' '))).unwrap();
            let (found, rest) = parsed.invoke.component_and_events();
            assert_eq!((found, rest.len()), (component.map(Path::new), events), "{line}");
        }
    }
}
