//! The function that is imitated.

use std::time::Duration;

/// The configuration of a Lambda function, without its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its handler (`_HANDLER`). For custom runtimes, `bootstrap` is customary.
    pub handler: String,
    /// Its memory in MB. The function can read the value, but it is not enforced.
    pub memory_mb: u32,
    /// The time limit of an invocation.
    pub timeout: Duration,
    /// The time limit of the start, which ends with the first request for an event.
    pub init_timeout: Duration,
    /// The AWS region that it sees.
    pub region: String,
}

impl Default for Function {
    /// A function with AWS' defaults: 128 MB, 3 seconds, 10 seconds to start.
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
    /// The version of an unpublished function.
    pub const VERSION: &'static str = "$LATEST";

    /// The ARN of the function. The account number is the one of AWS' examples.
    pub fn arn(&self) -> String {
        format!("arn:aws:lambda:{}:123456789012:function:{}", self.region, self.name)
    }
}
