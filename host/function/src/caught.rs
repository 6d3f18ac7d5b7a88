//! Panics of the host: one record in the log for each, with its place, and the event that it belongs to where that is known.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::pin;
use std::task::Poll;

use funcserver_engine::at_work;

use crate::log::{Log, Value};

/// A panic that did not get far.
#[derive(Debug)]
pub struct Panic {
    message: String,
    /// Where it was, as far as the hook has noted it.
    place: Option<String>,
}

thread_local! {
    /// Whether what runs on this thread is caught, so that whoever catches it tells of it.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
    /// Where the last panic was that is to be caught.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Has panics written to the log in place of Rust's own words on standard error. Those that `caught` catches are left to
/// its caller.
pub fn log_panics(log: Log) {
    panic::set_hook(Box::new(move |info| {
        if CAUGHT.get() {
            PLACE.set(place(info));
            return;
        }
        let message = text(info.payload());
        let place = place(info).unwrap_or_default();
        log.host().error("the host panicked", &[("error", message.as_str().into()), ("place", place.as_str().into())]);
    }));
}

/// Does the work, in which a guest may run, or catches its panic.
pub(crate) async fn caught<T>(work: impl Future<Output = T>) -> Result<T, Panic> {
    let work = pin!(work);
    let mut work = pin!(at_work(work));
    poll_fn(|context| {
        let before = CAUGHT.replace(true);
        let polled = panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        CAUGHT.set(before);
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(Panic { message: text(&*payload), place: PLACE.take() })),
        }
    })
    .await
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{} (panicked at {place})", self.message),
            None => write!(f, "{} (panicked)", self.message),
        }
    }
}

fn place(info: &PanicHookInfo<'_>) -> Option<String> {
    info.location().map(ToString::to_string)
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("a panic without text").to_owned()
}

impl Panic {
    /// A line of the log about it.
    pub(crate) fn log(&self, scope: crate::log::Scope<'_>, message: &str) {
        scope.error(message, &[("error", Value::Shown(self))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_ends_the_work_and_nothing_else() {
        let failed = caught(async {
            tokio::task::yield_now().await;
            panic!("on line {}", 7);
        });
        let panic = failed.await.map(|(): ()| ()).unwrap_err();
        assert!(panic.to_string().starts_with("on line 7 (panicked"), "{panic}");
        assert_eq!(caught(async { 7 }).await.unwrap(), 7);
        assert!(!CAUGHT.get());
    }
}
