//! The clock that interrupts guests which never wait.

use std::io;
use std::sync::Weak;
use std::thread;
use std::time::Duration;

use crate::engines::Engines;

/// How often a running guest is interrupted: it lets others run, or ends if its time is up.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// Starts the ticker's thread. It ends when the engines are gone.
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
