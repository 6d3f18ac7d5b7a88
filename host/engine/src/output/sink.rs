//! Where an instance's output goes: to the call that it answers, or into a buffer until there is one.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Batch;
use crate::call::{Call, GuestStep, Stream};
use crate::network::Notice;

/// How many writes and notices are buffered for a call that is still to come.
const MOST: usize = 1000;
const DROPPED: &str = "… output before the request is dropped beyond so many writes";

/// Passes the output of one instance on to the call that it answers. While there is none, as an instance is made ahead, the
/// output is buffered for the next call: to a request it makes no difference when its instance was made.
#[derive(Clone, Default)]
pub(crate) struct OutputSink(Arc<Mutex<Destination>>);

enum Destination {
    Buffer(Vec<Buffered>),
    /// The call that came last. If others came before it, a line may belong to any of them.
    Call {
        call: Arc<dyn Call>,
        alone: bool,
    },
}

enum Buffered {
    Lines(Stream, Batch),
    Notice(Notice),
}

impl Default for Destination {
    fn default() -> Self {
        Self::Buffer(Vec::new())
    }
}

impl OutputSink {
    /// From now on all output goes to this call, and first what was buffered.
    pub(crate) fn open(&self, call: Arc<dyn Call>) {
        let only = Destination::Call { call: call.clone(), alone: true };
        let Destination::Buffer(buffered) = mem::replace(&mut *self.destination(), only) else { return };
        for one in buffered {
            match one {
                Buffered::Lines(stream, batch) => call.on(GuestStep::Lines(&batch.lines(stream))),
                Buffered::Notice(notice) => call.on(GuestStep::Outgoing(&notice)),
            }
        }
    }

    /// From now on output may also be that of this call.
    pub(crate) fn join(&self, one_more: Arc<dyn Call>) {
        if let Destination::Call { call, alone } = &mut *self.destination() {
            *call = one_more;
            *alone = false;
            return;
        }
        self.open(one_more);
    }

    /// Buffers what comes from now on.
    pub(crate) fn close(&self) {
        *self.destination() = Destination::default();
    }

    /// Passes on what one write has completed. Returns how many bytes of log that takes, as far as the call says.
    pub(crate) fn write(&self, stream: Stream, batch: &Batch) -> usize {
        let Some((call, alone)) = self.call_or(|| Buffered::Lines(stream, batch.clone())) else { return 0 };
        let mut lines = batch.lines(stream);
        lines.certain = alone;
        call.on(GuestStep::Lines(&lines));
        lines.logged()
    }

    /// Passes on a line of the host's own about the guest.
    pub(crate) fn line(&self, stream: Stream, line: &str) {
        self.write(stream, &Batch::of(line));
    }

    pub(crate) fn notice(&self, notice: &Notice) {
        if let Some((call, _)) = self.call_or(|| Buffered::Notice(notice.clone())) {
            call.on(GuestStep::Outgoing(notice));
        }
    }

    /// The call that output goes to now, and whether it is certainly that call's; if there is none, buffers what it is given.
    fn call_or(&self, output: impl FnOnce() -> Buffered) -> Option<(Arc<dyn Call>, bool)> {
        match &mut *self.destination() {
            Destination::Call { call, alone } => Some((call.clone(), *alone)),
            Destination::Buffer(all) => {
                if all.len() < MOST {
                    all.push(output());
                } else if all.len() == MOST {
                    all.push(Buffered::Lines(Stream::Stderr, Batch::of(DROPPED)));
                }
                None
            }
        }
    }

    fn destination(&self) -> MutexGuard<'_, Destination> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// Keeps lines, each with a question mark if it may be another call's.
    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Call for Kept {
        fn deadline(&self) -> Instant {
            Instant::now()
        }

        fn on(&self, step: GuestStep<'_>) {
            let GuestStep::Lines(lines) = step else { return };
            let mark = if lines.certain { "" } else { "?" };
            self.0.lock().unwrap().extend(lines.iter().map(|line| format!("{line}{mark}")));
        }
    }

    impl Kept {
        fn all(&self) -> Vec<String> {
            self.0.lock().unwrap().clone()
        }
    }

    #[test]
    fn each_request_receives_its_own_and_the_first_what_was_before() {
        let sink = OutputSink::default();
        let (one, two) = (Arc::new(Kept::default()), Arc::new(Kept::default()));
        sink.line(Stream::Stdout, "made");
        sink.open(one.clone());
        sink.line(Stream::Stdout, "one");
        sink.close();
        sink.line(Stream::Stdout, "between");
        sink.open(two.clone());
        sink.line(Stream::Stdout, "two");
        assert_eq!(one.all(), ["made", "one"]);
        assert_eq!(two.all(), ["between", "two"]);
    }

    #[test]
    fn output_of_several_requests_may_be_anybodys() {
        let sink = OutputSink::default();
        let [one, two, three] = [(); 3].map(|()| Arc::new(Kept::default()));
        sink.join(one.clone());
        sink.line(Stream::Stdout, "one");
        sink.join(two.clone());
        sink.line(Stream::Stdout, "some");
        sink.close();
        sink.join(three.clone());
        sink.line(Stream::Stdout, "three");
        assert_eq!(one.all(), ["one"]);
        assert_eq!(two.all(), ["some?"]);
        assert_eq!(three.all(), ["three"]);
    }

    #[test]
    fn the_buffer_is_bounded_and_says_so() {
        let sink = OutputSink::default();
        for _ in 0..2 * MOST {
            sink.line(Stream::Stdout, "");
        }
        let kept = Arc::new(Kept::default());
        sink.open(kept.clone());
        assert_eq!(kept.all().len(), MOST + 1);
        assert_eq!(kept.all().last().map(String::as_str), Some(DROPPED));
    }
}
