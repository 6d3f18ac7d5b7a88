use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "usage: chaos --bootstrap FILE [--count N] [--seed N] [--attacks PER-MILLE] [--only KIND]... [--without KIND]... \
                     [--stage NAME]... [--namespace] [--log FILE] [--no-faults]";

/// The options of a run.
pub(crate) struct Options {
    pub(crate) bootstrap: PathBuf,
    /// Events in all stages together.
    pub(crate) count: usize,
    pub(crate) seed: u64,
    /// Attacks in 1,000 events.
    pub(crate) attacks: u64,
    /// Kinds to send; all if empty.
    pub(crate) only: Vec<String>,
    /// Kinds to leave out.
    pub(crate) without: Vec<String>,
    /// Stages to run; all if empty.
    pub(crate) stages: Vec<String>,
    /// Whether network, mounts and `/tmp` belong to the driver.
    pub(crate) namespace: bool,
    /// The file for the log of the bootstrap.
    pub(crate) log: Option<PathBuf>,
    /// Whether the Runtime API misbehaves.
    pub(crate) faults: bool,
}

impl Options {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut bootstrap = None;
        let mut options = Self {
            bootstrap: PathBuf::new(),
            count: 100_000,
            seed: SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| now.as_secs()),
            attacks: 10,
            only: Vec::new(),
            without: Vec::new(),
            stages: Vec::new(),
            namespace: false,
            log: None,
            faults: true,
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value; {USAGE}"));
            match argument.as_str() {
                "--bootstrap" => bootstrap = Some(std::path::absolute(value()?).map_err(|error| error.to_string())?),
                "--count" => options.count = number(&value()?)?,
                "--seed" => options.seed = number(&value()?)?,
                "--attacks" => options.attacks = number(&value()?)?,
                "--only" => options.only.push(value()?),
                "--without" => options.without.push(value()?),
                "--stage" => options.stages.push(value()?),
                "--namespace" => options.namespace = true,
                "--log" => options.log = Some(value()?.into()),
                "--no-faults" => options.faults = false,
                _ => return Err(format!("{argument} is not an option; {USAGE}")),
            }
        }
        options.bootstrap = bootstrap.ok_or(USAGE)?;
        Ok(options)
    }
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is not a number"))
}
