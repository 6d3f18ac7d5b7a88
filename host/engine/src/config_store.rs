//! `wasi:config/store` under the names of all its drafts, which differ in nothing else.

use wasmtime::component::{Linker, LinkerInstance, Val};
use wasmtime::{StoreContextMut, bail};
use wasmtime_wasi_config::WasiConfig;

use crate::state::State;

/// Every name that the interface has had with these functions, as a component imports it. A draft has no line of compatible
/// versions: each name is linked by itself.
pub(crate) const NAMES: &[&str] =
    &["wasi:config/store@0.2.0-rc.1", "wasi:config/store@0.2.0-draft", "wasi:config/runtime@0.2.0-draft"];

/// The one that wasmtime's crate links.
const TYPED: &str = NAMES[0];

/// Links it under the names that the component imports.
pub(crate) fn add_to_linker(linker: &mut Linker<State>, imports: &[String]) -> wasmtime::Result<()> {
    for &name in NAMES.iter().filter(|name| imports.iter().any(|import| import == *name)) {
        match name {
            TYPED => {
                wasmtime_wasi_config::add_to_linker(linker, |state: &mut State| WasiConfig::from(&state.common.config))?
            }
            name => functions(&mut linker.instance(name)?)?,
        }
    }
    Ok(())
}

/// Untyped, as drafts call the type of an error by several names. There are no errors here.
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
    // Of a name that is granted twice the last value counts.
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
