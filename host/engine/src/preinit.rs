//! Runs the initialisation of a core module when it is compiled, and takes a snapshot of its memory. Each instance
//! starts from the snapshot.
//!
//! The same module always gives the same bytes, because its initialisation runs in a deterministic environment: no
//! arguments, files or network, one environment variable ([`VARIABLE`]), clocks that begin at zero, and random numbers
//! that are derived from the module. A module with a snapshot must read all of these again when an instance starts.
//!
//! The initialisation runs at build time, in the process of the tool. Its time, memory, tables and output are limited.

mod bounds;
mod reads;
mod segments;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::runtime::Builder;
use tokio::time::timeout;
use wasmtime::{Caller, Config, Engine, Extern, Instance, Linker, Module, OptLevel, Store, Val};
use wasmtime_wasi::p1::{self, WasiP1Ctx};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{HostMonotonicClock, HostWallClock, WasiCtxBuilder};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};

use self::bounds::Bounds;
use self::reads::Reads;
pub use self::reads::{Read, ReadKind};

/// A module requests a snapshot of its initialisation if this variable is 1 while it is initialised.
pub const VARIABLE: &str = "FUNCSERVER_PREINIT";

/// The function that initialises a library ("reactor", in WASI preview 1).
const INITIALIZE: &str = "_initialize";

/// The time limit of an initialisation.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The memory limit in bytes: the snapshot becomes part of the zip, and Lambda unpacks at most 250 MiB.
const MEMORY: usize = 256 << 20;

/// The limit of its output, in bytes.
const OUTPUT: usize = 64 << 10;

/// The time between two checks of the time limit.
const TICK: Duration = Duration::from_millis(10);

/// An initialised module.
#[derive(Debug)]
pub struct Initialized {
    /// The module.
    pub module: Vec<u8>,
    /// The output of its initialisation.
    pub output: String,
    /// What its packages have read, of which the snapshot keeps the values. `None` if that cannot be seen: the module is
    /// not of Go, or of an unknown version of it.
    pub reads: Option<Vec<Read>>,
}

/// The reason why an initialisation cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum PreinitError {
    /// The module is damaged, or has a state that a snapshot cannot represent.
    #[error("its initialisation cannot be kept: {0}")]
    Unfit(String),
    /// The initialisation failed.
    #[error("its initialisation failed: {reason}{}", printed(output))]
    Failed {
        /// The reason of the failure.
        reason: String,
        /// The output until the failure.
        output: String,
    },
}

fn printed(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!("; it printed: {}", output.trim_end()) }
}

/// Initialises a module. Its random numbers are derived from `seed`.
///
/// # Errors
/// See [`PreinitError`].
pub fn preinit(module: &[u8], seed: [u8; 32]) -> Result<Initialized, PreinitError> {
    within(module, seed, TIMEOUT)
}

/// Runs the initialisation in a thread of its own, because the caller's thread may belong to a runtime.
fn within(module: &[u8], seed: [u8; 32], time: Duration) -> Result<Initialized, PreinitError> {
    let engine = engine().map_err(unfit)?;
    let run = || {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| PreinitError::Unfit(error.to_string()))?;
        runtime.block_on(initialized(&engine, module, seed, time))
    };
    let (end, ended) = mpsc::channel::<()>();
    let ticking = &engine;
    let tick = move || {
        while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
            ticking.increment_epoch();
        }
    };
    let joined = thread::scope(|scope| {
        scope.spawn(tick);
        let joined = scope.spawn(run).join();
        drop(end);
        joined
    });
    joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn unfit(error: wasmtime::Error) -> PreinitError {
    PreinitError::Unfit(format!("{error:#}"))
}

async fn initialized(
    engine: &Engine,
    wasm: &[u8],
    seed: [u8; 32],
    time: Duration,
) -> Result<Initialized, PreinitError> {
    let wasm = segments::packed(wasm, MEMORY).map_or(Cow::Borrowed(wasm), Cow::Owned);
    let mut wizer = Wizer::new();
    wizer.init_func(INITIALIZE);
    let (context, instrumented) = wizer.instrument(&wasm).map_err(unfit)?;
    let (instrumented, reads) = match Reads::prepare(&instrumented) {
        Some((prologued, reads)) => (prologued, Some(reads)),
        None => (instrumented, None),
    };
    let module = Module::new(engine, &instrumented).map_err(unfit)?;
    let pipe = MemoryOutputPipe::new(OUTPUT);
    let output = || String::from_utf8_lossy(&pipe.contents()).into_owned();

    let mut store = store(engine, seed, &pipe, reads);
    let instance = match timeout(time, initialize(&mut store, &module)).await {
        Ok(instance) => instance.map_err(|error| error.root_cause().to_string()),
        Err(_) => Err(format!("it took longer than {time:?}")),
    };
    let instance = instance.map_err(|reason| {
        let reason = store.data().bounds.because(reason);
        PreinitError::Failed { reason, output: output() }
    })?;
    let reads = store.data_mut().reads.take().map(Reads::into_seen);
    let module = wizer.snapshot(&context, &mut Kept { store, instance }).await.map_err(unfit)?;
    Ok(Initialized { module, output: output(), reads })
}

fn engine() -> wasmtime::Result<Engine> {
    let mut config = Config::new();
    // The code runs once, so the time to compile it dominates.
    config.cranelift_opt_level(OptLevel::None);
    // Fuel is not sufficient: one instruction can fill the whole memory.
    config.epoch_interruption(true);
    Engine::new(&config)
}

struct State {
    wasi: WasiP1Ctx,
    bounds: Bounds,
    reads: Option<Reads>,
}

fn store(engine: &Engine, seed: [u8; 32], pipe: &MemoryOutputPipe, reads: Option<Reads>) -> Store<State> {
    let wasi = WasiCtxBuilder::new()
        .env(VARIABLE, "1")
        .stdout(pipe.clone())
        .stderr(pipe.clone())
        .wall_clock(Clock::default())
        .monotonic_clock(Clock::default())
        .secure_random(StdRng::from_seed(seed))
        .insecure_random(StdRng::from_seed(seed))
        .insecure_random_seed(0)
        .build_p1();
    let mut store = Store::new(engine, State { wasi, bounds: Bounds::default(), reads });
    store.limiter(|state| &mut state.bounds);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store
}

async fn initialize(store: &mut Store<State>, module: &Module) -> wasmtime::Result<Instance> {
    let mut linker = Linker::new(module.engine());
    p1::add_to_linker_async(&mut linker, |state: &mut State| &mut state.wasi)?;
    if store.data().reads.is_some() {
        linker.allow_shadowing(true).func_wrap(reads::IMPORT.0, reads::IMPORT.1, noted)?;
    }
    // The imports that it would get as a component.
    linker.define_unknown_imports_as_traps(module)?;
    let instance = linker.instantiate_async(&mut *store, module).await?;
    instance.get_typed_func::<(), ()>(&mut *store, INITIALIZE)?.call_async(store, ()).await?;
    Ok(instance)
}

/// Asks for a folder, of which there are none, or is a call of a prologue.
fn noted(mut caller: Caller<'_, State>, first: i32, second: i32) -> i32 {
    const BAD_FILE_DESCRIPTOR: i32 = 8;
    let memory = caller.get_export("memory").and_then(Extern::into_memory);
    if let Some(memory) = memory {
        let (memory, state) = memory.data_and_store_mut(&mut caller);
        if state.reads.as_mut().is_some_and(|reads| reads.call(memory, first, second)) {
            return 0;
        }
    }
    BAD_FILE_DESCRIPTOR
}

/// A clock that advances by a microsecond each time it is read.
#[derive(Default)]
struct Clock(AtomicU64);

impl Clock {
    fn microseconds(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Duration::from_micros(self.microseconds())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        self.microseconds() * 1_000
    }
}

/// The instance whose memory and globals become the snapshot.
struct Kept {
    store: Store<State>,
    instance: Instance,
}

#[expect(clippy::expect_used, reason = "instrumenting has exported whatever is asked for")]
impl InstanceState for Kept {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&mut self.store, name).expect("it is exported");
        match global.get(&mut self.store) {
            Val::I32(value) => SnapshotVal::I32(value),
            Val::I64(value) => SnapshotVal::I64(value),
            Val::F32(bits) => SnapshotVal::F32(bits),
            Val::F64(bits) => SnapshotVal::F64(bits),
            Val::V128(value) => SnapshotVal::V128(value.as_u128()),
            _ => unreachable!("globals that hold references are refused"),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        let memory = self.instance.get_memory(&mut self.store, name).expect("it is exported");
        contents(memory.data(&self.store));
    }
}

#[cfg(test)]
mod tests;
