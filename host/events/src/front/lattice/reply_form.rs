//! The form of a reply to VPC Lattice.

use crate::front::FrontKind;

/// The form of a reply to VPC Lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LatticeForm {
    /// The event has version 2.0. Otherwise it has version 1.0.
    pub is_version_2: bool,
    /// The method was `HEAD`: the reply carries no body.
    pub head: bool,
}

impl LatticeForm {
    /// The kind of front end.
    pub(crate) fn kind(self) -> FrontKind {
        if self.is_version_2 { FrontKind::Lattice2 } else { FrontKind::Lattice1 }
    }
}
