//! Counts the instructions of funcserver's start, of its first invocation and of a warm one, by callgrind. Noise does
//! not affect these numbers.
//!
//! It runs the real bootstrap with the real Rust example. The results are the differences of three runs with different
//! numbers of invocations.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::contender::Contender;
use crate::page::Page;
use crate::session::Session;
use crate::{args, verdict};

/// The largest accepted increase of a count.
const RISE: f64 = 1.05;
/// Warm invocations of the longest run.
const WARM: u64 = 100;
/// The number of runs of each length. The lowest count is used, because timers can only add instructions.
const RUNS: usize = 3;

/// The number of instructions of each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    init: u64,
    first: u64,
    warm: u64,
}

/// Counts, and compares the result with the stored counts or replaces them.
pub(crate) async fn run(args: &args::Instructions) -> Result<ExitCode> {
    let now = Counts::take(args).await?;
    if args.update {
        fs::write(&args.counts, serde_json::to_string_pretty(&now)? + "\n")?;
        println!("{}: init {}, first {}, warm {}", args.counts.display(), now.init, now.first, now.warm);
        return Ok(ExitCode::SUCCESS);
    }
    let kept = Counts::read(&args.counts)?;
    let parts = [
        ("init", kept.init, now.init),
        ("first invocation", kept.first, now.first),
        ("warm invocation", kept.warm, now.warm),
    ];
    let passes = parts.map(|(part, kept, now)| {
        let (pass, line) = judge(part, kept, now);
        println!("{line}");
        pass
    });
    if parts.iter().any(|(_, kept, now)| ratio(*kept, *now) * RISE < 1.0) {
        println!("the count has fallen; to keep the new value: scripts/bench instructions --update");
    }
    Ok(verdict(passes.into_iter()))
}

impl Counts {
    fn read(path: &Path) -> Result<Counts> {
        let text = fs::read_to_string(path).with_context(|| {
            format!("cannot read {}; to write it: scripts/bench instructions --update", path.display())
        })?;
        serde_json::from_str(&text).with_context(|| format!("{} has other counts than this program", path.display()))
    }

    async fn take(args: &args::Instructions) -> Result<Counts> {
        let mut totals = Vec::new();
        for invocations in [0, 1, 1 + WARM] {
            let mut least = u64::MAX;
            for run in 1..=RUNS {
                eprintln!("==> {invocations} invocations under callgrind: run {run} of {RUNS}");
                least = least.min(total(args, invocations).await?);
            }
            totals.push(least);
        }
        Counts::of(&totals)
    }

    /// Computes the counts from the totals of runs with no invocation, with one, and with the warm ones in addition.
    fn of(totals: &[u64]) -> Result<Counts> {
        let [init, one, all] = *totals else { anyhow::bail!("{} totals, not 3", totals.len()) };
        ensure!(init < one && one < all, "more invocations took no more instructions: {totals:?}");
        Ok(Counts { init, first: one - init, warm: (all - one) / WARM })
    }
}

/// The instructions of one run.
async fn total(args: &args::Instructions, invocations: u64) -> Result<u64> {
    let file = args.stage.join("callgrind.out");
    let mut contender = Contender::list(&["funcserver-rust".into()])?.remove(0);
    let valgrind = [
        args.valgrind.display().to_string(),
        "--tool=callgrind".into(),
        format!("--callgrind-out-file={}", file.display()),
    ];
    contender.command.splice(0..0, valgrind);
    let (session, _) = Session::start(&contender, &args.stage).await?;
    for page in Page::ALL.into_iter().cycle().take(usize::try_from(invocations)?) {
        session.ask(page).await?;
    }
    session.ready().await?;
    session.terminate().await?;
    let report = fs::read_to_string(&file).with_context(|| format!("callgrind wrote no {}", file.display()))?;
    fs::remove_file(&file)?;
    read_total(&report).context("callgrind's report has no totals")
}

fn read_total(report: &str) -> Option<u64> {
    report.lines().find_map(|line| line.strip_prefix("totals:"))?.trim().parse().ok()
}

fn judge(part: &str, kept: u64, now: u64) -> (bool, String) {
    let (pass, ratio) = (ratio(kept, now) <= RISE, ratio(kept, now));
    let verdict = if pass { "PASS" } else { "MISS" };
    (pass, format!("{verdict} {part}: {now} instructions, {ratio:.3} times the stored {kept} (at most {RISE})"))
}

#[expect(clippy::cast_precision_loss, reason = "millions of instructions")]
fn ratio(kept: u64, now: u64) -> f64 {
    now as f64 / kept as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_are_differences_of_runs() {
        assert_eq!(Counts::of(&[500, 700, 1_700]).unwrap(), Counts { init: 500, first: 200, warm: 10 });
        assert!(Counts::of(&[500, 500, 1_700]).is_err());
    }

    #[test]
    fn a_rise_of_more_than_five_percent_is_a_miss() {
        assert!(judge("init", 1_000, 1_050).0);
        assert!(!judge("init", 1_000, 1_051).0);
        assert!(!judge("init", 0, 1_051).0);
    }

    #[test]
    fn a_report_has_its_total_on_a_line() {
        assert_eq!(read_total("events: Ir\nsummary: 6\ntotals: 6078250\n"), Some(6_078_250));
        assert_eq!(read_total("events: Ir\n"), None);
    }
}
