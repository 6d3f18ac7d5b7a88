//! One instance of a component, from its creation to its end.

use std::pin::pin;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use wasmtime::component::Accessor;
use wasmtime::{FrameInfo, Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};

use crate::call::Call;
use crate::fault::{Crash, Fault, Frame};
use crate::gauge::unless_over;
use crate::guest_variables::VariableSet;
use crate::incoming::ResponseResult;
use crate::output::OutputSink;
use crate::reuse::Reuse;
use crate::state::State;
use crate::{p2, p3};

/// The longest function name in an error, in bytes; `trim` truncates names to the same length.
const LONGEST_NAME: usize = 300;

/// A component with its version of `wasi:http`: the preparation that all its instances share.
pub(crate) enum Handler {
    P2(ProxyPre<State>),
    P3(ServicePre<State>),
}

/// A store and the instance in it. It answers one request at a time.
pub(crate) struct Instance {
    store: Store<State>,
    exports: Exports,
    requests: usize,
    /// When it became idle. This is wall-clock time, because other clocks may stop while the process is frozen.
    idle_since: SystemTime,
}

enum Exports {
    P2(Proxy),
    P3(Service),
}

/// The remains of an instance that failed. The store is kept until the answer is known, because dropping it makes an
/// open body look complete.
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    pub(crate) store: Store<State>,
}

impl Handler {
    /// Creates an instance in a store.
    pub(crate) async fn instantiate(&self, mut store: Store<State>) -> Result<Instance, Failed> {
        let meter = store.data().meter.clone();
        let exports = {
            let exports = pin!(async {
                match self {
                    Self::P2(pre) => pre.instantiate_async(&mut store).await.map(Exports::P2),
                    Self::P3(pre) => pre.instantiate_async(&mut store).await.map(Exports::P3),
                }
            });
            unless_over(meter.as_deref(), exports).await
        };
        match exports {
            Ok(Ok(exports)) => Ok(Instance { store, exports, requests: 0, idle_since: SystemTime::now() }),
            Ok(Err(error)) => Err(Failed { fault: fault(&error, &store, Fault::Instantiate), store }),
            Err(bound) => Err(Failed { fault: Fault::ProcessMemory { bound }, store }),
        }
    }
}

impl Instance {
    /// Answers a request for which the instance is armed. The response is sent to `sender` as soon as the guest sets
    /// it. The instance is returned when it has finished all its work.
    pub(crate) async fn answer(
        mut self,
        request: http::Request<Bytes>,
        sender: oneshot::Sender<ResponseResult>,
    ) -> Result<Self, Failed> {
        self.requests += 1;
        let meter = self.store.data().meter.clone();
        let answered = {
            let answered = pin!(async {
                match &self.exports {
                    Exports::P2(proxy) => p2::call(proxy, &mut self.store, request, sender).await,
                    // Boxed, because this future is larger, and would otherwise enlarge the future of 0.2 as well.
                    Exports::P3(service) => Box::pin(p3::call(service, &mut self.store, request, sender)).await,
                }
            });
            unless_over(meter.as_deref(), answered).await
        };
        match answered {
            Ok(Ok(())) => Ok(self),
            Err(bound) => Err(Failed { fault: Fault::ProcessMemory { bound }, store: self.store }),
            Ok(Err(error)) => Err(Failed { fault: fault(&error, &self.store, Fault::Trap), store: self.store }),
        }
    }

    /// Assigns the instance to a call: everything that the guest does from now on belongs to it.
    pub(crate) fn arm(&mut self, call: Arc<dyn Call>, head: bool, permit: OwnedSemaphorePermit) {
        // Ticks that passed while the instance was idle do not count.
        self.store.set_epoch_deadline(1);
        self.store.data_mut().arm(call, head, permit);
    }

    /// Ends the call and returns its permit. Returns `None` if the instance cannot serve another call.
    pub(crate) fn disarm(&mut self) -> Option<OwnedSemaphorePermit> {
        self.idle_since = SystemTime::now();
        self.store.data_mut().disarm().ok().flatten()
    }

    /// The sink for the instance's output.
    pub(crate) fn sink(&self) -> OutputSink {
        self.store.data().sink()
    }

    /// The number of requests that it has received.
    pub(crate) fn requests(&self) -> usize {
        self.requests
    }

    /// Whether it has served a request and has been idle for too long since.
    pub(crate) fn is_stale(&self, reuse: &Reuse) -> bool {
        self.requests > 0 && reuse.is_stale(self.idle_since)
    }

    /// Whether it began with these variables.
    pub(crate) fn has(&self, variables: &Arc<VariableSet>) -> bool {
        Arc::ptr_eq(&self.store.data().variables, variables)
    }

    /// Lets `work` give several requests to the instance at once. Only instances of 0.3 can handle them.
    pub(crate) async fn share(
        &mut self,
        work: impl AsyncFnOnce(&Accessor<State>, &Service) -> wasmtime::Result<()>,
    ) -> Result<(), Fault> {
        let Exports::P3(service) = &self.exports else { return Ok(()) };
        let meter = self.store.data().meter.clone();
        let worked = {
            let work = pin!(self.store.run_concurrent(async |accessor| work(accessor, service).await));
            unless_over(meter.as_deref(), work).await
        };
        match worked {
            Ok(ended) => ended.flatten().map_err(|error| fault(&error, &self.store, Fault::Trap)),
            Err(bound) => Err(Fault::ProcessMemory { bound }),
        }
    }
}

/// The fault of a guest that failed; `other` is used if no more specific one is known. The guest's output is passed on
/// first.
fn fault(error: &wasmtime::Error, store: &Store<State>, other: fn(Crash) -> Fault) -> Fault {
    store.data().end_output();
    if let Some(I32Exit(code)) = error.downcast_ref() {
        return Fault::Exit(*code);
    }
    match error.downcast_ref() {
        Some(Trap::Interrupt) => Fault::Deadline,
        Some(Trap::StackOverflow) => Fault::Stack(crash(error)),
        _ => match store.data().limiter.refused_memory() {
            Some(limit) => Fault::Memory { limit, trap: crash(error) },
            None => other(crash(error)),
        },
    }
}

fn crash(error: &wasmtime::Error) -> Crash {
    let frames = error.downcast_ref::<WasmBacktrace>().map(WasmBacktrace::frames).unwrap_or_default();
    // The adapters that `wit-component` inserts between modules are not the user's code.
    let is_adapter = |frame: &&FrameInfo| frame.module().name().is_some_and(|name| name.starts_with("wit-component:"));
    let frames = frames.iter().filter(|frame| !is_adapter(frame)).map(frame).collect();
    Crash { frames, ..error.root_cause().to_string().into() }
}

fn frame(frame: &FrameInfo) -> Frame {
    let function = match frame.func_name() {
        Some(name) => name[..name.floor_char_boundary(LONGEST_NAME)].to_owned(),
        None => format!("function {}", frame.func_index()),
    };
    Frame { function, offset: frame.module_offset().map(|offset| offset as u64) }
}
