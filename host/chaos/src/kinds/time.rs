//! Handlers that are still running at their deadline.

use super::deadline;
use crate::case::Kind;
use crate::event::act;

pub(super) fn all() -> Vec<Kind> {
    let late = |name, what: &'static str| Kind::attack(name, move |_, _| act(what, deadline())).within(600);
    vec![
        late("spin", "spin"),
        late("sleep", "sleep:60000"),
        late("calls", "call"),
        late("block in 0.2", "block:60000").p3(),
        late("fill", "fill:24").p2(),
        late("copy", "copy:24").p2(),
        late("poll", "poll:5000").p2(),
        late("random numbers", "draw").p2(),
    ]
}
