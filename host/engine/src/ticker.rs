//! The clock that interrupts guests that never yield.

use std::io;
use std::sync::Weak;
use std::thread;
use std::time::Duration;

use crate::engines::Engines;

/// The interval at which a running guest is interrupted: it yields, or it ends if its deadline has passed.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Starts the ticker's thread. It ends when the engines are dropped.
pub(crate) fn start(engines: Weak<Engines>) -> io::Result<()> {
    thread::Builder::new().name("epoch".to_owned()).stack_size(256 * 1024).spawn(move || {
        while let Some(engines) = engines.upgrade() {
            engines.tick();
            drop(engines);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
