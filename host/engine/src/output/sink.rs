//! The destination of an instance's output: the call that it answers, or a buffer until there is one.

use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Batch;
use crate::call::{Call, GuestStep, LogMessage, Stream};
use crate::network::Notice;

/// The most writes and notices that are buffered before a call.
const MAX_BUFFERED: usize = 1000;
const DROPPED: &str = "… output before the request is dropped after 1000 writes";

/// Passes the output of one instance on to the call that it answers. An instance that was created in advance has no
/// call yet. Its output is buffered for the next call, so a request cannot tell when its instance was created.
#[derive(Clone, Default)]
pub(crate) struct OutputSink(Arc<Mutex<Destination>>);

enum Destination {
    Buffer(Vec<Buffered>),
    /// The latest call. If there were others before it, a line may belong to any of them.
    Call {
        call: Arc<dyn Call>,
        alone: bool,
    },
}

enum Buffered {
    Lines(Stream, Batch),
    Message(LogMessage<'static>),
    Notice(Notice),
}

impl Default for Destination {
    fn default() -> Self {
        Self::Buffer(Vec::new())
    }
}

impl OutputSink {
    /// Passes on the buffered output, and all later output, to this call.
    pub(crate) fn open(&self, call: Arc<dyn Call>) {
        let only = Destination::Call { call: call.clone(), alone: true };
        let Destination::Buffer(buffered) = mem::replace(&mut *self.destination(), only) else { return };
        for one in buffered {
            match one {
                Buffered::Lines(stream, batch) => call.on(GuestStep::Lines(&batch.lines(stream))),
                Buffered::Message(message) => call.on(GuestStep::Message(&message)),
                Buffered::Notice(notice) => call.on(GuestStep::Outgoing(&notice)),
            }
        }
    }

    /// Later output may also belong to this call.
    pub(crate) fn join(&self, one_more: Arc<dyn Call>) {
        if let Destination::Call { call, alone } = &mut *self.destination() {
            *call = one_more;
            *alone = false;
            return;
        }
        self.open(one_more);
    }

    /// Buffers all later output.
    pub(crate) fn close(&self) {
        *self.destination() = Destination::default();
    }

    /// Passes on the lines that one write has completed. Returns their size in the log, as far as the call reports it.
    pub(crate) fn write(&self, stream: Stream, batch: &Batch) -> usize {
        let Some((call, alone)) = self.call_or(|| Buffered::Lines(stream, batch.clone())) else { return 0 };
        let mut lines = batch.lines(stream);
        lines.certain = alone;
        call.on(GuestStep::Lines(&lines));
        lines.logged()
    }

    /// Passes on a message, to the call of the task that logged it if that is known. Returns its size in the log, as far
    /// as the call reports it.
    pub(crate) fn message(&self, mut message: LogMessage<'_>, of_task: Option<Arc<dyn Call>>) -> usize {
        let known = of_task.map(|call| (call, true));
        let Some((call, certain)) = known.or_else(|| self.call_or(|| Buffered::Message(message.clone().into_owned())))
        else {
            return 0;
        };
        message.certain = certain;
        call.on(GuestStep::Message(&message));
        message.logged()
    }

    /// Passes on a line of the host about the guest.
    pub(crate) fn line(&self, stream: Stream, line: &str) {
        self.write(stream, &Batch::of(line));
    }

    pub(crate) fn notice(&self, notice: &Notice) {
        if let Some((call, _)) = self.call_or(|| Buffered::Notice(notice.clone())) {
            call.on(GuestStep::Outgoing(notice));
        }
    }

    /// The current call, and whether the output certainly belongs to it. If there is no call, buffers `output` and
    /// returns `None`.
    fn call_or(&self, output: impl FnOnce() -> Buffered) -> Option<(Arc<dyn Call>, bool)> {
        match &mut *self.destination() {
            Destination::Call { call, alone } => Some((call.clone(), *alone)),
            Destination::Buffer(all) => {
                if all.len() < MAX_BUFFERED {
                    all.push(output());
                } else if all.len() == MAX_BUFFERED {
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
    use std::borrow::Cow;
    use std::time::Instant;

    use super::*;
    use crate::call::LogLevel;

    /// Records lines, each with a question mark if it may belong to another call.
    #[derive(Default)]
    struct Kept(Mutex<Vec<String>>);

    impl Call for Kept {
        fn deadline(&self) -> Instant {
            Instant::now()
        }

        fn on(&self, step: GuestStep<'_>) {
            if let GuestStep::Message(message) = step {
                let mark = if message.certain { "" } else { "?" };
                self.0.lock().unwrap().push(format!("{:?} {}{mark}", message.level, message.text));
            }
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
    fn each_request_receives_its_output_and_the_first_also_the_buffered() {
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
    fn output_of_concurrent_requests_may_belong_to_any() {
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

    /// The task that logged a message is known where several requests are handled, and its request gets the message.
    #[test]
    fn a_message_goes_to_the_request_that_logged_it() {
        let message = |text| LogMessage::new(LogLevel::Warn, "".into(), Cow::Borrowed(text));
        let sink = OutputSink::default();
        let (one, two) = (Arc::new(Kept::default()), Arc::new(Kept::default()));
        assert_eq!(sink.message(message("made"), None), 0);
        sink.join(one.clone());
        sink.message(message("alone"), None);
        sink.join(two.clone());
        sink.message(message("some"), None);
        sink.message(message("its own"), Some(one.clone()));
        assert_eq!(one.all(), ["Warn made", "Warn alone", "Warn its own"]);
        assert_eq!(two.all(), ["Warn some?"]);
    }

    #[test]
    fn the_buffer_is_limited_with_a_mark() {
        let sink = OutputSink::default();
        for _ in 0..2 * MAX_BUFFERED {
            sink.line(Stream::Stdout, "");
        }
        let kept = Arc::new(Kept::default());
        sink.open(kept.clone());
        assert_eq!(kept.all().len(), MAX_BUFFERED + 1);
        assert_eq!(kept.all().last().map(String::as_str), Some(DROPPED));
    }
}
