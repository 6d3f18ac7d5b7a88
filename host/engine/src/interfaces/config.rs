//! `wasi:config/store` in all its versions, and under its older name.

use wasmtime::component::types::{ComponentFunc, Type};
use wasmtime::component::{Linker, LinkerInstance, Val};
use wasmtime::{StoreContextMut, bail};
use wasmtime_wasi_config::WasiConfig;

use super::{Interface, LinkedBy, Offer, Versions};
use crate::state::State;

/// The interface has had the functions `get` and `get-all` since its first draft of 0.2, when it was called
/// `wasi:config/runtime`. A draft is compatible with no other version, so each is linked separately.
pub(super) const INTERFACES: &[Interface] = &[
    Interface { name: "wasi:config/runtime", offers: &[Offer { versions: Versions::AllOf(2), link: UNTYPED }] },
    Interface {
        name: "wasi:config/store",
        offers: &[
            Offer { versions: Versions::Draft("0.2.0-rc.1"), link: LinkedBy::Once(typed) },
            Offer { versions: Versions::AllOf(2), link: UNTYPED },
        ],
    },
];

const UNTYPED: LinkedBy = LinkedBy::Each(|store, _, _| functions(store));

/// Links the version of wasmtime's crate.
fn typed(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_config::add_to_linker(linker, |state: &mut State| WasiConfig::from(&state.variables.config))
}

/// Links a version without static types. Drafts name the type of an error differently, and the newest 0.2.0-draft has
/// none: it returns the value itself, under the same name as an older draft that returns a result.
fn functions(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    linker.func_new("get", |store, ty, parameters, results| {
        let [Val::String(key)] = parameters else { bail!("`get` takes one key") };
        let value = variables(&store).find(|(name, _)| name == key);
        answer(&ty, results, Val::Option(value.map(|(_, value)| Box::new(Val::String(value.clone())))))
    })?;
    linker.func_new("get-all", |store, ty, _, results| {
        let pair =
            |(name, value): &(String, String)| Val::Tuple(vec![Val::String(name.clone()), Val::String(value.clone())]);
        answer(&ty, results, Val::List(variables(&store).map(pair).collect()))
    })
}

fn variables<'a>(store: &'a StoreContextMut<'_, State>) -> impl Iterator<Item = &'a (String, String)> {
    // If a name is granted twice, the last value counts.
    let all = &store.data().variables.env;
    all.iter()
        .enumerate()
        .filter(|(at, (name, _))| !all[at + 1..].iter().any(|(later, _)| later == name))
        .map(|(_, one)| one)
}

/// Returns the value itself, or as the good case of a result. These functions return no errors.
fn answer(ty: &ComponentFunc, results: &mut [Val], value: Val) -> wasmtime::Result<()> {
    let [result] = results else { bail!("a value of the configuration is one result") };
    *result = match ty.results().next() {
        Some(Type::Result(_)) => Val::Result(Ok(Some(Box::new(value)))),
        _ => value,
    };
    Ok(())
}
