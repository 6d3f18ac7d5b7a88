//! The engines of wasmtime, each created when the first component needs it, and the ticker that interrupts their
//! guests.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::config::{self, Abi, Calls};
use crate::gauge::Gauge;
use crate::limits::Limits;
use crate::load_error::Reason;
use crate::map::Code;
use crate::pool::InstancePool;
use crate::ticker;

/// The engines of a runtime: at most one of each kind.
pub(crate) struct Engines {
    limits: Limits,
    gauge: Option<Arc<Gauge>>,
    instances: Weak<InstancePool>,
    made: Mutex<Vec<(Kind, Engine)>>,
}

/// The properties in which engines differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    abi: Abi,
    allocation: Allocation,
}

/// The allocation of an instance's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allocation {
    Pool,
    OnDemand,
}

/// A mapped component and the engine that runs it.
pub(crate) struct Mapped {
    pub(crate) engine: Engine,
    pub(crate) component: Component,
    /// See [`Guest::refusal`](crate::Guest::refusal).
    pub(crate) refusal: Option<String>,
}

impl Engines {
    pub(crate) fn new(limits: Limits, gauge: Option<Arc<Gauge>>, instances: Weak<InstancePool>) -> Self {
        Self { limits, gauge, instances, made: Mutex::default() }
    }

    /// Maps a component. Its instances use the pool unless one needs more than a slot of the pool provides. `calls` is
    /// the way in which it was compiled. If that is unknown, both ways are tried.
    pub(crate) fn map(self: &Arc<Self>, code: &Code<'_>, calls: Option<Calls>) -> Result<Mapped, Reason> {
        if let Ok((engine, component, _)) = self.map_with(code, calls, Allocation::Pool)?
            && config::fits_pool(component.resources_required())
        {
            return Ok(Mapped { engine, component, refusal: None });
        }
        let mapped = self.map_with(code, calls, Allocation::OnDemand)?;
        let (engine, component, abi) = mapped.map_err(|error| Reason::of_refused(code, error))?;
        let Limits { memory, held, .. } = self.limits;
        match config::initial_memory(component.resources_required()) {
            Some(needs) if needs > memory as u64 => return Err(Reason::Memory { needs, limit: memory }),
            _ => {}
        }
        let refusal = refusal(code, abi, held);
        Ok(Mapped { engine, component, refusal })
    }

    /// A component can be mapped only by an engine of the kind for which it was compiled. If there is none, the error is
    /// that of the most frequent kind.
    fn map_with(
        self: &Arc<Self>,
        code: &Code<'_>,
        calls: Option<Calls>,
        allocation: Allocation,
    ) -> Result<wasmtime::Result<(Engine, Component, Abi)>, Reason> {
        let mut refused = None;
        for abi in Abi::candidates(calls) {
            let engine = match self.engine(Kind { abi, allocation }) {
                Ok(engine) => engine,
                // For instance Winch, on a processor that it does not support.
                Err(_) if refused.is_some() => continue,
                Err(reason) => return Err(reason),
            };
            match code.map(&engine) {
                Ok(component) => return Ok(Ok((engine, component, abi))),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        Ok(Err(refused.unwrap_or_else(|| wasmtime::Error::msg("there is no engine for it"))))
    }

    fn engine(self: &Arc<Self>, kind: Kind) -> Result<Engine, Reason> {
        let mut made = self.made();
        if let Some((_, engine)) = made.iter().find(|(known, _)| *known == kind) {
            return Ok(engine.clone());
        }
        let engine = match kind.allocation {
            Allocation::Pool => config::pooling_engine(&self.limits, kind.abi),
            Allocation::OnDemand => config::on_demand_engine(kind.abi),
        };
        let engine = engine.map_err(Reason::Engine)?;
        if made.is_empty() {
            self.start_ticker().map_err(Reason::Read)?;
        }
        made.push((kind, engine.clone()));
        Ok(engine)
    }

    fn start_ticker(self: &Arc<Self>) -> io::Result<()> {
        ticker::start(Arc::downgrade(self))
    }

    /// Interrupts all running guests, and checks the process's memory.
    pub(crate) fn tick(&self) {
        // The gauge is checked first, so that the guest that it chooses ends at this tick.
        if let Some(gauge) = &self.gauge {
            gauge.look(|| self.instances.upgrade().is_some_and(|instances| instances.shed()));
        }
        for (_, engine) in &*self.made() {
            engine.increment_epoch();
        }
    }

    fn made(&self) -> MutexGuard<'_, Vec<(Kind, Engine)>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Checks the memory that an instance needs besides its memories and tables, and returns a refusal if that is more than
/// `most` bytes. Slots of the pool are smaller, so instances in the pool need no check.
fn refusal(code: &Code<'_>, abi: Abi, most: usize) -> Option<String> {
    let mut refused = None;
    for tables in config::TABLES_JUDGED {
        // If even this little address space cannot be reserved, the component is not refused.
        let engine = config::judging_engine(abi, most, tables).ok()?;
        refused = Some(code.map(&engine).err()?);
    }
    refused.map(|error| {
        format!(
            "the component is too large: an instance may use {most} bytes for its globals, imports and functions, \
             in all of its modules together: {}",
            error.root_cause(),
        )
    })
}

#[cfg(all(test, feature = "compile"))]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Compiler;

    #[test]
    fn a_component_is_mapped_whether_its_kind_is_known_or_not() {
        let folder = tempfile::tempdir().unwrap();
        // A component of 0.2 that was compiled for concurrent calls still loads, although `compile` no longer does
        // that.
        let plain = "(component (core module (memory 1) (func (export \"f\"))))";
        let with_async = "(component
            (core module (memory 1) (func (export \"f\")))
            (core func (canon task.return (result u32)))
            (type $later (future u32))
            (core func (canon future.new $later)))";
        let guests = [(plain, Calls::Nested), (plain, Calls::Concurrent), (with_async, Calls::Concurrent)];
        for ((text, calls), compiler) in guests
            .into_iter()
            .flat_map(|guest| [Compiler::Cranelift, Compiler::Winch].map(|compiler| (guest, compiler)))
        {
            let wasm = wat::parse_str(text).unwrap();
            let path = folder.path().join("guest.cwasm");
            let config = config::config(Abi { calls, compiler });
            let bytes = Engine::new(&config).unwrap().precompile_component(&wasm).unwrap();
            fs::write(&path, &bytes).unwrap();
            for code in Code::both(&path, &bytes) {
                let engines = Arc::new(Engines::new(Limits::default(), None, Weak::new()));
                for known in [None, Some(calls)] {
                    assert!(engines.map(&code, known).is_ok(), "{calls:?} {compiler:?} {known:?}");
                    let on_demand = engines.map_with(&code, known, Allocation::OnDemand).unwrap();
                    assert!(on_demand.is_ok(), "{calls:?} {compiler:?} {known:?}");
                }
                assert!(engines.made().len() <= 8);
                let other = if calls == Calls::Nested { Calls::Concurrent } else { Calls::Nested };
                assert!(engines.map(&code, Some(other)).is_err(), "{calls:?} {compiler:?}");
            }
        }
    }
}
