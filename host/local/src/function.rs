//! The function that is imitated.

use std::time::Duration;

/// What Lambda knows about a function besides its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its handler (`_HANDLER`); on the runtimes without a language customarily `bootstrap`.
    pub handler: String,
    /// Its memory in MB. It is only told to the function, not enforced.
    pub memory_mb: u32,
    /// The time that it has for an event.
    pub timeout: Duration,
    /// The time that it has to start, ended by its first request for an event.
    pub init_timeout: Duration,
    /// The region that it believes to be in.
    pub region: String,
}

impl Default for Function {
    /// A function of AWS' own defaults: 128 MB, 3 seconds, 10 seconds to start.
    fn default() -> Self {
        Self {
            name: "function".into(),
            handler: "bootstrap".into(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            init_timeout: Duration::from_secs(10),
            region: "us-east-1".into(),
        }
    }
}

impl Function {
    /// The version that is not a published one.
    pub const VERSION: &'static str = "$LATEST";

    /// The name that events are sent to; the account is the one of AWS' examples.
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:123456789012:function:{}", self.region, self.name)
    }
}
