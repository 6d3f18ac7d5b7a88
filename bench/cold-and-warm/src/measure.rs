//! The rounds. Each round runs every contender once, in random order, so that noise affects all of them equally.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use fastrand::Rng;
use serde::Serialize;

use crate::contender::Contender;
use crate::figures::Figures;
use crate::page::Page;
use crate::session::Session;
use crate::size;

/// The number of measurements.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Plan {
    /// Cold starts of each contender.
    pub(crate) cold: usize,
    /// Rounds of warm invocations.
    pub(crate) rounds: usize,
    /// Warm invocations of each contender in a round.
    pub(crate) warm: usize,
    /// Uncounted invocations before the first of those, so that just-in-time compilers can optimise.
    pub(crate) warm_up: usize,
}

impl Plan {
    /// The plan for published results.
    pub(crate) const FULL: Plan = Plan { cold: 40, rounds: 100, warm: 50, warm_up: 300 };
    /// The plan for a quick check that everything works.
    pub(crate) const QUICK: Plan = Plan { cold: 3, rounds: 3, warm: 20, warm_up: 20 };
}

/// A contender with its figures, or with the reason why there are none.
pub(crate) struct Entry {
    /// The contender.
    pub(crate) contender: Contender,
    /// The figures, or the reason why there are none.
    pub(crate) outcome: Result<Figures, String>,
}

/// Measures all contenders.
pub(crate) async fn measure(contenders: Vec<Contender>, stage: &Path, plan: Plan, rng: &mut Rng) -> Vec<Entry> {
    let mut entries = Vec::new();
    for contender in contenders {
        eprintln!("==> trying {}", contender.name);
        let outcome = trial(&contender, stage).await.map_err(|error| format!("{error:#}"));
        if let Err(reason) = &outcome {
            eprintln!("    not measured: {reason}");
        }
        entries.push(Entry { contender, outcome });
    }
    for round in 1..=plan.cold {
        eprintln!("==> cold starts: round {round} of {}", plan.cold);
        for index in order(&entries, rng) {
            cold(&mut entries[index], stage).await;
        }
    }
    warm(&mut entries, stage, plan, rng).await;
    entries
}

/// Starts a contender once to bring its files into the page cache, and checks each page.
async fn trial(contender: &Contender, stage: &Path) -> Result<Figures> {
    if let Some(reason) = contender.not_built(stage) {
        anyhow::bail!(reason);
    }
    let (session, _) = Session::start(contender, stage).await?;
    for page in Page::ALL {
        session.ask(page).await?;
    }
    session.end().await;
    size::measure(contender, stage)
}

async fn cold(entry: &mut Entry, stage: &Path) {
    let Ok(figures) = &mut entry.outcome else { return };
    let [page, ..] = Page::ALL;
    let once = async {
        let (session, init) = Session::start(&entry.contender, stage).await?;
        let first = session.ask(page).await?;
        session.end().await;
        anyhow::Ok((init, first))
    };
    match once.await {
        Ok((init, first)) => {
            figures.init_ns.push(nanoseconds(init));
            figures.first_ns.push(nanoseconds(first));
        }
        Err(error) => entry.outcome = Err(format!("a cold start failed: {error:#}")),
    }
}

/// Runs all contenders concurrently, and measures them in turn.
async fn warm(entries: &mut [Entry], stage: &Path, plan: Plan, rng: &mut Rng) {
    let mut sessions = Vec::new();
    for entry in entries.iter_mut() {
        sessions.push(match start_warm(entry, stage, plan).await {
            Ok(session) => Some(session),
            Err(error) => {
                entry.fail(&error);
                None
            }
        });
    }
    for round in 1..=plan.rounds {
        eprintln!("==> warm invocations: round {round} of {}", plan.rounds);
        for index in order(entries, rng) {
            let (entry, Some(session)) = (&mut entries[index], &sessions[index]) else { continue };
            if let Err(error) = block(entry, session, plan.warm).await {
                entry.fail(&error);
            }
        }
    }
    for (entry, session) in entries.iter_mut().zip(sessions) {
        let (Ok(figures), Some(session)) = (&mut entry.outcome, session) else { continue };
        match session.tree().and_then(|tree| tree.peak_memory()) {
            Ok(bytes) => figures.peak_bytes = bytes,
            Err(error) => entry.fail(&error),
        }
        session.end().await;
    }
}

async fn start_warm(entry: &Entry, stage: &Path, plan: Plan) -> Result<Session> {
    // A contender that has failed is skipped.
    ensure!(entry.outcome.is_ok());
    let (session, _) = Session::start(&entry.contender, stage).await?;
    for page in Page::ALL.into_iter().cycle().take(plan.warm_up) {
        session.ask(page).await?;
    }
    Ok(session)
}

async fn block(entry: &mut Entry, session: &Session, count: usize) -> Result<()> {
    let Ok(figures) = &mut entry.outcome else { return Ok(()) };
    session.ready().await?;
    let tree = session.tree()?;
    let before = tree.processor_time()?;
    for page in Page::ALL.into_iter().cycle().take(count) {
        figures.warm_ns.push(nanoseconds(session.ask(page).await?));
    }
    session.ready().await?;
    // The processor time of a process that ended would be missing.
    ensure!(session.tree()? == tree, "its processes were not the same before and after {count} invocations");
    let spent = nanoseconds(tree.processor_time()?.saturating_sub(before));
    figures.processor_ns.push(spent / u64::try_from(count.max(1))?);
    Ok(())
}

impl Entry {
    fn fail(&mut self, error: &anyhow::Error) {
        if self.outcome.is_ok() {
            self.outcome = Err(format!("a warm invocation failed: {error:#}"));
        }
    }
}

/// The indices of the contenders that have not failed, shuffled.
fn order(entries: &[Entry], rng: &mut Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).filter(|index| entries[*index].outcome.is_ok()).collect();
    rng.shuffle(&mut order);
    order
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
