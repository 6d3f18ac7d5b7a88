//! Determines whether the host or the guest feeds the body of a response of 0.3.
//!
//! A guest may pass a stream of the host as the body of its own response. The guest then does not show whether more
//! data comes. Wasmtime shows where a stream or future was created by the types that it can be read as.

use std::collections::HashSet;

use wasmtime::AsContextMut;
use wasmtime::component::{Access, FutureReader, LinkerInstance, Resource, StreamReader};
use wasmtime_wasi_http::p3::Response;
use wasmtime_wasi_http::p3::bindings::http::types::{ErrorCode, Headers, HostResponseWithStore, Trailers};
use wasmtime_wasi_http::{WasiHttp, WasiHttpView};

use crate::state::State;

const NEW: &str = "[static]response.new";

/// The log message for an instance that ends without returning a response that it has created.
pub(crate) const KEPT: &str =
    "the handler made a response and did not return it in time: a write to its body waits until it is returned";

/// The responses of 0.3 that the guest has created and not returned.
#[derive(Default)]
pub(crate) struct MadeResponses {
    /// The responses whose bodies are streams of the host, by their index in the table.
    fed_by_host: HashSet<u32>,
    count: usize,
}

impl MadeResponses {
    fn made(&mut self, response: u32, fed_by_host: bool) {
        self.count += 1;
        // The index of an earlier response may be reused.
        if fed_by_host {
            self.fed_by_host.insert(response);
        } else {
            self.fed_by_host.remove(&response);
        }
    }

    /// Removes a response that is returned. Returns whether its body is a stream of the host.
    pub(crate) fn take(&mut self, response: u32) -> bool {
        self.count = self.count.saturating_sub(1);
        self.fed_by_host.remove(&response)
    }

    /// Removes all responses, once all calls have ended.
    pub(crate) fn rest(&mut self) {
        self.count = 0;
    }

    pub(crate) fn any_kept(&self) -> bool {
        self.count > 0
    }
}

type End = FutureReader<EndValue>;
type EndValue = Result<Option<Resource<Trailers>>, ErrorCode>;

/// Replaces wasmtime's constructor by one that records the origin of the body.
pub(super) fn add(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap(NEW, |mut store, (headers, contents, end): (Resource<Headers>, Option<StreamReader<u8>>, End)| {
        let (contents, fed) = match contents {
            Some(contents) => {
                let (contents, fed) = stream_of_host(&mut store, contents)?;
                (Some(contents), fed)
            }
            None => (None, false),
        };
        let (end, ended) = future_of_host(&mut store, end)?;
        let access = Access::<State, WasiHttp>::new(store.as_context_mut(), State::http);
        let made: (Resource<Response>, FutureReader<Result<(), ErrorCode>>) =
            <WasiHttp as HostResponseWithStore<State>>::new(access, headers, contents, end)?;
        store.data_mut().responses.made(made.0.rep(), fed || ended);
        Ok((made,))
    })
}

/// Whether the host created this stream. A stream of a guest can be read as any type that is the same in a component. A
/// stream of the host can be read only as the host's own type.
fn stream_of_host(
    mut store: impl AsContextMut,
    stream: StreamReader<u8>,
) -> wasmtime::Result<(StreamReader<u8>, bool)> {
    let stream = stream.try_into_stream_any(&mut store)?;
    let of_host = stream.clone().try_into_stream_reader::<Box<u8>>().is_err();
    Ok((stream.try_into_stream_reader()?, of_host))
}

fn future_of_host(mut store: impl AsContextMut, future: End) -> wasmtime::Result<(End, bool)> {
    let future = future.try_into_future_any(&mut store)?;
    let of_host = future.clone().try_into_future_reader::<Box<EndValue>>().is_err();
    Ok((future.try_into_future_reader()?, of_host))
}
