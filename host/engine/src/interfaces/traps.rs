//! Stands in for the imports that this host does not have, if the operator asks for it: functions that end the handler
//! when it calls them.
//!
//! They grant nothing: no argument is used, and no result returned. Resources are of a type of which none is ever made.

use wasmtime::component::types::{ComponentFunc, ComponentInstance, ComponentItem};
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Engine, format_err};

use super::offer;
use crate::state::State;

/// The host type of all resources of missing interfaces.
struct Absent;

/// Links every import of the component that this host does not have. Imports that are neither functions nor interfaces
/// are left out.
pub(crate) fn trap(linker: &mut Linker<State>, component: &Component, engine: &Engine) -> wasmtime::Result<()> {
    let mut traps = Traps { engine, resources: Vec::new() };
    for (name, import) in component.component_type().imports(engine) {
        if offer(name).is_some() {
            traps.pass(&import.ty);
        } else {
            traps.item(&mut linker.root(), name, "", &import.ty)?;
        }
    }
    Ok(())
}

struct Traps<'a> {
    engine: &'a Engine,
    /// The resources of the imports so far. An interface that uses a resource of an earlier one exports it again, and is
    /// not the one to define it.
    resources: Vec<ResourceType>,
}

impl Traps<'_> {
    /// Notes the resources of an interface that the host has.
    fn pass(&mut self, item: &ComponentItem) {
        match item {
            ComponentItem::Resource(ty) => self.resources.push(*ty),
            ComponentItem::ComponentInstance(instance) => {
                for (_, export) in instance.exports(self.engine) {
                    self.pass(&export.ty);
                }
            }
            _ => {}
        }
    }

    /// Links an item of the interface `of`, which is empty for one of the component itself.
    fn item(
        &mut self,
        linker: &mut LinkerInstance<'_, State>,
        name: &str,
        of: &str,
        item: &ComponentItem,
    ) -> wasmtime::Result<()> {
        match item {
            ComponentItem::ComponentFunc(ty) => function(linker, name, of, ty),
            ComponentItem::ComponentInstance(instance) => self.instance(&mut linker.instance(name)?, name, instance),
            ComponentItem::Resource(ty) if !self.resources.contains(ty) => {
                self.resources.push(*ty);
                linker.resource(name, ResourceType::host::<Absent>(), |_, _| Ok(()))
            }
            _ => Ok(()),
        }
    }

    fn instance(
        &mut self,
        linker: &mut LinkerInstance<'_, State>,
        name: &str,
        instance: &ComponentInstance,
    ) -> wasmtime::Result<()> {
        instance.exports(self.engine).try_for_each(|(export, item)| self.item(linker, export, name, &item.ty))
    }
}

fn function(linker: &mut LinkerInstance<'_, State>, name: &str, of: &str, ty: &ComponentFunc) -> wasmtime::Result<()> {
    let sentence = sentence(name, of);
    if ty.async_() {
        return linker.func_new_concurrent(name, move |_, _, _, _| {
            let error = format_err!("{sentence}");
            Box::pin(async move { Err(error) })
        });
    }
    linker.func_new(name, move |_, _, _, _| Err(format_err!("{sentence}")))
}

fn sentence(name: &str, of: &str) -> String {
    // `[method]bucket.get` and the like.
    let function = name.rsplit(']').next().unwrap_or(name);
    let of = if of.is_empty() { String::new() } else { format!(" of `{of}`") };
    format!("it called `{function}`{of}, which this host does not have (component.missing-imports is \"trap\")")
}
