//! What can go wrong with a guest.

/// Why a guest gave no answer that can be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The guest trapped, for example by a panic. The text is wasmtime's, with the guest's backtrace.
    #[error("the guest trapped: {0}")]
    Trap(String),
    /// The guest exhausted its stack.
    #[error("the guest exhausted its stack: {0}")]
    Stack(String),
    /// The guest ended itself with that exit code before its answer was complete.
    #[error("the guest exited with code {0} before its answer was complete")]
    Exit(i32),
    /// The guest ended after it was refused memory.
    #[error("the guest needs more than its limit of {limit} bytes of memory (limits.memory): {trap}")]
    Memory {
        /// The limit, in bytes.
        limit: usize,
        /// How the guest ended.
        trap: String,
    },
    /// The whole process has used nearly all of the function's memory, and of the guests at work this one made it grow most.
    #[error(
        "the process keeps more than {bound} bytes of memory, nearly all that the function has, and this handler has made \
         it grow most: give the function more memory, or have the handler keep less"
    )]
    ProcessMemory {
        /// What the process may keep resident, in bytes.
        bound: usize,
    },
    /// The component could not be instantiated.
    #[error("the component cannot be instantiated: {0}")]
    Instantiate(String),
    /// The guest returned without an answer.
    #[error("the guest returned without setting a response")]
    NoAnswer,
    /// The guest answered with an error code of `wasi:http/types` in place of a response.
    #[error("the guest answered with the error code {0}")]
    ErrorCode(String),
    /// The guest dropped its body before it was finished.
    #[error("the guest broke off its body after {0} bytes")]
    BodyBroken(u64),
    /// The guest's `content-length` contradicts the body that it wrote.
    #[error("the guest stated content-length {stated}, but its body has {actual} bytes")]
    Length {
        /// What the header says.
        stated: u64,
        /// What was written.
        actual: u64,
    },
    /// The guest's body is longer than any reply may be.
    #[error("the guest's body exceeds {limit} bytes")]
    BodyTooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer was not complete when it was due.
    #[error("the guest did not answer in time")]
    Deadline,
}
