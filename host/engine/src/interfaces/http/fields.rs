//! Header fields, which the host stores and therefore counts.
//!
//! These functions replace those of wasmtime, which limit one set of fields but not all of them together, and which
//! trap in 0.2 if a set is full.

use http::HeaderMap;
use wasmtime::component::{LinkerInstance, Resource};
use wasmtime::{StoreContextMut, bail};
use wasmtime_wasi_http::p2::bindings::http::types as p2;
use wasmtime_wasi_http::p3::bindings::http::types as p3;
use wasmtime_wasi_http::{FieldMap, FieldMapError, WasiHttpView};

use crate::content_length;
use crate::state::State;
use crate::weigh;

type Store<'a> = StoreContextMut<'a, State>;
type Fields = Resource<FieldMap>;

/// Replaces wasmtime's functions of 0.2. Their error variant has no case for a full set, so that is reported as
/// forbidden.
pub(super) fn add_0_2(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    add(types, |error| match error {
        FieldMapError::Immutable => p2::HeaderError::Immutable,
        FieldMapError::InvalidHeaderName | FieldMapError::InvalidHeaderValue => p2::HeaderError::InvalidSyntax,
        FieldMapError::TooManyFields | FieldMapError::TotalSizeTooBig | FieldMapError::Forbidden => {
            p2::HeaderError::Forbidden
        }
    })
}

/// Replaces wasmtime's functions of 0.3.
pub(super) fn add_0_3(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    add(types, |error| match error {
        FieldMapError::Immutable => p3::HeaderError::Immutable,
        FieldMapError::InvalidHeaderName | FieldMapError::InvalidHeaderValue => p3::HeaderError::InvalidSyntax,
        FieldMapError::TooManyFields | FieldMapError::TotalSizeTooBig => p3::HeaderError::SizeExceeded,
        FieldMapError::Forbidden => p3::HeaderError::Forbidden,
    })
}

fn add<E>(types: &mut LinkerInstance<'_, State>, error: fn(FieldMapError) -> E) -> wasmtime::Result<()>
where
    Result<Fields, E>: wasmtime::component::Lower + wasmtime::component::ComponentType,
    Result<(), E>: wasmtime::component::Lower + wasmtime::component::ComponentType,
    E: Send + Sync + 'static,
{
    types.func_wrap("[static]fields.from-list", move |mut store: Store<'_>, (list,): (Vec<(String, Vec<u8>)>,)| {
        Ok((from_list(store.data_mut(), list)?.map_err(error),))
    })?;
    types.func_wrap(
        "[method]fields.append",
        move |mut store: Store<'_>, (fields, name, value): (Fields, String, Vec<u8>)| {
            Ok((append(store.data_mut(), &fields, name, value)?.map_err(error),))
        },
    )?;
    types.func_wrap(
        "[method]fields.set",
        move |mut store: Store<'_>, (fields, name, values): (Fields, String, Vec<Vec<u8>>)| {
            Ok((set(store.data_mut(), &fields, name, values)?.map_err(error),))
        },
    )?;
    types.func_wrap("[method]fields.clone", |mut store: Store<'_>, (fields,): (Fields,)| {
        Ok((copy(store.data_mut(), &fields)?,))
    })
}

type Outcome<T> = wasmtime::Result<Result<T, FieldMapError>>;

fn from_list(state: &mut State, list: Vec<(String, Vec<u8>)>) -> Outcome<Fields> {
    if !state.hold(list.iter().map(|(name, value)| weigh::field(name, value)).sum()) {
        return Ok(Err(FieldMapError::TotalSizeTooBig));
    }
    let mut fields = FieldMap::new_mutable(state.common.limits.fields);
    let http = state.http();
    for (name, value) in content_length::once(list) {
        if let Err(error) = fields.append(http.hooks, name, value) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(http.table.push(fields)?))
}

fn append(state: &mut State, fields: &Fields, name: String, value: Vec<u8>) -> Outcome<()> {
    if !state.hold(weigh::field(&name, &value)) {
        return Ok(Err(FieldMapError::TotalSizeTooBig));
    }
    let http = state.http();
    let fields = http.table.get_mut(fields)?;
    if content_length::is_length(&name) && content_length::states(fields, &value) {
        return Ok(Ok(()));
    }
    Ok(fields.append(http.hooks, name, value).map(drop))
}

fn set(state: &mut State, fields: &Fields, name: String, values: Vec<Vec<u8>>) -> Outcome<()> {
    if !state.hold(values.iter().map(|value| weigh::field(&name, value)).sum()) {
        return Ok(Err(FieldMapError::TotalSizeTooBig));
    }
    let values = if content_length::is_length(&name) { content_length::same(values) } else { values };
    let http = state.http();
    let fields = http.table.get_mut(fields)?;
    Ok(fields.set(http.hooks, name, values))
}

/// Copies fields at once. Wasmtime would copy them at the first change, which is not counted.
fn copy(state: &mut State, fields: &Fields) -> wasmtime::Result<Fields> {
    let map = HeaderMap::clone(state.http().table.get(fields)?);
    if !state.hold(weigh::fields(&map)) {
        bail!("the guest makes the host hold too many header fields");
    }
    let limit = state.common.limits.fields;
    let http = state.http();
    let mut fields = FieldMap::new_immutable(http.hooks, map);
    fields.set_mutable(limit);
    Ok(http.table.push(fields)?)
}
