//! The clock that interrupts guests which never wait, and looks at the process's memory.

use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use wasmtime::EngineWeak;

use crate::gauge::Gauge;
use crate::instances::Instances;

/// How often a running guest is interrupted: it lets others run, or ends if its time is up.
pub(crate) const TICK: Duration = Duration::from_millis(10);

/// One thread for the engine's whole life; it ends when the engine is gone.
pub(crate) fn start(engine: EngineWeak, gauge: Option<Arc<Gauge>>, instances: Weak<Instances>) -> io::Result<()> {
    thread::Builder::new().name("epoch".to_owned()).stack_size(256 * 1024).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            // First, so that a guest that is to end does so at this tick.
            if let Some(gauge) = &gauge {
                gauge.look(|| instances.upgrade().is_some_and(|instances| instances.shed()));
            }
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    })?;
    Ok(())
}
