//! The ways to run: each is one process with a share of the events.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use funcserver_engine::{Target, compile};

use crate::api::{Api, fault};
use crate::case::{Class, Guest, Kind};
use crate::kinds;
use crate::ledger::{Ledger, Ticket};
use crate::measure::Held;
use crate::options::Options;
use crate::peers::Peers;
use crate::process::Process;
use crate::random::Random;
use crate::report::Report;

/// After so many the process has touched all that it keeps.
const WARM: usize = 1_000;
/// How far the resident memory may rise after that, in KiB.
const RISE: u64 = 20 * 1024;
/// How long a process may take until it holds no more than before: a thread for blocking work lives ten seconds.
const SETTLED: Duration = Duration::from_secs(15);
/// The time in which something has to happen.
const STUCK: Duration = Duration::from_secs(60);
/// How often a process that ends is started again.
const STARTS: usize = 20;

pub(crate) struct Stage {
    name: &'static str,
    guest: Guest,
    /// The function's, in MB.
    pub(crate) memory: u64,
    pub(crate) at_once: usize,
    pub(crate) log_format: &'static str,
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// Of 100 events.
    share: usize,
    /// Whether its attacks are those of memory alone.
    of_memory: bool,
}

pub(crate) fn all() -> Vec<Stage> {
    let one = Stage {
        name: "one",
        guest: Guest::P2,
        memory: 256,
        at_once: 1,
        log_format: "Text",
        variables: &[],
        share: 25,
        of_memory: false,
    };
    let sixteen = Stage { name: "sixteen", memory: 2_048, at_once: 16, log_format: "JSON", ..one };
    vec![
        Stage { name: "one-p3", guest: Guest::P3, share: 12, ..one },
        Stage { name: "sixteen-p3", guest: Guest::P3, share: 13, ..sixteen },
        Stage { name: "reused", variables: &[("FUNCSERVER_GUEST_REUSE", "1000")], share: 12, ..one },
        Stage {
            name: "shared-p3",
            guest: Guest::P3,
            variables: &[("FUNCSERVER_GUEST_REUSE", "1000"), ("FUNCSERVER_GUEST_CONCURRENT", "4")],
            share: 5,
            ..sixteen
        },
        Stage { name: "small", memory: 128, share: 4, of_memory: true, ..one },
        Stage { name: "small-p3", guest: Guest::P3, memory: 128, share: 4, of_memory: true, ..one },
        Stage { share: 25, ..one },
        Stage { share: 25, ..sixteen },
    ]
}

impl fmt::Display for Stage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} at once, {} MB", self.name, self.at_once, self.memory)
    }
}

impl Stage {
    pub(crate) fn is_wanted(&self, options: &Options) -> bool {
        options.stages.is_empty() || options.stages.iter().any(|name| name == self.name)
    }

    pub(crate) fn run(&self, options: &Options, peers: &Peers, report: &mut Report) {
        let shares: usize = all().iter().filter(|stage| stage.is_wanted(options)).map(|stage| stage.share).sum();
        let count = (options.count * self.share / shares).max(1);
        let kinds = Arc::new(self.kinds(options, peers));
        let tickets = self.tickets(&kinds, count, options);
        if tickets.is_empty() {
            return;
        }
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("handler.cwasm"), component(self.guest)).unwrap();

        let ledger = Arc::new(Ledger::new(kinds, tickets));
        let api = Api::start(ledger.clone(), peers);
        let start = || Process::start(options, self, root.path(), api.address, peers);
        let mut run = Run { stage: self, ledger: &ledger, peers, report, process: start(), start: &start, starts: 1 };
        run.all(count);
        let (lines, problems) = run.process.stop();
        eprintln!("    {lines} lines of log");
        for problem in problems {
            report.broke(self.name, "log", &problem);
        }
        let tally = ledger.take_tally();
        for (kind, peak) in tally.peaks_over(self.memory * 1024) {
            let problem = format!("{} MB in a function of {} MB", peak / 1024, self.memory);
            report.broke(self.name, kind, &problem);
        }
        report.add(self.name, tally);
    }

    fn kinds(&self, options: &Options, peers: &Peers) -> Vec<Kind> {
        let is_meant = |kind: &Kind| {
            kind.guests.contains(&self.guest)
                && (peers.has_names() || !kind.names)
                && (kind.class == Class::Good || !self.of_memory || kind.memory)
                && (options.only.is_empty() || options.only.iter().any(|name| name == kind.name))
        };
        kinds::all().into_iter().filter(is_meant).collect()
    }

    /// In an order that the seed and the stage decide.
    fn tickets(&self, kinds: &[Kind], count: usize, options: &Options) -> Vec<Ticket> {
        let seed = self.name.bytes().fold(options.seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let mut random = Random::new(seed);
        let good = Weighted::of(kinds, Class::Good);
        let attacks = Weighted::of(kinds, Class::Attack);
        let mut ticket = |number| {
            let is_attack = good.is_empty() || (!attacks.is_empty() && random.per_mille(options.attacks));
            let kind = if is_attack { &attacks } else { &good }.pick(&mut random)?;
            let seed = random.next();
            let (next_fault, post_fault) = fault::drawn(&mut random);
            let (next_fault, post_fault) = if options.faults { (next_fault, post_fault) } else { (None, None) };
            Some(Ticket { number, kind, seed, next_fault, post_fault })
        };
        (0..count).map_while(&mut ticket).collect()
    }
}

/// Kinds of one class, each as often as its weight says.
struct Weighted(Vec<usize>);

impl Weighted {
    fn of(kinds: &[Kind], class: Class) -> Self {
        let of_class = kinds.iter().enumerate().filter(|(_, kind)| kind.class == class);
        Self(of_class.flat_map(|(n, kind)| (0..kind.weight).map(move |_| n)).collect())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn pick(&self, random: &mut Random) -> Option<usize> {
        (!self.0.is_empty()).then(|| *random.pick(&self.0))
    }
}

fn component(guest: Guest) -> Vec<u8> {
    let wasm = match guest {
        Guest::P2 => funcserver_test_guest::WASM,
        Guest::P3 => funcserver_test_guest::WASM_P3,
    };
    compile::compile(wasm, Target::Host).unwrap()
}

/// A stage under way.
struct Run<'a> {
    stage: &'a Stage,
    ledger: &'a Ledger,
    peers: &'a Peers,
    report: &'a mut Report,
    process: Process,
    start: &'a dyn Fn() -> Process,
    starts: usize,
}

impl Run<'_> {
    fn all(&mut self, count: usize) {
        if !self.is_ready() {
            return self.broke("the process does not ask for events");
        }
        let fresh = Held::of(self.process.id());
        eprintln!("    fresh: {fresh}");
        let warm = WARM.min(count.div_ceil(4));
        if !self.work_until(warm) {
            return;
        }
        let before =
            self.settled(|held| held.threads <= fresh.threads + 1 && held.descriptors <= fresh.descriptors + 2);
        eprintln!("    after {warm}: {before}");
        if !self.work_until(count) {
            return;
        }
        let after = self.settled(|held| {
            held.resident <= before.resident + RISE
                && held.threads <= before.threads
                && held.descriptors <= before.descriptors
                && held.files <= before.files
        });
        eprintln!("    after {count}: {after}");
        if self.starts > 1 {
            return;
        }
        if after.resident > before.resident + RISE {
            self.broke(&format!("memory: from {} to {} KiB", before.resident, after.resident));
        }
        for (what, before, after) in [
            ("threads", before.threads, after.threads),
            ("descriptors", before.descriptors, after.descriptors),
            ("temporary files", before.files, after.files),
        ] {
            if after > before {
                self.broke(&format!("{what}: from {before} to {after}"));
            }
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
            self.ledger.watch(Some(self.process.id()));
        }
        true
    }

    /// Until that many are answered. False if that is not to be had.
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
            let problem = if let Some(status) = self.process.ended() {
                format!("the process ended: {status}\n    {}", self.process.last_words())
            } else if since.elapsed() > STUCK {
                format!("nothing happens\n    {}", self.process.last_words())
            } else {
                continue;
            };
            if !self.start_again(&problem) {
                return false;
            }
            since = Instant::now();
        }
        true
    }

    fn start_again(&mut self, problem: &str) -> bool {
        self.broke(problem);
        self.ledger.watch(None);
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

    /// What the process holds when all of it rests and the peers have closed their connections.
    fn settled(&mut self, is_enough: impl Fn(&Held) -> bool) -> Held {
        let late = Instant::now() + SETTLED;
        loop {
            self.peers.close_all();
            std::thread::sleep(Duration::from_millis(200));
            let held = Held::of(self.process.id());
            let is_idle = self.ledger.waiting() == self.stage.at_once;
            if (is_idle && is_enough(&held)) || Instant::now() > late {
                return held;
            }
        }
    }
}
