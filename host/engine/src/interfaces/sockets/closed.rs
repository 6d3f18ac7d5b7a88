//! `wasi:sockets`, closed: standard libraries import all of it, but no socket can be created. This is linked if no TCP
//! connection is allowed, and always for UDP.
//!
//! No implementation is linked. Functions that create a socket or look up a name return `access-denied`, and without a
//! socket the others cannot be called. One untyped function implements all of them. Typed functions would add code for
//! each.

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{LinkerInstance, Resource, ResourceAny, ResourceType, Val};
use wasmtime::{AsContextMut, Engine, StoreContextMut, bail};
use wasmtime_wasi::p2::Network;

use crate::state::State;

/// The case of each `error-code` that denies access.
const DENIED: &str = "access-denied";

/// The resources that these interfaces define. The other resources that they use are those of `wasi:io`.
const RESOURCES: &[&str] =
    &["incoming-datagram-stream", "outgoing-datagram-stream", "resolve-address-stream", "tcp-socket", "udp-socket"];

/// The host type of all these resources, of which a guest can obtain none.
struct Closed;

/// Links the functions that the component expects, all closed.
pub(super) fn close(
    linker: &mut LinkerInstance<'_, State>,
    interface: &ComponentInstance,
    engine: &Engine,
) -> wasmtime::Result<()> {
    for (name, export) in interface.exports(engine) {
        match export.ty {
            ComponentItem::ComponentFunc(ty) => function(linker, name, &ty)?,
            // The only one that a guest can obtain. The open interfaces have the same type.
            ComponentItem::Resource(_) if name == "network" => {
                linker.resource(name, ResourceType::host::<Network>(), |_, _| Ok(()))?;
            }
            ComponentItem::Resource(_) if RESOURCES.contains(&name) => {
                linker.resource(name, ResourceType::host::<Closed>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn function(linker: &mut LinkerInstance<'_, State>, name: &str, ty: &ComponentFunc) -> wasmtime::Result<()> {
    let asks = Asks::of(name);
    if ty.async_() {
        // Their only resource is the socket, which no guest can have.
        return linker.func_new_concurrent(name, move |accessor, ty, parameters, results| {
            Box::pin(async move {
                accessor.with(|mut access| {
                    asks.tell(access.get(), parameters);
                    answer(access.as_context_mut(), &ty, results)
                })
            })
        });
    }
    linker.func_new_async(name, move |mut store, ty, parameters, results| {
        Box::new(async move {
            asks.tell(store.data_mut(), parameters);
            return_borrows(&mut store, parameters).await?;
            answer(store, &ty, results)
        })
    })
}

/// What a guest asks for by a function, for the log.
#[derive(Clone, Copy)]
enum Asks {
    Name,
    Socket,
    Udp,
    Other,
}

impl Asks {
    fn of(function: &str) -> Self {
        match function {
            "resolve-addresses" => Self::Name,
            "create-tcp-socket" | "[static]tcp-socket.create" => Self::Socket,
            "create-udp-socket" | "[static]udp-socket.create" => Self::Udp,
            _ => Self::Other,
        }
    }

    /// Tells the operator which entry would allow it.
    fn tell(self, state: &mut State, parameters: &[Val]) {
        match self {
            Self::Name => {
                let name =
                    parameters.iter().find_map(|value| if let Val::String(name) = value { Some(name) } else { None });
                // The result is a denial, unless it is an address or no name.
                if let Some(Ok(address)) = name.map(|name| state.sockets.look_up(name)) {
                    state.sockets.refused_address(address);
                }
            }
            Self::Socket => state.sockets.refused(),
            Self::Udp => state.sockets.has_no_udp(),
            Self::Other => {}
        }
    }
}

/// Returns resources that were borrowed for the call.
async fn return_borrows(store: &mut StoreContextMut<'_, State>, parameters: &[Val]) -> wasmtime::Result<()> {
    for parameter in parameters {
        if let Val::Resource(resource) = parameter {
            resource.resource_drop_async(&mut *store).await?;
        }
    }
    Ok(())
}

fn answer(mut store: StoreContextMut<'_, State>, ty: &ComponentFunc, results: &mut [Val]) -> wasmtime::Result<()> {
    for (result, ty) in results.iter_mut().zip(ty.results()) {
        *result = match &ty {
            Type::Result(ty) => match ty.err() {
                Some(Type::Enum(_)) => denied(Val::Enum(DENIED.to_owned())),
                Some(Type::Variant(_)) => denied(Val::Variant(DENIED.to_owned(), None)),
                _ => bail!("sockets are closed"),
            },
            // The network that `instance-network` returns. Its number has no meaning.
            Type::Own(_) => {
                let network = Resource::<Network>::new_own(0);
                Val::Resource(ResourceAny::try_from_resource(network, &mut store)?)
            }
            _ => bail!("sockets are closed"),
        };
    }
    Ok(())
}

fn denied(code: Val) -> Val {
    Val::Result(Err(Some(Box::new(code))))
}
