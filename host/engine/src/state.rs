//! What the host keeps for one instance.

use std::sync::Arc;

use rand::TryRng;
use rand::rand_core::UnwrapErr;
use rand::rngs::{SysError, SysRng};
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::call::{Call, Facts, Stream};
use crate::deny::Hooks;
use crate::limits::{Limiter, Limits};
use crate::output::Lines;

/// The most random bytes that a guest may ask for in one call.
const MAX_RANDOM: u64 = 1 << 20;

/// The data of a store: one instance, one invocation.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    pub(crate) config: Arc<WasiConfigVariables>,
    pub(crate) limiter: Limiter,
    pub(crate) facts: Facts,
    /// The place that this instance takes; it is free again when the store is gone.
    _permit: OwnedSemaphorePermit,
}

impl State {
    /// # Errors
    /// The operating system gives no random bytes.
    pub(crate) fn new(
        call: Call,
        limits: &Limits,
        config: Arc<WasiConfigVariables>,
        permit: OwnedSemaphorePermit,
    ) -> Result<Self, SysError> {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        Ok(Self {
            table,
            wasi: wasi(&call, limits)?,
            http: WasiHttpCtx::new(),
            hooks: Hooks,
            config,
            limiter: Limiter::new(limits),
            facts: call.facts,
            _permit: permit,
        })
    }
}

/// A `wasi:cli` that grants nothing: no environment, arguments, files or sockets; clocks, output into the log, and
/// randomness from the operating system, so that two copies of one snapshot never deal the same tokens.
fn wasi(call: &Call, limits: &Limits) -> Result<WasiCtx, SysError> {
    let mut seed = [0; 16];
    SysRng.try_fill_bytes(&mut seed)?;
    let stream = |stream| Lines::new(stream, call.output.clone(), limits.output);
    Ok(WasiCtx::builder()
        .stdout(stream(Stream::Stdout))
        .stderr(stream(Stream::Stderr))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .secure_random(UnwrapErr(SysRng))
        .insecure_random(UnwrapErr(SysRng))
        .insecure_random_seed(u128::from_le_bytes(seed))
        .max_random_size(MAX_RANDOM)
        .build())
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}
