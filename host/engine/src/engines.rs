//! wasmtime's engines, each made when the first component needs it, and the ticker that interrupts all of them.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::config::{self, Calls};
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

/// What tells engines apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    calls: Calls,
    allocation: Allocation,
}

/// Where the memory of instances comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Allocation {
    Pool,
    OnDemand,
}

/// A component in memory, and the engine that runs it.
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

    /// Maps a component: with instances from the pool, unless one needs more than a slot of the pool has. `calls` is how it
    /// was compiled; if that is unknown, both ways are tried.
    pub(crate) fn map(self: &Arc<Self>, code: &Code<'_>, calls: Option<Calls>) -> Result<Mapped, Reason> {
        if let Ok((engine, component, _)) = self.map_with(code, calls, Allocation::Pool)?
            && config::fits_pool(component.resources_required())
        {
            return Ok(Mapped { engine, component, refusal: None });
        }
        let mapped = self.map_with(code, calls, Allocation::OnDemand)?;
        let (engine, component, calls) = mapped.map_err(|error| Reason::of_refused(code, error))?;
        let Limits { memory, held, .. } = self.limits;
        match config::initial_memory(component.resources_required()) {
            Some(needs) if needs > memory as u64 => return Err(Reason::Memory { needs, limit: memory }),
            _ => {}
        }
        let refusal = judge(code, calls, held);
        Ok(Mapped { engine, component, refusal })
    }

    /// Only an engine of the kind for which a component was compiled takes it.
    fn map_with(
        self: &Arc<Self>,
        code: &Code<'_>,
        calls: Option<Calls>,
        allocation: Allocation,
    ) -> Result<wasmtime::Result<(Engine, Component, Calls)>, Reason> {
        let map = |calls| {
            let engine = self.engine(Kind { calls, allocation })?;
            Ok(code.map(&engine).map(|component| (engine, component, calls)))
        };
        match calls {
            Some(calls) => map(calls),
            None => match map(Calls::Nested)? {
                Ok(mapped) => Ok(Ok(mapped)),
                Err(_) => map(Calls::Concurrent),
            },
        }
    }

    fn engine(self: &Arc<Self>, kind: Kind) -> Result<Engine, Reason> {
        let mut made = self.made();
        if let Some((_, engine)) = made.iter().find(|(known, _)| *known == kind) {
            return Ok(engine.clone());
        }
        let engine = match kind.allocation {
            Allocation::Pool => config::pooling_engine(&self.limits, kind.calls),
            Allocation::OnDemand => config::on_demand_engine(kind.calls),
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
        // First, so that a guest that is to end does so at this tick.
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

/// The reason for which there is to be no instance of a component: one would need more than `most` bytes besides its memories
/// and tables. An instance in the pool has less.
fn judge(code: &Code<'_>, calls: Calls, most: usize) -> Option<String> {
    let mut refused = None;
    for tables in config::TABLES_JUDGED {
        // Where even this much address space cannot be reserved, there is no judgement.
        let engine = config::judging_engine(calls, most, tables).ok()?;
        refused = Some(code.map(&engine).err()?);
    }
    refused.map(|error| {
        format!(
            "the component is made of too much: an instance may need {most} bytes for its globals, imports and functions, \
             in all of its modules together: {}",
            error.root_cause(),
        )
    })
}

#[cfg(all(test, feature = "compile"))]
mod tests {
    use std::fs;

    use funcserver_test_guest::{WASM, WASM_P3};

    use super::*;

    #[test]
    fn an_engine_of_its_kind_takes_a_component_whether_the_kind_is_known_or_not() {
        let folder = tempfile::tempdir().unwrap();
        // A component of 0.2 that was compiled for concurrent calls fits too, although none is compiled so today.
        for (wasm, calls) in [(WASM, Calls::Nested), (WASM, Calls::Concurrent), (WASM_P3, Calls::Concurrent)] {
            let path = folder.path().join("guest.cwasm");
            let bytes = Engine::new(&config::config(calls)).unwrap().precompile_component(wasm).unwrap();
            fs::write(&path, &bytes).unwrap();
            for code in Code::both(&path, &bytes) {
                let engines = Arc::new(Engines::new(Limits::default(), None, Weak::new()));
                for known in [None, Some(calls)] {
                    assert!(engines.map(&code, known).is_ok(), "{calls:?} {known:?}");
                    let on_demand = engines.map_with(&code, known, Allocation::OnDemand).unwrap();
                    assert!(on_demand.is_ok(), "{calls:?} {known:?}");
                }
                assert!(engines.made().len() <= 4);
                let other = if calls == Calls::Nested { Calls::Concurrent } else { Calls::Nested };
                assert!(engines.map(&code, Some(other)).is_err(), "{calls:?}");
            }
        }
    }
}
