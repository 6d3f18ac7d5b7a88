//! What the host keeps for one instance.

use std::io;
use std::sync::Arc;

use rand::TryRng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tempfile::TempDir;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_config::WasiConfigVariables;
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::call::{Call, Facts, Stream};
use crate::grants::Grants;
use crate::limits::{Limiter, Limits};
use crate::network::{Client, Hooks};
use crate::output::Lines;

/// The most random bytes that a guest may ask for in one call.
const MAX_RANDOM: u64 = 1 << 20;

/// What all instances of a guest have in common.
pub(crate) struct Common {
    pub(crate) limits: Limits,
    pub(crate) grants: Grants,
    pub(crate) config: WasiConfigVariables,
    pub(crate) client: Arc<Client>,
}

/// The data of a store: one instance, one invocation.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    pub(crate) common: Arc<Common>,
    pub(crate) limiter: Limiter,
    pub(crate) facts: Facts,
    /// The request is HEAD.
    pub(crate) head: bool,
    /// Files of this invocation; removed with it.
    _scratch: Option<TempDir>,
    /// The place that this instance takes; it is free again when the store is gone.
    _permit: OwnedSemaphorePermit,
}

impl State {
    /// # Errors
    /// The operating system gives no random bytes, or not the files that are granted.
    pub(crate) fn new(call: Call, head: bool, common: Arc<Common>, permit: OwnedSemaphorePermit) -> io::Result<Self> {
        let limits = &common.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let mut wasi = wasi(&call, limits)?;
        let scratch = common.grants.give(&mut wasi)?;
        Ok(Self {
            table,
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: Hooks::new(common.client.clone(), call.output, limits.requests),
            limiter: Limiter::new(limits),
            common,
            facts: call.facts,
            head,
            _scratch: scratch,
            _permit: permit,
        })
    }
}

/// A `wasi:cli` that grants nothing: no environment, arguments, files or sockets; clocks, output into the log, and
/// randomness from the operating system, so that two copies of one snapshot never deal the same tokens.
fn wasi(call: &Call, limits: &Limits) -> io::Result<WasiCtxBuilder> {
    let mut seed = [0; 16];
    SysRng.try_fill_bytes(&mut seed).map_err(io::Error::other)?;
    let stream = |stream| Lines::new(stream, call.output.clone(), limits.output);
    let mut wasi = WasiCtx::builder();
    wasi.stdout(stream(Stream::Stdout))
        .stderr(stream(Stream::Stderr))
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .secure_random(UnwrapErr(SysRng))
        .insecure_random(UnwrapErr(SysRng))
        .insecure_random_seed(u128::from_le_bytes(seed))
        .max_random_size(MAX_RANDOM);
    Ok(wasi)
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
