//! The state that the host keeps for one instance.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rand::TryRng;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::ResourceLimiter;
use wasmtime::component::{GuestTaskId, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::call::{Call, LogLevel, Stream};
use crate::descriptors::Descriptors;
use crate::gauge::{Gauge, Meter};
use crate::grants::Grants;
use crate::guest_variables::{GuestVariables, VariableSet};
use crate::interfaces::{KEPT, MadeResponses, OpenCalls, random};
use crate::limits::{Limiter, Limits};
use crate::network::{Client, Hooks, Sockets};
use crate::open_body::Writer;
use crate::output::{OutputSink, StandardStream};
use crate::scratch::{Folder, Scratch};
use crate::weigh::{Waiting, weigh};

/// The state that all instances of a guest share.
pub(crate) struct Common {
    pub(crate) limits: Limits,
    pub(crate) grants: Grants,
    pub(crate) variables: GuestVariables,
    /// Creates temporary folders, if guests get one.
    pub(crate) scratch: Option<Scratch>,
    pub(crate) client: Arc<Client>,
    /// Watches the process's memory, if the system supports it.
    pub(crate) gauge: Option<Arc<Gauge>>,
}

/// The data of a store: one instance, and the call for which it is armed.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Hooks,
    sink: OutputSink,
    streams: [StandardStream; 2],
    pub(crate) common: Arc<Common>,
    pub(crate) variables: Arc<VariableSet>,
    pub(crate) limiter: Limiter,
    /// The growth of the process's memory by this instance, if memory is watched.
    pub(crate) meter: Option<Arc<Meter>>,
    /// The outgoing requests that are not sent yet.
    waiting: Arc<Waiting>,
    pub(crate) descriptors: Descriptors,
    pub(crate) sockets: Sockets,
    pub(crate) calls: OpenCalls,
    pub(crate) responses: MadeResponses,
    /// Whether a guest of 0.2 has set its response.
    answered: Arc<AtomicBool>,
    /// When the running guest code is interrupted.
    pub(crate) deadline: Instant,
    /// Whether the request is HEAD.
    pub(crate) head: bool,
    /// The guest's temporary folder, which is removed with this.
    scratch: Option<Folder>,
    /// The permit of the current call. It is released when the call ends or the store is dropped.
    permit: Option<OwnedSemaphorePermit>,
}

impl State {
    /// The state before the first call. Code that runs before that is interrupted at `deadline`.
    ///
    /// # Errors
    /// The operating system provides no random bytes, or the granted files cannot be opened.
    pub(crate) fn new(common: Arc<Common>, sink: OutputSink, deadline: Instant) -> io::Result<Self> {
        let limits = &common.limits;
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits.handles);
        let streams =
            [Stream::Stdout, Stream::Stderr].map(|stream| StandardStream::new(stream, sink.clone(), limits.output));
        let mut wasi = wasi(&streams)?;
        let variables = common.variables.current();
        wasi.envs(&variables.env);
        let scratch = common.grants.give(&mut wasi, common.scratch.as_ref())?;
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(limits.fields);
        let waiting = Arc::new(Waiting::new(limits.held / 2));
        let meter = common.gauge.as_ref().map(Gauge::meter);
        let limiter = Limiter::new(limits, meter.clone());
        let hooks = hooks(&common, &sink, &waiting, &limiter);
        Ok(Self {
            table,
            wasi: wasi.build(),
            http,
            sockets: Sockets::new(common.client.clone(), hooks.notices(), limits.connections),
            hooks,
            sink,
            streams,
            limiter,
            meter,
            waiting,
            descriptors: Descriptors::new(limits.descriptors),
            common,
            variables,
            calls: OpenCalls::default(),
            responses: MadeResponses::default(),
            answered: Arc::default(),
            deadline,
            head: false,
            scratch,
            permit: None,
        })
    }

    /// Assigns the instance to a call: everything that the guest does from now on belongs to it.
    pub(crate) fn arm(&mut self, call: Arc<dyn Call>, head: bool, permit: OwnedSemaphorePermit) {
        if let Some(meter) = &self.meter {
            meter.begin();
        }
        self.limiter.begin_request();
        self.answered.store(false, Ordering::Relaxed);
        self.deadline = call.deadline();
        self.sink.open(call.clone());
        self.calls.arm(call);
        self.head = head;
        self.permit = Some(permit);
    }

    /// Ends a successful call and returns its permit. Only the guest's own memory keeps data of the call.
    ///
    /// # Errors
    /// The guest cannot serve another call: its temporary folder cannot be emptied, or it keeps too many handles.
    pub(crate) fn disarm(&mut self) -> io::Result<Option<OwnedSemaphorePermit>> {
        self.calls.disarm();
        self.end_calls()?;
        Ok(self.permit.take())
    }

    /// Begins one of several concurrent calls, which runs as `task`.
    pub(crate) fn begin(&mut self, task: GuestTaskId, call: Arc<dyn Call>) {
        self.limiter.begin_request();
        self.streams.iter().for_each(StandardStream::begin_request);
        self.deadline = self.deadline.max(call.deadline());
        self.calls.begin(task, call);
    }

    /// The number of bodies so far that the guest writes itself.
    pub(crate) fn guest_bodies(&self) -> u64 {
        self.hooks.guest_bodies()
    }

    /// The writer of the body of a response of 0.3, which has just been taken from the guest. `before` is the number of
    /// [`State::guest_bodies`] at that time.
    pub(crate) fn writer(&mut self, response: u32, before: u64) -> Writer {
        let fed_by_host = self.responses.take(response);
        if self.guest_bodies() > before && !fed_by_host { Writer::Guest } else { Writer::Host }
    }

    /// The sink for the instance's output.
    pub(crate) fn sink(&self) -> OutputSink {
        self.sink.clone()
    }

    /// The flag that is set when a guest of 0.2 sets its response.
    pub(crate) fn answered(&self) -> Arc<AtomicBool> {
        self.answered.clone()
    }

    /// Passes on a message of `wasi:logging`. It counts as output on standard output. `call` is the call of the task
    /// that logged it, if several are handled.
    pub(crate) fn log(&self, level: LogLevel, context: &str, text: &str, call: Option<Arc<dyn Call>>) {
        self.streams[0].message(level, context, text, call);
    }

    /// Passes on the guest's remaining output, because the guest has ended.
    pub(crate) fn end_output(&self) {
        self.streams.iter().for_each(StandardStream::end);
    }

    /// Ends all calls.
    ///
    /// # Errors
    /// See [`State::disarm`].
    pub(crate) fn end_calls(&mut self) -> io::Result<()> {
        self.streams.iter().for_each(StandardStream::end_request);
        self.sink.close();
        self.calls.end_all();
        if let Some(meter) = &self.meter {
            meter.end_call();
        }
        self.responses.end_all();
        // New hooks release the slots of requests whose responses the guest never read.
        self.hooks = hooks(&self.common, &self.sink, &self.waiting, &self.limiter);
        self.sockets.notify(self.hooks.notices());
        self.scratch.as_ref().map_or(Ok(()), Folder::empty)?;
        // The limit here is half of the handles: a guest that leaks handles must not fail during a later request.
        if self.table.iter_mut().count() > self.common.limits.handles / 2 {
            return Err(io::Error::other("too many handles are left over"));
        }
        if self.descriptors.keeps_too_many() {
            return Err(io::Error::other("too many files are left open"));
        }
        self.weigh();
        if self.limiter.keeps_too_much() {
            return Err(io::Error::other("too much of what the host holds is left over"));
        }
        Ok(())
    }

    /// Reserves `bytes` of host memory for the guest, if its limit allows it. Everything that makes the result of
    /// `weigh` grow is reserved here first.
    pub(crate) fn hold(&mut self, bytes: usize) -> bool {
        if self.limiter.hold(bytes) {
            return true;
        }
        self.weigh();
        let held = self.limiter.hold(bytes);
        if !held {
            self.limiter.refuse();
        }
        held
    }

    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    pub(crate) fn table_and_sockets(&mut self) -> (&mut ResourceTable, &Sockets) {
        (&mut self.table, &self.sockets)
    }

    /// Updates the memory that the host holds, so that released memory no longer counts.
    fn weigh(&mut self) {
        let held = weigh(&mut self.table) + self.waiting.bytes();
        self.limiter.weighed(held);
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // Unlike a write of 0.2, a write of 0.3 is visible only to the guest. This is the only hint that one was
        // pending.
        if self.responses.any_kept() && Instant::now() >= self.deadline {
            self.sink.line(Stream::Stderr, KEPT);
        }
    }
}

fn hooks(common: &Common, sink: &OutputSink, waiting: &Arc<Waiting>, limiter: &Limiter) -> Hooks {
    let memory = limiter.memory_left();
    Hooks::new(common.client.clone(), sink.clone(), common.limits.requests, waiting.clone(), memory)
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = desired.saturating_sub(current);
        if self.limiter.grow(bytes) {
            return Ok(true);
        }
        self.weigh();
        let granted = self.limiter.grow(bytes);
        if !granted {
            self.limiter.refuse();
        }
        Ok(granted)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(self.limiter.grow_table(desired.saturating_sub(current)))
    }
}

/// A `wasi:cli` context that grants nothing: no environment, arguments, files or sockets. It has clocks, output into
/// the log, and randomness from the operating system, so that two copies of a snapshot never produce the same tokens.
fn wasi([stdout, stderr]: &[StandardStream; 2]) -> io::Result<WasiCtxBuilder> {
    let mut seed = [0; 16];
    SysRng.try_fill_bytes(&mut seed).map_err(io::Error::other)?;
    let mut wasi = WasiCtx::builder();
    wasi.stdout(stdout.clone())
        .stderr(stderr.clone())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .secure_random(UnwrapErr(SysRng))
        .insecure_random(UnwrapErr(SysRng))
        .insecure_random_seed(u128::from_le_bytes(seed))
        .max_random_size(random::MAX_LEN);
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
