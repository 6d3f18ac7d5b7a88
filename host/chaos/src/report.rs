//! The report: the events, their outcomes, and the problems.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::at_work::Judged;
use crate::case::{Class, Kind};
use crate::peers::Peers;

/// How many problems of one sort are shown in full.
const SHOWN: usize = 5;

/// How many problems of one kind are printed immediately.
const TOLD: usize = 2;

/// Servers that other kinds call as well, so that their counts are not comparable.
const DROPPED: &[&str] = &["h2-settled", "h2-no-window", "h2-reset-body"];

/// The results of one stage.
#[derive(Default)]
pub(crate) struct Tally {
    kinds: BTreeMap<&'static str, Row>,
    faults: BTreeMap<&'static str, u64>,
    problems: Vec<(String, String)>,
}

#[derive(Default)]
struct Row {
    is_attack: bool,
    count: u64,
    answers: BTreeMap<String, u64>,
    slowest: Duration,
    time: Duration,
    /// In KiB.
    peak: u64,
}

#[derive(Default)]
pub(crate) struct Report {
    kinds: BTreeMap<&'static str, Row>,
    faults: BTreeMap<&'static str, u64>,
    /// The problems: the stage, the kind or place, and the description.
    problems: Vec<[String; 3]>,
}

impl Tally {
    pub(crate) fn count(&mut self, kind: &Kind, judged: &Judged) {
        let row = self.kinds.entry(kind.name).or_default();
        row.is_attack = kind.class == Class::Attack;
        row.count += 1;
        row.time = kind.time;
        *row.answers.entry(judged.label.clone()).or_default() += 1;
        row.slowest = row.slowest.max(judged.took.unwrap_or_default());
        if let Some(problem) = &judged.problem {
            self.problem(kind.name, &format!("{problem} (event {})", judged.number));
        }
    }

    pub(crate) fn fault(&mut self, name: &'static str) {
        *self.faults.entry(name).or_default() += 1;
    }

    pub(crate) fn peak(&mut self, kind: &'static str, resident: u64) {
        let row = self.kinds.entry(kind).or_default();
        row.peak = row.peak.max(resident);
    }

    pub(crate) fn problem(&mut self, place: &str, problem: &str) {
        let known = self.problems.iter().filter(|(own, _)| own == place).count();
        if known < TOLD {
            eprintln!("    {place}: {problem}");
        }
        self.problems.push((place.to_owned(), problem.to_owned()));
    }
}

impl Report {
    pub(crate) fn add(&mut self, stage: &str, tally: Tally) {
        for (name, row) in tally.kinds {
            let own = self.kinds.entry(name).or_default();
            own.is_attack = row.is_attack;
            own.count += row.count;
            own.slowest = own.slowest.max(row.slowest);
            own.time = row.time;
            own.peak = own.peak.max(row.peak);
            for (label, count) in row.answers {
                *own.answers.entry(label).or_default() += count;
            }
        }
        for (name, count) in tally.faults {
            *self.faults.entry(name).or_default() += count;
        }
        for (place, problem) in tally.problems {
            self.broke(stage, &place, &problem);
        }
    }

    pub(crate) fn broke(&mut self, stage: &str, place: &str, problem: &str) {
        self.problems.push([stage.to_owned(), place.to_owned(), problem.to_owned()]);
    }

    /// Checks the requests that the peers received.
    pub(crate) fn check_peers(&mut self, peers: &Peers) {
        for (name, seen) in peers.seen() {
            // Each event of that kind sends one request, and a request that broke off may be repeated once. Faults of
            // the Runtime API repeat no request, because an event that it sends again was never received whole.
            let asked = self.kinds.get(name).map_or(0, |row| row.count);
            if asked > 0 && seen > 2 * asked && !DROPPED.contains(&name) {
                self.broke("peers", name, &format!("{asked} requests reach the server {seen} times"));
            }
        }
    }

    pub(crate) fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn print(&self) {
        let width = self.kinds.keys().map(|name| name.len()).max().unwrap_or(0);
        println!("\n{:width$}  {:>7}  {:>13}  {:>7}  answers", "kind", "count", "slowest", "peak");
        for attack in [false, true] {
            for (name, row) in self.kinds.iter().filter(|(_, row)| row.is_attack == attack) {
                let slowest = format!("{}/{} ms", row.slowest.as_millis(), row.time.as_millis());
                let peak = if row.peak == 0 { String::new() } else { format!("{} MB", row.peak / 1024) };
                let answers: Vec<_> = row.answers.iter().map(|(label, count)| format!("{label}: {count}")).collect();
                println!("{name:width$}  {:>7}  {slowest:>13}  {peak:>7}  {}", row.count, answers.join(", "));
            }
        }
        println!("\nfaults of the Runtime API");
        for (name, count) in &self.faults {
            println!("{name:width$}  {count:>7}");
        }
        self.print_problems();
    }

    fn print_problems(&self) {
        if self.problems.is_empty() {
            println!("\nall of it held");
            return;
        }
        println!("\nwhat broke: {}", self.problems.len());
        let mut sorts: BTreeMap<(&str, &str, String), Vec<&str>> = BTreeMap::new();
        for [stage, place, problem] in &self.problems {
            // The text before the details.
            let sort = problem.split([':', '(']).next().unwrap_or_default().to_owned();
            sorts.entry((stage, place, sort)).or_default().push(problem);
        }
        for ((stage, place, _), problems) in sorts {
            println!("  {stage}: {place}: {} times", problems.len());
            for problem in problems.iter().take(SHOWN) {
                println!("    {problem}");
            }
        }
    }
}
