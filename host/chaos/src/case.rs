//! One kind of event, and one event of it.

use std::time::Duration;

use serde_json::Value;

use crate::judge::Expected;
use crate::peers::Peers;
use crate::random::Random;

/// What an event is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// What a user of the function asks for.
    Good,
    /// What is meant to break something.
    Attack,
}

/// The component that has to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guest {
    /// Of `wasi:http` 0.2.
    P2,
    /// Of `wasi:http` 0.3.
    P3,
}

/// Beside whom in one instance what is expected of it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Beside {
    Anybody,
    Nobody,
    Others,
}

/// One event, and what its answer must be.
pub(crate) struct Case {
    pub(crate) event: Value,
    pub(crate) expected: Expected,
}

type Make = Box<dyn Fn(&Peers, &mut Random) -> Case + Send + Sync>;

/// A row of the table.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    /// How many of its class, beside the others.
    pub(crate) weight: u64,
    pub(crate) guests: &'static [Guest],
    /// Whether it needs a name server.
    pub(crate) names: bool,
    /// Whether it is about the host's memory, and sent where there is little of it.
    pub(crate) memory: bool,
    /// Whether it leaves its instance to others: it neither ends it nor holds it up.
    pub(crate) shares: bool,
    pub(crate) beside: Beside,
    /// What Lambda allows it.
    pub(crate) time: Duration,
    make: Make,
}

const BOTH: &[Guest] = &[Guest::P2, Guest::P3];
/// For what must be answered, however much is at work beside it.
const PATIENT: Duration = Duration::from_secs(5);

impl Kind {
    fn new(
        class: Class,
        name: &'static str,
        make: impl Fn(&Peers, &mut Random) -> Case + Send + Sync + 'static,
    ) -> Self {
        let make = Box::new(make);
        let shares = class == Class::Good;
        let (guests, beside) = (BOTH, Beside::Anybody);
        Self { name, class, weight: 1, guests, names: false, memory: false, shares, beside, time: PATIENT, make }
    }

    pub(crate) fn good(name: &'static str, make: impl Fn(&Peers, &mut Random) -> Case + Send + Sync + 'static) -> Self {
        Self::new(Class::Good, name, make)
    }

    pub(crate) fn attack(
        name: &'static str,
        make: impl Fn(&Peers, &mut Random) -> Case + Send + Sync + 'static,
    ) -> Self {
        Self::new(Class::Attack, name, make)
    }

    pub(crate) fn of(self, guest: &'static [Guest]) -> Self {
        Self { guests: guest, ..self }
    }

    pub(crate) fn p2(self) -> Self {
        self.of(&[Guest::P2])
    }

    pub(crate) fn p3(self) -> Self {
        self.of(&[Guest::P3])
    }

    pub(crate) fn weight(self, weight: u64) -> Self {
        Self { weight, ..self }
    }

    /// It runs to its deadline, which so comes soon.
    pub(crate) fn within(self, milliseconds: u64) -> Self {
        Self { time: Duration::from_millis(milliseconds), ..self }
    }

    pub(crate) fn by_name(self) -> Self {
        Self { names: true, ..self }
    }

    pub(crate) fn of_memory(self) -> Self {
        Self { memory: true, ..self }
    }

    pub(crate) fn sharing(self) -> Self {
        Self { shares: true, ..self }
    }

    pub(crate) fn beside(self, beside: Beside) -> Self {
        Self { beside, ..self }
    }

    pub(crate) fn case(&self, peers: &Peers, seed: u64) -> Case {
        (self.make)(peers, &mut Random::new(seed))
    }
}
