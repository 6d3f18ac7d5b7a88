//! The ways to run: each stage is one process with a share of the events.

use std::fmt;
use std::sync::{Arc, LazyLock};

use funcserver_engine::{Target, compile};

use crate::api::{Api, fault};
use crate::case::{Beside, Class, Guest, Kind};
use crate::kinds;
use crate::ledger::Ledger;
use crate::options::Options;
use crate::peers::Peers;
use crate::process::Process;
use crate::queue::Ticket;
use crate::random::Random;
use crate::report::Report;
use crate::run::Run;

pub(crate) struct Stage {
    pub(crate) name: &'static str,
    guest: Guest,
    /// The function's memory, in MB.
    pub(crate) memory: u64,
    pub(crate) at_once: usize,
    pub(crate) log_format: &'static str,
    pub(crate) variables: &'static [(&'static str, &'static str)],
    /// In percent of the events.
    share: usize,
    /// The attacks that are sent.
    attacks: Attacks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Attacks {
    All,
    /// Attacks on the host's memory.
    OfMemory,
    /// Attacks that do not affect the other requests in their instance.
    Sharing,
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
        attacks: Attacks::All,
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
            attacks: Attacks::Sharing,
            ..sixteen
        },
        Stage { name: "small", memory: 128, share: 4, attacks: Attacks::OfMemory, ..one },
        Stage { name: "small-p3", guest: Guest::P3, memory: 128, share: 4, attacks: Attacks::OfMemory, ..one },
        Stage { share: 25, ..one },
        Stage { share: 25, ..sixteen },
    ]
}

impl Attacks {
    fn has(self, kind: &Kind) -> bool {
        match self {
            Self::All => true,
            Self::OfMemory => kind.memory,
            Self::Sharing => kind.shares,
        }
    }
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
        report.add(self.name, ledger.take_tally());
    }

    fn kinds(&self, options: &Options, peers: &Peers) -> Vec<Kind> {
        let not_here = match self.attacks {
            Attacks::Sharing => Beside::None,
            Attacks::All | Attacks::OfMemory => Beside::Others,
        };
        let is_meant = |kind: &Kind| {
            kind.guests.contains(&self.guest)
                && kind.beside != not_here
                && (peers.has_names() || !kind.names)
                && (kind.class == Class::Good || self.attacks.has(kind))
                && !options.without.iter().any(|name| name == kind.name)
                && (options.only.is_empty() || options.only.iter().any(|name| name == kind.name))
        };
        kinds::all().into_iter().filter(is_meant).collect()
    }

    /// The events in an order that depends on the seed and the stage.
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
            Some(Ticket { number, kind, is_attack, seed, next_fault, post_fault })
        };
        (0..count).map_while(&mut ticket).collect()
    }
}

/// The kinds of one class, each as often as its weight.
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

/// The compiled component, which is compiled once.
fn component(guest: Guest) -> &'static [u8] {
    static P2: LazyLock<Vec<u8>> =
        LazyLock::new(|| compile::compile(funcserver_test_guest::WASM, Target::Host).unwrap());
    static P3: LazyLock<Vec<u8>> =
        LazyLock::new(|| compile::compile(funcserver_test_guest::WASM_P3, Target::Host).unwrap());
    match guest {
        Guest::P2 => &P2,
        Guest::P3 => &P3,
    }
}
