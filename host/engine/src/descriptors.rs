//! The files and folders that an instance has open, counted apart from its other handles: a process may open few.

use std::any::Any;
use std::sync::{Arc, Weak};

/// Counts what is open: also what lives on in a stream after its handle was dropped.
pub(crate) struct Descriptors {
    most: usize,
    open: Vec<Weak<dyn Any + Send + Sync>>,
}

impl Descriptors {
    /// Of which there may be so many.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Vec::new() }
    }

    /// Whether one more may be opened.
    pub(crate) fn has_room(&mut self) -> bool {
        if self.open.len() >= self.most {
            self.open.retain(|open| open.strong_count() > 0);
        }
        self.open.len() < self.most
    }

    /// Whether more than half of them are open: whoever leaks them must not fail in the middle of a later request.
    pub(crate) fn keeps_too_many(&mut self) -> bool {
        self.open.retain(|open| open.strong_count() > 0);
        self.open.len() > self.most / 2
    }

    /// It was opened; it is open for as long as it lives.
    pub(crate) fn opened<T: Any + Send + Sync>(&mut self, file: &Arc<T>) {
        let file: Weak<T> = Arc::downgrade(file);
        self.open.push(file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_makes_room() {
        let mut descriptors = Descriptors::new(2);
        let [one, two] = [Arc::new(1), Arc::new(2)];
        descriptors.opened(&one);
        assert!(descriptors.has_room());
        descriptors.opened(&two);
        assert!(!descriptors.has_room());
        assert!(descriptors.keeps_too_many());
        drop(one);
        assert!(descriptors.has_room() && !descriptors.keeps_too_many());
    }
}
