#![forbid(unsafe_code)]
//! The function's AWS credentials, and signatures of requests with them.
//!
//! [`Provider`] has the credentials, and fetches new ones before they expire. [`sign()`] signs a request by Signature
//! Version 4. [`Intent`] is what the signature of a guest is for, which the host replaces. [`AwsService`] has the origins of
//! a service.
//!
//! No error, and no `Debug` of a type here, contains a key or a token.

#![warn(missing_docs)]

mod clock;
mod container;
mod credentials;
mod intent;
mod provider;
mod refused_credentials;
mod scope;
mod services;
mod sign;

pub use clock::{ClockSkew, timestamp};
pub use container::{Authorization, Container, ContainerError, Token};
pub use credentials::{Credentials, CredentialsSource};
pub use intent::{Intent, IntentError};
pub use provider::{CredentialsError, Provider};
pub use refused_credentials::RefusedCredentials;
pub use scope::CredentialScope;
pub use services::AwsService;
pub use sign::{Payload, SignError, Stated, sign};
