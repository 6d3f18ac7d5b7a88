//! Attacks on the temporary folder. How much fits into it is up to the host. The handler reports how far it came, and
//! no other request is affected.

use super::deadline;
use crate::case::Kind;
use crate::event::act;
use crate::judge::Expected;

/// Any number.
const SOME: Expected = Expected::Like(&[
    ("0", ""),
    ("1", ""),
    ("2", ""),
    ("3", ""),
    ("4", ""),
    ("5", ""),
    ("6", ""),
    ("7", ""),
    ("8", ""),
    ("9", ""),
]);

pub(super) fn all() -> Vec<Kind> {
    let some = |name, what: &'static str| Kind::attack(name, move |_, _| act(what, SOME)).p2();
    vec![
        some("files", "files:5000"),
        some("folders 2,000 deep", "deep:2000"),
        some("open files", "open:2000"),
        some("sparse file", "sparse:64"),
        Kind::attack("files until the deadline", |_, _| act("files-spin:30000", deadline())).p2().within(1_000),
    ]
}
