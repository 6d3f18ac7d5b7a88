//! The events to send, in order.

use std::collections::VecDeque;

use crate::api::fault::{NextFault, PostFault};

/// The most attacks in progress at once, out of sixteen events. The others are good requests.
const ATTACKS_AT_ONCE: usize = 8;

/// An event to send.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) number: usize,
    pub(crate) kind: usize,
    pub(crate) is_attack: bool,
    pub(crate) seed: u64,
    pub(crate) next_fault: Option<NextFault>,
    pub(crate) post_fault: Option<PostFault>,
}

/// Good requests and attacks in separate queues: good requests are sent first while enough attacks are in progress.
#[derive(Default)]
pub(crate) struct Queue {
    good: VecDeque<Ticket>,
    attacks: VecDeque<Ticket>,
    /// Events with this number and higher ones must wait.
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

    /// The next event that may be sent.
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

    /// Puts an event back, which will be sent again.
    pub(crate) fn push_back(&mut self, ticket: Ticket) {
        self.done(&ticket);
        if ticket.is_attack { self.attacks.push_front(ticket) } else { self.good.push_front(ticket) }
    }

    /// Records that an event is no longer in progress.
    pub(crate) fn done(&mut self, ticket: &Ticket) {
        self.attacks_at_work -= usize::from(ticket.is_attack);
    }

    /// The number of events that may be sent.
    pub(crate) fn open(&self) -> usize {
        let may = |queue: &VecDeque<Ticket>| queue.iter().take_while(|ticket| ticket.number < self.until).count();
        may(&self.good) + may(&self.attacks)
    }
}
