//! Only for tests: an import that blocks its thread, as a slow host call might. `funcserver:test/block` has one
//! function, `block: func(milliseconds: u64)`. Releases are built without the feature `test-block`, and have no such
//! import.

use std::thread;
use std::time::Duration;

use wasmtime::component::Linker;

use super::{Interface, LinkedBy, Offer, Versions};
use crate::state::State;

const NAME: &str = "funcserver:test/block";

pub(super) const INTERFACES: &[Interface] =
    &[Interface { name: NAME, offers: &[Offer { versions: Versions::None, link: LinkedBy::Once(add) }] }];

fn add(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance(NAME)?.func_wrap("block", |_, (milliseconds,): (u64,)| {
        thread::sleep(Duration::from_millis(milliseconds));
        Ok(())
    })
}
