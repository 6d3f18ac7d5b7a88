//! JSON of events and replies: reads values of any type, and writes documents within a size limit.

mod place;
mod read;
mod write;

pub(crate) use place::{InvalidMember, MemberPath, quoted};
pub(crate) use read::{Key, Map, Member, OneOrMany, Shape, Text, document};
pub(crate) use write::JsonWriter;
