//! A kind of event, and one event of a kind.

use std::time::Duration;

use serde_json::Value;

use crate::judge::Expected;
use crate::peers::Peers;
use crate::random::Random;

/// The purpose of an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// A normal request of a user.
    Good,
    /// A request that tries to break something.
    Attack,
}

/// The component that must answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guest {
    /// Of `wasi:http` 0.2.
    P2,
    /// Of `wasi:http` 0.3.
    P3,
}

/// Which other events may be in the same instance, if the expected answer depends on that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Beside {
    Any,
    None,
    Others,
}

/// One event and its expected answer.
pub(crate) struct Case {
    pub(crate) event: Value,
    pub(crate) expected: Expected,
}

type Make = Box<dyn Fn(&Peers, &mut Random) -> Case + Send + Sync>;

/// A row of the table of kinds.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) class: Class,
    /// How often it is sent, relative to the others of its class.
    pub(crate) weight: u64,
    pub(crate) guests: &'static [Guest],
    /// Whether it needs a name server.
    pub(crate) names: bool,
    /// Whether it attacks the host's memory, and is sent to functions with little memory.
    pub(crate) memory: bool,
    /// Whether the instance can serve others at the same time: the event neither ends it nor blocks it.
    pub(crate) shares: bool,
    pub(crate) beside: Beside,
    /// The time that Lambda allows for it.
    pub(crate) time: Duration,
    make: Make,
}

const BOTH: &[Guest] = &[Guest::P2, Guest::P3];
/// The time for events that must be answered at any load.
const PATIENT: Duration = Duration::from_secs(5);

impl Kind {
    fn new(
        class: Class,
        name: &'static str,
        make: impl Fn(&Peers, &mut Random) -> Case + Send + Sync + 'static,
    ) -> Self {
        let make = Box::new(make);
        let shares = class == Class::Good;
        let (guests, beside) = (BOTH, Beside::Any);
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

    /// Sets a short deadline, because the event runs until its deadline.
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
