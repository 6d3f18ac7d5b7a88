//! The configuration of wasmtime, for compiling and for running: one for each [`Abi`].
//!
//! Most settings are compiled into a component, so a change here makes existing `.cwasm` files unusable. [`REVISION`]
//! invalidates the tool's cache.

use wasmtime::{
    Collector, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ResourcesRequired,
    WasmBacktraceDetails,
};

use crate::limits::Limits;

/// The revision of [`config`] and of the compiled contents. It is a part of the cache key of compiled components.
#[cfg(feature = "compile")]
pub(crate) const REVISION: u32 = 10;

/// The largest initial memory that is mapped even if little of it is data, in bytes. The compiled component contains it
/// with all its zeros, and Lambda unpacks no more than 250 MB.
pub(crate) const DENSE_IMAGE: u64 = 192 << 20;

/// The limits for an instance in the pool. An instance that needs more is allocated on demand.
const CORE_INSTANCES: u32 = 32;
const MEMORIES: u32 = 3;
const TABLES: u32 = 16;
const TABLE_ENTRIES: usize = 100_000;
const WASM_PAGE: u64 = 65_536;

/// The bytes of a memory or table of the pool that stay resident for its next instance: resetting them costs less than
/// mapping their pages again. The kernel (6.7 or newer) reports which pages were written.
const RESIDENT: usize = 1 << 20;
/// The same limit if the kernel does not report that: all bytes are reset, even unmodified ones.
const RESIDENT_UNTRACKED: usize = 32 << 10;

/// The way in which a component calls and is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// Nested calls only, as in all of WASI 0.2. Wasmtime keeps no state for each call, which saves a tenth of a warm
    /// request.
    Nested,
    /// Concurrent calls, with the async functions of the component model, as in WASI 0.3. Components of 0.2 can use it
    /// too.
    Concurrent,
}

impl Calls {
    /// The name by which files call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nested => "nested",
            Self::Concurrent => "concurrent",
        }
    }

    /// The way of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Nested, Self::Concurrent].into_iter().find(|calls| calls.name() == name)
    }
}

/// What made the machine code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// Wasmtime's optimising compiler.
    Cranelift,
    /// Wasmtime's baseline compiler, for what is soon replaced: it takes a third of the time that Cranelift takes without
    /// optimisation. It does not support all processors and proposals.
    #[cfg(feature = "compile")]
    Winch,
}

/// What a component and the engine that runs it must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Abi {
    pub(crate) calls: Calls,
    pub(crate) compiler: Compiler,
}

impl Abi {
    /// The ABIs that a compiled component may have, the most frequent one first. `calls` is the way in which it was
    /// compiled, if that is known.
    pub(crate) fn candidates(calls: Option<Calls>) -> impl Iterator<Item = Abi> {
        let compilers = [
            Compiler::Cranelift,
            #[cfg(feature = "compile")]
            Compiler::Winch,
        ];
        let known = move |abi: &Abi| calls.is_none_or(|calls| calls == abi.calls);
        let of = |compiler| [Calls::Nested, Calls::Concurrent].map(|calls| Abi { calls, compiler });
        compilers.into_iter().flat_map(of).filter(known)
    }
}

/// The settings for both compiling and running.
pub(crate) fn config(abi: Abi) -> Config {
    let concurrent = abi.calls == Calls::Concurrent;
    let mut config = Config::new();
    #[cfg(feature = "compile")]
    if abi.compiler == Compiler::Winch {
        config.strategy(wasmtime::Strategy::Winch);
    }
    config
        .wasm_component_model(true)
        .wasm_component_model_async(concurrent)
        .concurrency_support(concurrent)
        .collector(Collector::Copying)
        .epoch_interruption(true)
        // Only wasmtime unwinds through a guest, and it needs no tables for that. Registering them takes a seventh of
        // the start of a large component, and they are 3 to 6 % of its file.
        .native_unwind_info(false)
        // The initial memory is mapped even if little of it is data, because the snapshot of a language is full of
        // gaps. Above this limit it is copied into each instance, segment by segment, unless half of it is data.
        .memory_guaranteed_dense_image_size(DENSE_IMAGE)
        // Wasmtime would look lines up during the trap, with no limit on the cost of hostile debug information. A
        // compiled component therefore contains none, and the environment cannot change that. `source_map` finds lines
        // in the component itself.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// An engine that allocates instances from a pool with room for all concurrent instances. If the address space for the
/// pool cannot be reserved, instances are allocated on demand.
pub(crate) fn pooling_engine(limits: &Limits, abi: Abi) -> wasmtime::Result<Engine> {
    let mut config = config(abi);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    Engine::new(&config).or_else(|_| on_demand_engine(abi))
}

/// An engine that allocates each instance on demand.
pub(crate) fn on_demand_engine(abi: Abi) -> wasmtime::Result<Engine> {
    Engine::new(&config(abi))
}

/// An engine that runs nothing. It rejects components whose instances need more than `bytes` besides their memories and
/// tables, for their globals, imports and functions. Only the pooling allocator checks that, so this is an empty pool,
/// for modules with tables up to the given sizes.
pub(crate) fn judging_engine(abi: Abi, bytes: usize, tables: Tables) -> wasmtime::Result<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(1)
        .total_core_instances(1)
        .total_memories(1)
        .total_tables(tables.number)
        .total_stacks(1)
        .total_gc_heaps(1)
        .max_component_instance_size(bytes)
        .max_core_instance_size(bytes)
        .max_core_instances_per_component(u32::MAX)
        .max_memories_per_component(u32::MAX)
        .max_memories_per_module(MODULE_MEMORIES)
        .max_tables_per_component(u32::MAX)
        .max_tables_per_module(tables.number)
        .table_elements(tables.entries)
        .max_memory_size(1 << 32);
    let mut config = config(abi);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// The tables of a module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables {
    number: u32,
    entries: usize,
}

/// The most memories of a valid module. The pool searches for each of them when a module is dropped, so its limit must
/// not be higher than this.
const MODULE_MEMORIES: u32 = 100;

/// Either many small tables or a few large ones: room for both would take more address space than a small function has.
pub(crate) const TABLES_JUDGED: [Tables; 3] = [
    Tables { number: 100, entries: 10_000 },
    Tables { number: 16, entries: 100_000 },
    Tables { number: 2, entries: 1_000_000 },
];

/// Whether an instance with these needs fits into the pool.
pub(crate) fn fits_pool(needs: Option<ResourcesRequired>) -> bool {
    needs.is_some_and(|needs| {
        needs.num_memories <= MEMORIES
            && needs.num_tables <= TABLES
            && needs.max_initial_table_size.unwrap_or(0) <= TABLE_ENTRIES as u64
    })
}

/// The largest initial linear memory of an instance, in bytes.
pub(crate) fn initial_memory(needs: Option<ResourcesRequired>) -> Option<u64> {
    needs?.max_initial_memory_size?.checked_mul(WASM_PAGE)
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    // Two slots more than concurrent calls: an instance that is being dropped must not delay a call, nor must one that
    // is created in advance while other calls begin.
    let slots = u32::try_from(limits.concurrency).unwrap_or(u32::MAX).saturating_add(2);
    let memory = (limits.memory as u64).div_ceil(WASM_PAGE).saturating_mul(WASM_PAGE);
    let kept = if PoolingAllocationConfig::is_pagemap_scan_available() { RESIDENT } else { RESIDENT_UNTRACKED };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(CORE_INSTANCES))
        .total_memories(slots.saturating_mul(MEMORIES))
        .total_tables(slots.saturating_mul(TABLES))
        .total_stacks(slots)
        .total_gc_heaps(slots)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .table_elements(TABLE_ENTRIES)
        .max_memory_size(usize::try_from(memory.min(1 << 32)).unwrap_or(usize::MAX))
        .max_unused_warm_slots(slots)
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(kept)
        .table_keep_resident(kept);
    pool
}
