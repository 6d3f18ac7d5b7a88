//! Shows the progress of slow work: a spinner on a terminal, one plain line elsewhere.

use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::ProgressBar;

use crate::output;

/// Whether other lines are written meanwhile, which a spinner would garble.
static PLAIN: AtomicBool = AtomicBool::new(false);

/// Shows progress as plain lines from now on.
pub(crate) fn be_plain() {
    PLAIN.store(true, Ordering::Relaxed);
}

/// Runs `work`, and shows `doing` on stderr meanwhile.
pub(crate) fn during<T>(doing: impl Display, work: impl FnOnce() -> T) -> T {
    if PLAIN.load(Ordering::Relaxed) || !io::stderr().is_terminal() {
        output::note(format_args!("{doing} …"));
        return work();
    }
    let spinner = ProgressBar::new_spinner().with_message(format!("{doing} …"));
    spinner.enable_steady_tick(Duration::from_millis(100));
    let result = work();
    spinner.finish_and_clear();
    result
}
