//! `inspect --at`: maps the offsets of a crash to functions and lines of the source.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use funcserver_engine::FileKind;
use funcserver_engine::source_map::{SourceFunction, SourceLocation, SourceMap};
use serde::Serialize;

use super::show;
use crate::component::Component;
use crate::output;

/// The time limit for one offset. Well-formed debug information takes some milliseconds.
const TIME: Duration = Duration::from_secs(5);

/// The location of an offset, as `--json` prints it.
#[derive(Serialize)]
struct Found {
    /// The offset, as the log writes it.
    offset: String,
    /// The functions that contain the offset, the innermost first; none if it is not in code.
    functions: Vec<Function>,
}

#[derive(Serialize)]
struct Function {
    name: Option<String>,
    file: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
}

pub(super) fn run(component: &Component, offsets: &[u64], json: bool) -> Result<ExitCode> {
    let origin = &component.origin;
    if let FileKind::Precompiled(_) = FileKind::of(&component.bytes) {
        bail!("{origin} is compiled, and has no debug information; name the .wasm that it was made from");
    }
    let map = SourceMap::new(component.initialized()?.into_owned()).map_err(|error| anyhow!("{origin}: {error}"))?;
    let places: Vec<_> = offsets.iter().map(|offset| (*offset, map.at(*offset, TIME))).collect();
    if json {
        output::json(&places.iter().map(Found::of).collect::<Vec<_>>())?;
    } else {
        for (offset, place) in &places {
            output::line(text(*offset, place.as_ref()))?;
        }
    }
    if places.iter().any(|(_, place)| place.as_ref().is_some_and(|place| place.gave_up)) {
        output::warn(format_args!("the debug information of {origin} takes too long to read"));
    }
    if places.iter().any(|(_, place)| place.is_none()) {
        bail!(
            "not all of these offsets are code of {origin}; use the same file, and the same version of funcserver, as for the \
             component that crashed"
        );
    }
    Ok(ExitCode::SUCCESS)
}

impl Found {
    fn of((offset, place): &(u64, Option<SourceLocation>)) -> Found {
        let functions = place.iter().flat_map(|place| &place.functions).map(Function::of).collect();
        Found { offset: format!("{offset:#x}"), functions }
    }
}

impl Function {
    fn of(function: &SourceFunction) -> Function {
        let SourceFunction { name, file, line, column } = function;
        Function { name: name.as_deref().map(show), file: file.as_deref().map(show), line: *line, column: *column }
    }
}

/// The innermost function on the line of the offset; below it, each function into which the one above was inlined.
fn text(offset: u64, place: Option<&SourceLocation>) -> String {
    let Some(place) = place else { return format!("{offset:#x} is not code") };
    let functions = place.functions.iter().map(|function| show(&function.to_string()));
    format!("{offset:#x} {}", functions.collect::<Vec<_>>().join("\n  inlined into "))
}
