//! What is to be there after a deployment.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use sha2::{Digest as _, Sha256};

/// The memory and the timeout of a new function for which nothing else is said: MB, and seconds.
pub(crate) const NEW: (i32, i32) = (512, 10);

/// A function, with all that belongs to it.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// The zip with its code.
    pub zip: Vec<u8>,
    /// Its architecture, as Lambda names it: `x86_64` or `arm64`.
    pub arch: String,
    /// The ARN of its role; if there is none, the deployment makes one.
    pub role: Option<String>,
    /// Its memory in MB, if it is set.
    pub memory: Option<i32>,
    /// Its timeout in seconds, if it is set.
    pub timeout: Option<i32>,
    /// Its environment variables; others that it has stay.
    pub env: BTreeMap<String, String>,
    /// What the role of the deployment may read.
    pub secrets: Vec<Secret>,
    /// Whether it has a URL that everyone may call.
    pub url: bool,
    /// Whether its answers are streamed, unless a variable says otherwise.
    pub stream: bool,
    /// The ARN of the target group that sends requests to it.
    pub target_group: Option<String>,
    /// The alias that front ends invoke.
    pub alias: String,
    /// The bucket for a zip that is too large for a direct upload.
    pub bucket: Option<String>,
    /// Whether a function that something else has made may be changed.
    pub adopt: bool,
    /// The event that a new version must answer before the alias moves to it.
    pub event: Vec<u8>,
}

/// A secret of a service, by its name or ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// In AWS Secrets Manager.
    SecretsManager(String),
    /// In Parameter Store.
    ParameterStore(String),
}

impl Wanted {
    /// The SHA-256 of the zip in base64, as Lambda reports it.
    pub(crate) fn hash(&self) -> String {
        BASE64_STANDARD.encode(Sha256::digest(&self.zip))
    }

    /// Where the zip is in the bucket: each content has a place of its own.
    pub(crate) fn key(&self) -> String {
        format!("funcserver/{}/{}.zip", self.name, hex(&Sha256::digest(&self.zip)))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
