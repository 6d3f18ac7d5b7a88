//! The ways in which a guest can fail.

use std::fmt;

/// The reason why a guest gave no answer that can be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The guest trapped, for example by a panic.
    #[error("crashed: {0}")]
    Trap(Crash),
    /// The guest exhausted its stack.
    #[error("crashed: it exhausted its stack")]
    Stack(Crash),
    /// The guest exited with a code before its answer was complete.
    #[error("exited with code {0} before its answer was complete")]
    Exit(i32),
    /// The guest ended after it was denied more memory.
    #[error("needs more than its limit of {limit} bytes of memory (limits.memory): {trap}")]
    Memory {
        /// The limit, in bytes.
        limit: usize,
        /// How the guest ended.
        trap: Crash,
    },
    /// The whole process has used nearly all of the function's memory, and among the running guests this one made it
    /// grow most.
    #[error(
        "the process keeps more than {bound} bytes of memory, nearly all that the function has, and this handler has \
         made it grow most: give the function more memory, or have the handler keep less"
    )]
    ProcessMemory {
        /// What the process may keep resident, in bytes.
        bound: usize,
    },
    /// The component could not be instantiated.
    #[error("cannot be instantiated: {0}")]
    Instantiate(Crash),
    /// The guest returned without an answer.
    #[error("returned without setting a response")]
    NoAnswer,
    /// The guest answered with an error code of `wasi:http/types` instead of a response.
    #[error("answered with the error code {0}")]
    ErrorCode(String),
    /// The guest dropped its body before it was finished.
    #[error("broke off its body after {0} bytes")]
    BodyBroken(u64),
    /// The guest's `content-length` contradicts the body that it wrote.
    #[error("stated content-length {stated}, but its body has {actual} bytes")]
    Length {
        /// What the header says.
        stated: u64,
        /// What was written.
        actual: u64,
    },
    /// The guest's body is longer than a reply may be.
    #[error("its body exceeds {limit} bytes")]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer was not complete when it was due.
    #[error("did not answer in time")]
    Deadline,
}

/// The reason why a guest's code ended, and its place. `Display` shows only the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Crash {
    /// The reason as WebAssembly or the host states it, such as "wasm `unreachable` instruction executed": at most
    /// [`Crash::LONGEST`] bytes. The message of a panic is on standard error.
    pub reason: String,
    /// The guest's functions on the stack, the innermost first: at most twenty.
    pub frames: Vec<Frame>,
}

/// A function on the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its name as in the source, at most 300 bytes, or its number if it has no name.
    pub function: String,
    /// The position in its code: an offset in the component as it was compiled, which `funcserver inspect --at` reads.
    pub offset: Option<u64>,
}

impl Crash {
    /// The longest reason, in bytes.
    pub const LONGEST: usize = 1000;
}

/// A crash without a known place.
impl From<String> for Crash {
    fn from(mut reason: String) -> Self {
        reason.truncate(reason.floor_char_boundary(Self::LONGEST));
        Self { reason, frames: Vec::new() }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// `0x1b3f router::handle`.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(offset) = self.offset {
            write!(f, "{offset:#x} ")?;
        }
        f.write_str(&self.function)
    }
}

impl Fault {
    /// The guest's functions that were on the stack when its code ended, the innermost first.
    #[must_use]
    pub fn frames(&self) -> &[Frame] {
        match self {
            Self::Trap(crash) | Self::Stack(crash) | Self::Memory { trap: crash, .. } | Self::Instantiate(crash) => {
                &crash.frames
            }
            Self::Exit(_)
            | Self::ProcessMemory { .. }
            | Self::NoAnswer
            | Self::ErrorCode(_)
            | Self::BodyBroken(_)
            | Self::Length { .. }
            | Self::BodyTooLarge { .. }
            | Self::Deadline => &[],
        }
    }
}
