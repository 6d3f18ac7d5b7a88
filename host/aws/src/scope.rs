//! What a signature is valid for.

/// The service and the region that a signature is valid for: the credential scope without its date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialScope {
    /// The service's name in signatures: `dynamodb`, `s3`, `secretsmanager`.
    pub service: String,
    /// The region: `eu-west-1`.
    pub region: String,
}

impl CredentialScope {
    /// Whether signatures are by S3's rules: the path is as it is sent, and the payload is in a header.
    pub(crate) fn is_s3(&self) -> bool {
        matches!(self.service.as_str(), "s3" | "s3-object-lambda" | "s3-outposts")
    }
}
