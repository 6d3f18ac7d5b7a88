//! Adds the lines of a handler's source to the log of `serve` and `invoke`.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use funcserver_engine::source_map::SourceMap;
use funcserver_function::log::Symbolizer;

use crate::component::Component;

/// How long a request waits for one line. After the first timeout, later requests do not wait.
const TIME: Duration = Duration::from_millis(500);

/// Finds lines in the component that was compiled. Its debug information is read on first use.
pub(crate) struct SourceLines {
    wasm: Vec<u8>,
    map: OnceLock<Option<SourceMap>>,
    gave_up: AtomicBool,
}

impl SourceLines {
    /// `None` if the component is compiled already, or is changed before it is compiled.
    pub(crate) fn of(component: &Component) -> Option<Box<dyn Symbolizer>> {
        let wasm = component.compiled_as_it_is()?.to_vec();
        Some(Box::new(SourceLines { wasm, map: OnceLock::new(), gave_up: AtomicBool::new(false) }))
    }
}

impl Symbolizer for SourceLines {
    fn at(&self, offset: u64) -> Option<String> {
        if self.gave_up.load(Ordering::Relaxed) {
            return None;
        }
        let map = self.map.get_or_init(|| SourceMap::new(self.wasm.clone()).ok()).as_ref()?;
        let place = map.at(offset, TIME)?;
        self.gave_up.fetch_or(place.gave_up, Ordering::Relaxed);
        // The log already has the name of the outermost function: return its line, unless functions were inlined there.
        let [function] = place.functions.as_slice() else {
            return Some(place.functions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", inlined into "));
        };
        function.place()
    }
}
