//! Where the output of an instance goes: to the request that it answers, or nowhere yet.

use std::cmp::Ordering;
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
    /// For the request that came last; nobody knows whose a line is, if others came before it.
    Open {
        output: Arc<dyn Output>,
        alone: bool,
    },
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
        let only = Way::Open { output: output.clone(), alone: true };
        let Way::Closed(kept) = mem::replace(&mut *self.way(), only) else { return };
        for kept in kept {
            match kept {
                Kept::Line(stream, line) => output.line(stream, &line),
                Kept::Notice(notice) => output.notice(&notice),
            }
        }
    }

    /// Output may be that of one more request from now on.
    pub(crate) fn join(&self, one_more: Arc<dyn Output>) {
        if let Way::Open { output, alone } = &mut *self.way() {
            *output = one_more;
            *alone = false;
            return;
        }
        self.open(one_more);
    }

    /// Keeps what comes from now on.
    pub(crate) fn close(&self) {
        *self.way() = Way::default();
    }

    /// Where it goes now, and whether it is certainly that request's; nowhere if all of it is kept.
    fn open_way(&self, kept: impl Iterator<Item = Kept>) -> Option<(Arc<dyn Output>, bool)> {
        match &mut *self.way() {
            Way::Open { output, alone } => Some((output.clone(), *alone)),
            Way::Closed(all) => {
                for kept in kept {
                    match all.len().cmp(&MOST) {
                        Ordering::Less => all.push(kept),
                        Ordering::Equal => all.push(Kept::Line(Stream::Stderr, DROPPED.to_owned())),
                        Ordering::Greater => break,
                    }
                }
                None
            }
        }
    }

    fn way(&self) -> MutexGuard<'_, Way> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output for Outlet {
    fn line(&self, stream: Stream, line: &str) {
        self.lines(stream, &mut std::iter::once(line));
    }

    fn lines(&self, stream: Stream, lines: &mut dyn Iterator<Item = &str>) -> usize {
        match self.open_way((&mut *lines).map(|line| Kept::Line(stream, line.to_owned()))) {
            Some((output, true)) => output.lines(stream, lines),
            Some((output, false)) => output.lines_of_some(stream, lines),
            None => 0,
        }
    }

    fn notice(&self, notice: &Notice) {
        if let Some((output, _)) = self.open_way(std::iter::once_with(|| Kept::Notice(notice.clone()))) {
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

    /// Says of a line whether it is known whose it is.
    #[derive(Default)]
    struct Asked(Lines);

    impl Output for Asked {
        fn line(&self, stream: Stream, line: &str) {
            self.0.line(stream, line);
        }

        fn line_of_some(&self, stream: Stream, line: &str) {
            self.0.line(stream, &format!("{line}?"));
        }
    }

    #[test]
    fn output_of_several_requests_is_nobodys() {
        let outlet = Outlet::default();
        let [one, two, three] = [(); 3].map(|()| Arc::new(Asked::default()));
        outlet.join(one.clone());
        outlet.line(Stream::Stdout, "one");
        outlet.join(two.clone());
        outlet.line(Stream::Stdout, "some");
        outlet.close();
        outlet.join(three.clone());
        outlet.line(Stream::Stdout, "three");
        assert_eq!(one.0.all(), ["one"]);
        assert_eq!(two.0.all(), ["some?"]);
        assert_eq!(three.0.all(), ["three"]);
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
