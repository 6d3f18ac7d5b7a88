//! `wasi:config/store` in the versions of all its drafts, which have the same functions.

use wasmtime::component::{Linker, LinkerInstance, Val};
use wasmtime::{StoreContextMut, bail};
use wasmtime_wasi_config::WasiConfig;

use super::{Interface, LinkedBy, Offer, Versions};
use crate::state::State;

/// All versions of the interface with these functions. A draft is compatible with no other version, so each is linked
/// separately.
pub(super) const INTERFACES: &[Interface] = &[
    Interface {
        name: "wasi:config/runtime",
        offers: &[Offer { versions: Versions::Draft("0.2.0-draft"), link: UNTYPED }],
    },
    Interface {
        name: "wasi:config/store",
        offers: &[
            Offer { versions: Versions::Draft("0.2.0-rc.1"), link: LinkedBy::Once(typed) },
            Offer { versions: Versions::Draft("0.2.0-draft"), link: UNTYPED },
        ],
    },
];

const UNTYPED: LinkedBy = LinkedBy::Each(|store, _, _| functions(store));

/// Links the version of wasmtime's crate.
fn typed(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_config::add_to_linker(linker, |state: &mut State| WasiConfig::from(&state.common.config))
}

/// Links a draft without static types, because drafts name the type of an error differently. These functions return no
/// errors.
fn functions(linker: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    linker.func_new("get", |store, _, parameters, results| {
        let [Val::String(key)] = parameters else { bail!("`get` takes one key") };
        let value = variables(&store).find(|(name, _)| name == key);
        answer(results, Val::Option(value.map(|(_, value)| Box::new(Val::String(value.clone())))))
    })?;
    linker.func_new("get-all", |store, _, _, results| {
        let pair =
            |(name, value): &(String, String)| Val::Tuple(vec![Val::String(name.clone()), Val::String(value.clone())]);
        answer(results, Val::List(variables(&store).map(pair).collect()))
    })
}

fn variables<'a>(store: &'a StoreContextMut<'_, State>) -> impl Iterator<Item = &'a (String, String)> {
    // If a name is granted twice, the last value counts.
    let all = &store.data().common.grants.env;
    all.iter()
        .enumerate()
        .filter(|(at, (name, _))| !all[at + 1..].iter().any(|(later, _)| later == name))
        .map(|(_, one)| one)
}

fn answer(results: &mut [Val], value: Val) -> wasmtime::Result<()> {
    let [result] = results else { bail!("a value of the configuration is one result") };
    *result = Val::Result(Ok(Some(Box::new(value))));
    Ok(())
}
