//! JSON as events and replies have it: values of any type are read, documents of a known size are written.

mod place;
mod read;
mod write;

pub(crate) use place::{InvalidMember, MemberPath, quoted};
pub(crate) use read::{Key, Map, Member, Shape, Text, document};
pub(crate) use write::JsonWriter;
