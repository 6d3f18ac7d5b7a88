//! One invocation, as the caller describes it.

use std::sync::Arc;
use std::time::Instant;

use crate::network::Notice;

/// What a guest is told about its invocation, and what bounds it.
#[derive(Clone)]
pub struct Call {
    /// The facts that the guest can ask for through `funcserver:lambda/context`.
    pub facts: Facts,
    /// When the answer is due. The instance is dropped at that moment, whatever it does.
    pub deadline: Instant,
    /// Receives what the guest writes to its standard streams, and what becomes of its outgoing requests.
    pub output: Arc<dyn Output>,
}

/// The facts of one invocation: the functions of `funcserver:lambda/context@0.1.0` (`wit/`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Lambda's request id.
    pub request_id: String,
    /// When Lambda ends the invocation, in milliseconds since the Unix epoch.
    pub deadline_ms: u64,
    /// The X-Ray trace header, where there is one.
    pub trace_id: Option<String>,
    /// The ARN by which the function was invoked.
    pub function_arn: String,
    /// The ARN of the load balancer's target group, where the event names one.
    pub target_group_arn: Option<String>,
    /// Whether the target group sends and expects multi-value headers.
    pub multi_value_headers: bool,
    /// The address of the client, without port.
    pub client_address: Option<String>,
}

/// A standard stream of the guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Receives a guest's output, line by line, and what an operator should know of its doings.
pub trait Output: Send + Sync {
    /// One line without its line break. What is no UTF-8 has been replaced; a line that is too long has been cut and
    /// says so. On standard error, lines that belong together (a panic with its notes, a traceback) come as one, with the
    /// line breaks between them.
    fn line(&self, stream: Stream, line: &str);

    /// All lines that one write of the guest has completed. Returns how many bytes of log they take, as far as that is
    /// known: the limit of output counts those where they are more than the guest wrote.
    fn lines(&self, stream: Stream, lines: &mut dyn Iterator<Item = &str>) -> usize {
        lines.for_each(|line| self.line(stream, line));
        0
    }

    /// The same of an instance that answers several requests at once: nobody knows to which of them the line belongs.
    fn line_of_some(&self, stream: Stream, line: &str) {
        self.line(stream, line);
    }

    /// The same of all lines of one write.
    fn lines_of_some(&self, stream: Stream, lines: &mut dyn Iterator<Item = &str>) -> usize {
        lines.for_each(|line| self.line_of_some(stream, line));
        0
    }

    /// An outgoing request was denied or failed. What reads lines only may pass it over.
    fn notice(&self, notice: &Notice) {
        let _ = notice;
    }
}
