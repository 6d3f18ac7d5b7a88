//! The configuration of wasmtime, for compiling and for running: one for each of two ways to call.
//!
//! Most of it is baked into a compiled component: whatever changes here makes every `.cwasm` unfit, and
//! [`REVISION`] tells the tool's cache so.

use wasmtime::{
    Collector, Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, ResourcesRequired,
    WasmBacktraceDetails,
};

use crate::limits::Limits;

/// Counts the changes of [`config`] and of what is compiled. Part of the key under which compiled components are cached.
#[cfg(feature = "compile")]
pub(crate) const REVISION: u32 = 8;

/// Up to what length memory that an instance begins with is mapped even where little of it is data, in bytes. It lies in the
/// compiled component as it is, zeros and all, and Lambda unpacks no more than 250 MB.
pub(crate) const DENSE_IMAGE: u64 = 192 << 20;

/// What an instance may consist of in the pool; what needs more is allocated on demand.
const CORE_INSTANCES: u32 = 32;
const MEMORIES: u32 = 3;
const TABLES: u32 = 16;
const TABLE_ENTRIES: usize = 100_000;
const WASM_PAGE: u64 = 65_536;

/// What a memory or table of the pool may keep resident for its next instance: it is written back to what that has to
/// find, which costs less than to map its pages anew. The kernel (6.7 or newer) tells which pages have been written.
const KEPT: usize = 1 << 20;
/// The same where the kernel does not: all of it is written, needed or not.
const KEPT_BLINDLY: usize = 32 << 10;

/// How a component calls, and is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Calls {
    /// One within another, as all of WASI 0.2 does: nothing is kept of each of them, which takes a tenth off a warm request.
    Nested,
    /// Several at once, with the async of the component model, as WASI 0.3 does. Components of 0.2 run so too.
    Concurrent,
}

/// The settings that compiling and running share.
pub(crate) fn config(calls: Calls) -> Config {
    let concurrent = calls == Calls::Concurrent;
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(concurrent)
        .concurrency_support(concurrent)
        .collector(Collector::Copying)
        .epoch_interruption(true)
        // Nobody unwinds through a guest but wasmtime, which needs no tables for it. To register them took a seventh of the
        // start of a large component, and they are 3 to 6 % of its file.
        .native_unwind_info(false)
        // What a memory begins with is mapped, however little of it is data: memory that a language has kept is full of gaps.
        // Above this it is copied into each instance, segment by segment, unless half of it is data.
        .memory_guaranteed_dense_image_size(DENSE_IMAGE)
        // wasmtime looks lines up within the trap, where nothing bounds what hostile debug information costs. So a compiled
        // component carries none, whatever the environment says; `source_map` finds lines in the component itself.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config
}

/// An engine that takes its instances from a pool, with room for what runs at once. Where the address space for it
/// cannot be reserved, instances are allocated on demand.
pub(crate) fn pooling_engine(limits: &Limits, calls: Calls) -> wasmtime::Result<Engine> {
    let mut config = config(calls);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(limits)));
    Engine::new(&config).or_else(|_| on_demand_engine(calls))
}

/// An engine that allocates each instance on its own.
pub(crate) fn on_demand_engine(calls: Calls) -> wasmtime::Result<Engine> {
    Engine::new(&config(calls))
}

/// An engine in which nothing runs: it takes no component whose instances need more than so many bytes beside their
/// memories and tables, for their globals, imports and functions. Only the pool asks for that, so this is a pool of
/// nothing, for modules with tables of up to so many entries.
pub(crate) fn judging_engine(calls: Calls, bytes: usize, tables: Tables) -> wasmtime::Result<Engine> {
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
    let mut config = config(calls);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config)
}

/// The tables of one module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tables {
    number: u32,
    entries: usize,
}

/// The most memories that a valid module has. The pool looks for each of them when a module goes, so it must not be told of
/// more than there can be.
const MODULE_MEMORIES: u32 = 100;

/// Many small tables, or a few large ones: room for both would be more address space than a small function gets.
pub(crate) const TABLES_JUDGED: [Tables; 3] = [
    Tables { number: 100, entries: 10_000 },
    Tables { number: 16, entries: 100_000 },
    Tables { number: 2, entries: 1_000_000 },
];

/// Whether an instance that needs so much has room in the pool.
pub(crate) fn fits_pool(needs: Option<ResourcesRequired>) -> bool {
    needs.is_some_and(|needs| {
        needs.num_memories <= MEMORIES
            && needs.num_tables <= TABLES
            && needs.max_initial_table_size.unwrap_or(0) <= TABLE_ENTRIES as u64
    })
}

/// The largest linear memory that an instance starts with, in bytes.
pub(crate) fn initial_memory(needs: Option<ResourcesRequired>) -> Option<u64> {
    needs?.max_initial_memory_size?.checked_mul(WASM_PAGE)
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    // Two more than run at once: one that is being dropped keeps nobody waiting, and neither does one that is made ready
    // while others begin to run.
    let slots = u32::try_from(limits.concurrency).unwrap_or(u32::MAX).saturating_add(2);
    let memory = (limits.memory as u64).div_ceil(WASM_PAGE).saturating_mul(WASM_PAGE);
    let kept = if PoolingAllocationConfig::is_pagemap_scan_available() { KEPT } else { KEPT_BLINDLY };
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
