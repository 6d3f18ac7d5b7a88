//! The clock that interrupts guests which never wait.

use std::io;
use std::thread;
use std::time::Duration;

use wasmtime::EngineWeak;

/// How often a running guest is interrupted: it lets others run, or ends if its time is up.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// One thread for the engine's whole life; it ends when the engine is gone.
pub(crate) fn start(engine: EngineWeak) -> io::Result<()> {
    thread::Builder::new().name("epoch".to_owned()).stack_size(64 * 1024).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
