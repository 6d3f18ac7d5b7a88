//! Where the output of an instance goes: to the request that it answers, or nowhere yet.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::{Output, Stream};
use crate::network::Notice;

/// How many lines and notices are kept for a request that is still to come.
const MOST: usize = 1000;
const DROPPED: &str = "… output before the request is dropped beyond so many lines";

/// Receives the output of one instance for whichever request it answers. What comes while there is none, as the instance
/// is made ready, is kept for the next one: to a request it makes no difference when its instance was made.
#[derive(Clone, Default)]
pub(crate) struct Outlet(Arc<Mutex<Way>>);

enum Way {
    Closed(Vec<Kept>),
    Open(Arc<dyn Output>),
}

enum Kept {
    Line(Stream, String),
    Notice(Notice),
}

impl Default for Way {
    fn default() -> Self {
        Self::Closed(Vec::new())
    }
}

impl Outlet {
    /// All output goes there from now on, and first what was kept.
    pub(crate) fn open(&self, output: Arc<dyn Output>) {
        let before = mem::replace(&mut *self.way(), Way::Open(output.clone()));
        let Way::Closed(kept) = before else { return };
        for kept in kept {
            match kept {
                Kept::Line(stream, line) => output.line(stream, &line),
                Kept::Notice(notice) => output.notice(&notice),
            }
        }
    }

    /// Keeps what comes from now on.
    pub(crate) fn close(&self) {
        *self.way() = Way::default();
    }

    /// Where it goes now; nowhere if it is kept.
    fn open_way(&self, kept: impl FnOnce() -> Kept) -> Option<Arc<dyn Output>> {
        match &mut *self.way() {
            Way::Open(output) => return Some(output.clone()),
            Way::Closed(all) if all.len() < MOST => all.push(kept()),
            Way::Closed(all) if all.len() == MOST => all.push(Kept::Line(Stream::Stderr, DROPPED.to_owned())),
            Way::Closed(_) => {}
        }
        None
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output for Outlet {
    fn line(&self, stream: Stream, line: &str) {
        if let Some(output) = self.open_way(|| Kept::Line(stream, line.to_owned())) {
            output.line(stream, line);
        }
    }

    fn notice(&self, notice: &Notice) {
        if let Some(output) = self.open_way(|| Kept::Notice(notice.clone())) {
            output.notice(notice);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Lines(Mutex<Vec<String>>);

    impl Output for Lines {
        fn line(&self, _: Stream, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
    }

    impl Lines {
        fn all(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }

    #[test]
    fn each_request_receives_its_own_and_the_first_what_was_before() {
        let outlet = Outlet::default();
        let (one, two) = (Arc::new(Lines::default()), Arc::new(Lines::default()));
        outlet.line(Stream::Stdout, "made");
        outlet.open(one.clone());
        outlet.line(Stream::Stdout, "one");
        outlet.close();
        outlet.line(Stream::Stdout, "between");
        outlet.open(two.clone());
        outlet.line(Stream::Stdout, "two");
        assert_eq!(one.all(), ["made", "one"]);
        assert_eq!(two.all(), ["between", "two"]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_says_so() {
        let outlet = Outlet::default();
        for _ in 0..2 * MOST {
            outlet.line(Stream::Stdout, "");
        }
        let lines = Arc::new(Lines::default());
        outlet.open(lines.clone());
        assert_eq!(lines.all().len(), MOST + 1);
        assert_eq!(lines.all().last().map(String::as_str), Some(DROPPED));
    }
}
