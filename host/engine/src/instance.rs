//! One instance of a component, from its making to its end.

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
use crate::incoming::ResponseResult;
use crate::output::OutputSink;
use crate::reuse::Reuse;
use crate::state::State;
use crate::{p2, p3};

/// The longest name of a function that is told, in bytes, as `trim` leaves them.
const LONGEST_NAME: usize = 300;

/// A component by the version of `wasi:http` that it speaks: all that is done once for every instance of it.
pub(crate) enum Handler {
    P2(ProxyPre<State>),
    P3(ServicePre<State>),
}

/// A store and the component that lives in it. It answers one request at a time.
pub(crate) struct Instance {
    store: Store<State>,
    exports: Exports,
    requests: usize,
    /// When it ended its last request. Of the clock on the wall: others may stop while a process is frozen.
    rested: SystemTime,
}

enum Exports {
    P2(Proxy),
    P3(Service),
}

/// What is left of an instance that failed. The store lives on until its answer is known: when it goes, a body that was
/// left open looks finished.
pub(crate) struct Failed {
    pub(crate) fault: Fault,
    pub(crate) store: Store<State>,
}

impl Handler {
    /// Makes an instance in that store.
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
            Ok(Ok(exports)) => Ok(Instance { store, exports, requests: 0, rested: SystemTime::now() }),
            Ok(Err(error)) => Err(Failed { fault: fault(&error, &store, Fault::Instantiate), store }),
            Err(bound) => Err(Failed { fault: Fault::ProcessMemory { bound }, store }),
        }
    }
}

impl Instance {
    /// Answers a request, for which it is armed. The response goes to `sender` as soon as there is one; the instance comes
    /// back when it has nothing left to do.
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
                    // Apart, as it is larger, and what is answered by 0.2 would be moved with the room for it.
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

    /// All that it does from now on is done for this call.
    pub(crate) fn arm(&mut self, call: Arc<dyn Call>, head: bool, permit: OwnedSemaphorePermit) {
        // Ticks that passed while the instance was idle do not count.
        self.store.set_epoch_deadline(1);
        self.store.data_mut().arm(call, head, permit);
    }

    /// Makes it ready for another call; the permit of the last one is handed back. Nothing, if it is no longer fit for one.
    pub(crate) fn disarm(&mut self) -> Option<OwnedSemaphorePermit> {
        self.rested = SystemTime::now();
        self.store.data_mut().disarm().ok().flatten()
    }

    /// Where its output goes.
    pub(crate) fn sink(&self) -> OutputSink {
        self.store.data().sink()
    }

    /// How many requests it has been given.
    pub(crate) fn requests(&self) -> usize {
        self.requests
    }

    /// Whether it has served, and has waited for too long since.
    pub(crate) fn is_stale(&self, reuse: &Reuse) -> bool {
        self.requests > 0 && reuse.is_stale(self.rested)
    }

    /// Lets `work` bring several requests to it at once. Only one of 0.3 can take them.
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

/// How a guest failed; `other` is what it comes to where nothing more is known. What it wrote has been passed on by then.
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
    // What `wit-component` puts between modules is nobody's code.
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
