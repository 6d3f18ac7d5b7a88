//! Counts the open files and folders of an instance. They are limited separately from its other handles, because a
//! process can open only a few.

use std::any::Any;
use std::sync::{Arc, Weak};

/// Counts open files, including those that a stream keeps open after their handle was dropped.
pub(crate) struct Descriptors {
    most: usize,
    open: Vec<Weak<dyn Any + Send + Sync>>,
}

impl Descriptors {
    /// A counter with a limit of `most` open files.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, open: Vec::new() }
    }

    /// Whether another file may be opened.
    pub(crate) fn has_room(&mut self) -> bool {
        if self.open.len() >= self.most {
            self.open.retain(|open| open.strong_count() > 0);
        }
        self.open.len() < self.most
    }

    /// Whether more than half of the limit is open. A guest that leaks files would otherwise fail during a later
    /// request.
    pub(crate) fn keeps_too_many(&mut self) -> bool {
        self.open.retain(|open| open.strong_count() > 0);
        self.open.len() > self.most / 2
    }

    /// Records an opened file. It is counted until `file` is dropped.
    pub(crate) fn opened<T: Any + Send + Sync>(&mut self, file: &Arc<T>) {
        let file: Weak<T> = Arc::downgrade(file);
        self.open.push(file);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_file_makes_room() {
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
