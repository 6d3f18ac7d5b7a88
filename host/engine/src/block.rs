//! For tests alone: an import that blocks its thread, as no host call is meant to, and any might. `funcserver:test/block` has
//! one function, `block: func(milliseconds: u64)`. What ships is built without the feature `test-block`, and offers nothing.

pub(crate) use here::{add_to_linker, is_offered};

#[cfg(feature = "test-block")]
mod here {
    use std::thread;
    use std::time::Duration;

    use wasmtime::component::Linker;

    use crate::state::State;

    const INTERFACE: &str = "funcserver:test/block";

    pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        linker.instance(INTERFACE)?.func_wrap("block", |_, (milliseconds,): (u64,)| {
            thread::sleep(Duration::from_millis(milliseconds));
            Ok(())
        })
    }

    pub(crate) fn is_offered(interface: &str) -> bool {
        interface == INTERFACE
    }
}

#[cfg(not(feature = "test-block"))]
mod here {
    use wasmtime::component::Linker;

    use crate::state::State;

    pub(crate) fn add_to_linker(_: &mut Linker<State>) -> wasmtime::Result<()> {
        Ok(())
    }

    pub(crate) fn is_offered(_: &str) -> bool {
        false
    }
}
