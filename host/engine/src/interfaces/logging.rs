//! `wasi:logging/logging`: messages with a level, which go to the function's log.

use wasmtime::bail;
use wasmtime::component::{LinkerInstance, Val};

use super::context::caller;
use super::{Interface, LinkedBy, Offer, Versions};
use crate::call::LogLevel;
use crate::state::State;

/// The only draft has a version since 2024. Many components were built with the same functions and no version.
pub(super) const INTERFACES: &[Interface] = &[Interface {
    name: "wasi:logging/logging",
    offers: &[
        Offer { versions: Versions::Draft("0.1.0-draft"), link: LinkedBy::Each(|logging, _, _| log(logging)) },
        Offer { versions: Versions::None, link: LinkedBy::Each(|logging, _, _| log(logging)) },
    ],
}];

fn log(logging: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    logging.func_new("log", |mut store, _, parameters, _| {
        let [Val::Enum(level), Val::String(context), Val::String(message)] = parameters else {
            bail!("`log` takes a level, a context and a message")
        };
        let Some(level) = level_of(level) else { bail!("`{level}` is no level of wasi:logging") };
        let call = caller(&mut store)?;
        store.data().log(level, context, message, call);
        Ok(())
    })
}

fn level_of(name: &str) -> Option<LogLevel> {
    Some(match name {
        "trace" => LogLevel::Trace,
        "debug" => LogLevel::Debug,
        "info" => LogLevel::Info,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        "critical" => LogLevel::Critical,
        _ => return None,
    })
}
