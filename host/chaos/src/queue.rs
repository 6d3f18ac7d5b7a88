//! The events that are to come, in their order.

use std::collections::VecDeque;

use crate::api::fault::{NextFault, PostFault};

/// Attacks at work at once, of sixteen events: the others are good requests beside them.
const ATTACKS_AT_ONCE: usize = 8;

/// An event that is to come.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) number: usize,
    pub(crate) kind: usize,
    pub(crate) is_attack: bool,
    pub(crate) seed: u64,
    pub(crate) next_fault: Option<NextFault>,
    pub(crate) post_fault: Option<PostFault>,
}

/// Good requests and attacks apart: the former go before where there are attacks enough at work.
#[derive(Default)]
pub(crate) struct Queue {
    good: VecDeque<Ticket>,
    attacks: VecDeque<Ticket>,
    /// Events with this number and greater ones have to wait.
    until: usize,
    attacks_at_work: usize,
}

impl Queue {
    pub(crate) fn of(tickets: Vec<Ticket>) -> Self {
        let (attacks, good) = tickets.into_iter().partition(|ticket| ticket.is_attack);
        Self { good, attacks, ..Self::default() }
    }

    pub(crate) fn allow(&mut self, until: usize) {
        self.until = until;
    }

    /// The next of those that may be handed out.
    pub(crate) fn pop(&mut self) -> Option<Ticket> {
        let number = |queue: &VecDeque<Ticket>| queue.front().map_or(usize::MAX, |ticket| ticket.number);
        let (good, attack) = (number(&self.good), number(&self.attacks));
        let attack = if self.attacks_at_work < ATTACKS_AT_ONCE { attack } else { usize::MAX };
        if good.min(attack) >= self.until {
            return None;
        }
        let ticket = if attack < good { self.attacks.pop_front() } else { self.good.pop_front() }?;
        self.attacks_at_work += usize::from(ticket.is_attack);
        Some(ticket)
    }

    /// It was taken, and comes again.
    pub(crate) fn push_back(&mut self, ticket: Ticket) {
        self.done(&ticket);
        if ticket.is_attack { self.attacks.push_front(ticket) } else { self.good.push_front(ticket) }
    }

    /// It is no longer at work.
    pub(crate) fn done(&mut self, ticket: &Ticket) {
        self.attacks_at_work -= usize::from(ticket.is_attack);
    }

    /// How many may be handed out.
    pub(crate) fn open(&self) -> usize {
        let may = |queue: &VecDeque<Ticket>| queue.iter().take_while(|ticket| ticket.number < self.until).count();
        may(&self.good) + may(&self.attacks)
    }
}
