//! `[deploy]`: where the function is in AWS, and what it has there. Only the tool reads it.

use std::collections::BTreeMap;
use std::time::Duration;

use funcserver_engine::Arch;

/// `[deploy]`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeployConfig {
    /// The function's name, if it is not the folder's.
    pub name: Option<String>,
    /// Its region, if it is not the usual one.
    pub region: Option<String>,
    /// The profile of the credentials.
    pub profile: Option<String>,
    /// The ARN of its role, if it has one already.
    pub role: Option<String>,
    /// Its memory in MB.
    pub memory: Option<usize>,
    /// Its timeout.
    pub timeout: Option<Duration>,
    /// Its environment variables.
    pub env: BTreeMap<String, String>,
    /// Its architecture.
    pub arch: Option<Arch>,
    /// Whether it has a URL.
    pub url: bool,
    /// The ARN of the target group that sends requests to it.
    pub target_group: Option<String>,
    /// The alias that front ends invoke.
    pub alias: Option<String>,
    /// The bucket for a large zip.
    pub bucket: Option<String>,
}
