//! `wasi:sockets`, closed: standard libraries import all of it, but no socket can be created.
//!
//! No implementation is linked. Functions that create a socket or look up a name return `access-denied`, and without a
//! socket the others cannot be called. One untyped function implements all of them. Typed functions would add code for
//! each.

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem, Type};
use wasmtime::component::{LinkerInstance, Resource, ResourceAny, ResourceType, Val};
use wasmtime::{AsContextMut, Engine, StoreContextMut, bail};

use super::{Interface, LinkedBy, Offer, Versions};
use crate::state::State;

const CLOSED_0_2: Offer = Offer { versions: Versions::Minor(2), link: LinkedBy::Each(close) };
const CLOSED_0_3: Offer = Offer { versions: Versions::Minor(3), link: LinkedBy::Each(close) };

pub(super) const INTERFACES: &[Interface] = &[
    Interface { name: "wasi:sockets/instance-network", offers: &[CLOSED_0_2] },
    Interface { name: "wasi:sockets/ip-name-lookup", offers: &[CLOSED_0_2, CLOSED_0_3] },
    Interface { name: "wasi:sockets/network", offers: &[CLOSED_0_2] },
    Interface { name: "wasi:sockets/tcp", offers: &[CLOSED_0_2] },
    Interface { name: "wasi:sockets/tcp-create-socket", offers: &[CLOSED_0_2] },
    Interface { name: "wasi:sockets/types", offers: &[CLOSED_0_3] },
    Interface { name: "wasi:sockets/udp", offers: &[CLOSED_0_2] },
    Interface { name: "wasi:sockets/udp-create-socket", offers: &[CLOSED_0_2] },
];

/// The case of each `error-code` that denies access.
const DENIED: &str = "access-denied";

/// The resources that these interfaces define. The other resources that they use are those of `wasi:io`.
const RESOURCES: &[&str] = &[
    "incoming-datagram-stream",
    "network",
    "outgoing-datagram-stream",
    "resolve-address-stream",
    "tcp-socket",
    "udp-socket",
];

/// The host type of all these resources. A guest can obtain only `network`.
struct Closed;

/// Links the functions that the component expects, all closed.
fn close(
    linker: &mut LinkerInstance<'_, State>,
    interface: &ComponentInstance,
    engine: &Engine,
) -> wasmtime::Result<()> {
    for (name, export) in interface.exports(engine) {
        match export.ty {
            ComponentItem::ComponentFunc(ty) => function(linker, name, &ty)?,
            ComponentItem::Resource(_) if RESOURCES.contains(&name) => {
                linker.resource(name, ResourceType::host::<Closed>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn function(linker: &mut LinkerInstance<'_, State>, name: &str, ty: &ComponentFunc) -> wasmtime::Result<()> {
    if ty.async_() {
        // Their only resource is the socket, which no guest can have.
        return linker.func_new_concurrent(name, |accessor, ty, _, results| {
            Box::pin(async move { accessor.with(|mut access| answer(access.as_context_mut(), &ty, results)) })
        });
    }
    linker.func_new_async(name, |mut store, ty, parameters, results| {
        Box::new(async move {
            return_borrows(&mut store, parameters).await?;
            answer(store, &ty, results)
        })
    })
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
                let network = Resource::<Closed>::new_own(0);
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
