//! Runs a stage: sends its events, watches and measures its process, and restarts it if it ends.

use std::time::{Duration, Instant};

use crate::ledger::Ledger;
use crate::measure::Held;
use crate::peers::Peers;
use crate::process::Process;
use crate::report::Report;
use crate::stages::Stage;

/// After this number of events, the process has touched all the memory that it keeps.
const WARM: usize = 1_000;
/// How far the resident memory may rise after that, in KiB. A stage with fewer than twice as many events is too short
/// for this check: its first attack on memory may come after a quarter of it.
const RISE: u64 = 20 * 1024;
/// The same for each concurrent event. The heap keeps the memory that events use at the same moment, which for a large
/// body is the event, the body twice and the reply.
const RISE_BESIDE: u64 = 1024;
/// Threads that are started on first use and stay: the watchdog, and the thread that sends its answers. Threads for
/// blocking work end.
const LATER_THREADS: u64 = 2;
/// Descriptors of the watchdog's sender, if it was not used in the first thousand events.
const SENDER: u64 = 5;
/// Descriptors that are opened for the first events and stay: a folder for temporary files.
const LATER_DESCRIPTORS: u64 = 1;
/// The time for a process to release resources: a thread for blocking work lives for ten seconds.
const SETTLED: Duration = Duration::from_secs(15);
/// The time in which there must be progress.
const STUCK: Duration = Duration::from_secs(60);
/// How often a process that ends is restarted.
const STARTS: usize = 20;

/// A running stage.
pub(crate) struct Run<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) ledger: &'a Ledger,
    pub(crate) peers: &'a Peers,
    pub(crate) report: &'a mut Report,
    pub(crate) process: Process,
    pub(crate) start: &'a dyn Fn() -> Process,
    pub(crate) starts: usize,
}

impl Run<'_> {
    pub(crate) fn all(&mut self, count: usize) {
        if !self.is_ready() {
            return self.broke("the process does not ask for events");
        }
        let fresh = Held::of(self.process.id());
        eprintln!("    fresh: {fresh}");
        let warm = WARM.min(count.div_ceil(4));
        if !self.work_until(warm) {
            return;
        }
        let before = self.settled(|held| held.descriptors <= fresh.descriptors + LATER_DESCRIPTORS);
        eprintln!("    after {warm}: {before}");
        if !self.work_until(count) {
            return;
        }
        let mut most = self.most(&fresh, &before);
        let is_short = count < 2 * WARM;
        if is_short {
            most.resident = u64::MAX;
        }
        let after = self.settled(|held| held.is_within(&most));
        if is_short {
            most.resident = after.resident;
        }
        eprintln!("    after {count}: {after}");
        if let Some(problem) = self.ended() {
            self.broke(&problem);
        } else if self.starts == 1 && !after.is_within(&most) {
            // The measurements of a process that was restarted in between are not comparable.
            self.broke(&format!("it holds more than before: {after}; at most {most}"));
        }
    }

    /// The most that it may hold at the end, based on a new process and on the state after the first thousand events.
    fn most(&self, fresh: &Held, before: &Held) -> Held {
        let at_once = self.stage.at_once as u64;
        let sender = if before.threads < fresh.threads + LATER_THREADS { SENDER } else { 0 };
        Held {
            resident: before.resident + RISE + RISE_BESIDE * at_once.saturating_sub(1),
            threads: fresh.threads + LATER_THREADS,
            // An instance that was created in advance has an open folder: one for each concurrent event.
            descriptors: before.descriptors + at_once.saturating_sub(before.files) + sender,
            files: at_once,
        }
    }

    fn broke(&mut self, problem: &str) {
        eprintln!("    {problem}");
        self.report.broke(self.stage.name, "process", problem);
    }

    /// Whether all of its workers wait for events.
    fn is_ready(&mut self) -> bool {
        let late = Instant::now() + Duration::from_secs(20);
        while self.ledger.waiting() < self.stage.at_once {
            if Instant::now() > late || self.process.ended().is_some() {
                eprintln!("    {}", self.process.last_words());
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.stage.at_once == 1 {
            self.ledger.watch(self.process.id(), self.stage.memory * 1024);
        }
        true
    }

    /// Runs until `count` events are answered. Returns false if that fails.
    fn work_until(&mut self, count: usize) -> bool {
        self.ledger.allow(count);
        let (mut last, mut since) = (self.ledger.answered(), Instant::now());
        let mut told = Instant::now();
        while self.ledger.open() > 0 {
            std::thread::sleep(Duration::from_millis(20));
            self.ledger.give_up(None);
            let now = self.ledger.answered();
            if now != last {
                (last, since) = (now, Instant::now());
            }
            if told.elapsed() > Duration::from_secs(30) {
                told = Instant::now();
                eprintln!("    {now} answered, {} at work", self.ledger.at_work());
            }
            let problem = if let Some(problem) = self.ended() {
                problem
            } else if since.elapsed() > STUCK {
                format!("nothing happens; {}\n    {}", self.ledger.surroundings(), self.process.last_words())
            } else {
                continue;
            };
            if !self.start_again(&problem) {
                return false;
            }
            self.ledger.allow(count);
            since = Instant::now();
        }
        true
    }

    /// The reason, if the process has ended.
    fn ended(&mut self) -> Option<String> {
        let status = self.process.ended()?;
        Some(format!("the process ended: {status}; {}\n    {}", self.ledger.surroundings(), self.process.last_words()))
    }

    fn start_again(&mut self, problem: &str) -> bool {
        self.broke(problem);
        self.ledger.look_away();
        // The new process is ready when all of its workers wait.
        self.ledger.allow(0);
        self.process.kill();
        let words = problem.lines().next().unwrap_or_default().to_owned();
        let ended = std::mem::replace(&mut self.process, (self.start)());
        ended.stop();
        self.ledger.give_up(Some(&words));
        self.starts += 1;
        if self.starts > STARTS || !self.is_ready() {
            self.broke("it is not started again");
            return false;
        }
        true
    }

    /// The resources of the process when it is idle and the peers have closed their connections.
    fn settled(&mut self, is_enough: impl Fn(&Held) -> bool) -> Held {
        let late = Instant::now() + SETTLED;
        loop {
            self.peers.close_all();
            std::thread::sleep(Duration::from_millis(200));
            let held = Held::of(self.process.id());
            let is_idle = self.ledger.waiting() == self.stage.at_once;
            let is_over = Instant::now() > late || self.process.ended().is_some();
            if (is_idle && is_enough(&held)) || is_over {
                return held;
            }
        }
    }
}
