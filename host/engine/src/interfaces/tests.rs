use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::*;
use crate::config::{self, Abi, Calls, Compiler};
use crate::{HandlerVersion, MissingImports, compile, link};

const HANDLERS: &str = include_str!("../../../../docs/handlers.md");

/// Examples of the versions of an offer, as in the name of an import.
pub(crate) fn samples(versions: Versions) -> Vec<String> {
    match versions {
        Versions::Minor(minor) => {
            // The linked versions show whether the replaced functions have the same version.
            let linked = [shadow::P2, shadow::P3].map(ToOwned::to_owned);
            let linked = linked.into_iter().filter(|linked| ImportName::of(&format!("@{linked}")).is_release_of(minor));
            let all = [format!("0.{minor}.0"), format!("0.{minor}.99")].into_iter().chain(linked);
            all.map(|version| format!("@{version}")).collect()
        }
        Versions::Draft(draft) => vec![format!("@{draft}")],
        Versions::AllOf(minor) => ["0-draft", "0-rc.2", "0", "9-draft"].map(|rest| format!("@0.{minor}.{rest}")).into(),
        Versions::None => vec![String::new()],
    }
}

/// A handler without an answer that imports an instance of this name.
fn importer(import: &str) -> Vec<u8> {
    let component = format!(
        r#"(component
            (import "{import}" (instance))
            (import "wasi:http/types@0.2.1" (instance $types
                (export "incoming-request" (type (sub resource)))
                (export "response-outparam" (type (sub resource)))))
            (alias export $types "incoming-request" (type $request))
            (alias export $types "response-outparam" (type $outparam))
            (core module $handler (func (export "handle") (param i32 i32)))
            (core instance $handler (instantiate $handler))
            (func $handle (param "request" (own $request)) (param "response-out" (own $outparam))
                (canon lift (core func $handler "handle")))
            (component $incoming
                (import "request" (type $r (sub resource)))
                (import "outparam" (type $o (sub resource)))
                (import "handle" (func $f (param "request" (own $r)) (param "response-out" (own $o))))
                (export "handle" (func $f)))
            (instance $incoming (instantiate $incoming
                (with "request" (type $request)) (with "outparam" (type $outparam)) (with "handle" (func $handle))))
            (export "wasi:http/incoming-handler@0.2.1" (instance $incoming)))"#
    );
    wat::parse_str(component).unwrap()
}

/// The engine for all of these components.
static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    config::on_demand_engine(Abi { calls: Calls::Concurrent, compiler: Compiler::Cranelift }).unwrap()
});

/// The error for an import of this name, if it cannot run.
fn load(import: &str) -> Result<(), String> {
    let wasm = importer(import);
    let version = compile::world(&wasm).unwrap().handler().map_err(|misfit| misfit.to_string())?;
    assert_eq!(version, HandlerVersion::P2);
    let component = Component::new(&ENGINE, wasm).unwrap();
    let linked = link::linker(&ENGINE, &component, true, MissingImports::Refuse)
        .and_then(|linker| linker.instantiate_pre(&component));
    linked.and_then(ProxyPre::new).map(drop).map_err(|error| format!("{error:#}"))
}

/// `link.rs` has everything that each row needs.
#[test]
fn every_row_loads_in_every_version() {
    for interface in all() {
        for version in interface.offers.iter().flat_map(|offer| samples(offer.versions)) {
            let import = format!("{}{version}", interface.name);
            assert_eq!(load(&import), Ok(()), "{import}");
        }
    }
}

#[test]
fn no_row_is_repeated() {
    let names: BTreeSet<_> = all().map(|interface| interface.name).collect();
    assert_eq!(names.len(), all().count());
    for interface in all() {
        for version in interface.offers.iter().flat_map(|offer| samples(offer.versions)) {
            let name = format!("{}{version}", interface.name);
            let includes = |offer: &&Offer| offer.versions.include(&ImportName::of(&name));
            // The first one counts.
            let all = interface.offers.iter().filter(includes).count();
            let others = interface.offers.iter().skip(1).filter(includes).count();
            assert!(all == 1 || others == 1 && all == 2, "{name}");
        }
    }
}

#[test]
fn an_unknown_import_is_rejected_with_a_suggestion() {
    for (import, expected) in [
        ("wasi:http/type@0.2.3", "does not have (did you mean `wasi:http/types`?)"),
        ("funcserver:lambda/contexts@0.1.0", "does not have (did you mean `funcserver:lambda/context`?)"),
        ("acme:store/kv@1.0.0", "it imports `acme:store/kv@1.0.0`, which this host does not have"),
        ("wasi:io/poll@0.3.0", "but this host has 0.2 of it"),
        ("wasi:http/types", "but this host has 0.2 and 0.3 of it"),
        ("wasi:http/types@0.3.0-rc-2026-01-01", "a release candidate, which this host does not support"),
        ("wasi:config/store@0.3.0", "but this host has 0.2 of it"),
    ] {
        let refusal = load(import).unwrap_err();
        let refusal = refusal.trim_end_matches("; if it does not call them, set component.missing-imports = \"trap\"");
        assert!(refusal.ends_with(expected), "{import}: {refusal}");
    }
}

/// The versions of an offer as the page writes them.
fn shown(versions: Versions) -> String {
    match versions {
        Versions::Minor(minor) => format!("0.{minor}"),
        Versions::Draft(draft) => format!("draft {draft}"),
        Versions::AllOf(minor) => format!("0.{minor} with its drafts"),
        Versions::None => "none".to_owned(),
    }
}

/// The rows of the page's table: an interface or a package, and its versions.
fn documented() -> Vec<(&'static str, BTreeSet<String>)> {
    let rows = HANDLERS.lines().skip_while(|line| !line.starts_with("| import | versions |")).skip(2);
    let rows = rows.map_while(|row| row.strip_prefix('|')).map(|row| row.split('|').map(str::trim));
    rows.map(|mut cells| {
        let name = cells.next().unwrap().trim_matches('`');
        (name, cells.next().unwrap().split(", ").map(ToOwned::to_owned).collect())
    })
    .collect()
}

/// A row of the page describes the interface of that name, or all interfaces of the package that have no row of their
/// own.
#[test]
fn the_page_of_handlers_has_every_interface_with_its_versions() {
    let documented = documented();
    let names: BTreeSet<_> = documented.iter().map(|(name, _)| *name).collect();
    let mut offered = BTreeMap::<&str, BTreeSet<String>>::new();
    // Interfaces for tests are not documented.
    for interface in all().filter(|interface| !interface.name.starts_with("funcserver:test/")) {
        let package = interface.name.split('/').next().unwrap();
        let row = if names.contains(interface.name) { interface.name } else { package };
        // All versions include the drafts.
        let all = interface.offers.iter().any(|offer| matches!(offer.versions, Versions::AllOf(_)));
        let offers = interface.offers.iter().filter(|offer| !all || matches!(offer.versions, Versions::AllOf(_)));
        offered.entry(row).or_default().extend(offers.map(|offer| shown(offer.versions)));
    }
    assert_eq!(documented.len(), names.len(), "a row is repeated");
    assert_eq!(documented.into_iter().collect::<BTreeMap<_, _>>(), offered);
}
