#![forbid(unsafe_code)]
//! From a zip to a URL, and back: a Lambda function with its role, log group, versions, alias, URL and target, in the
//! user's own account.
//!
//! [`Account::open`] finds the credentials as the AWS CLI does. [`Deployment::plan`] compares what is there with what is
//! [`Wanted`], and gives the [`Change`]s between them; nothing is changed before [`Deployment::run`]. A plan is made of
//! what is there, not of what was done before: a deployment that ended half-way, for whatever reason, is completed by the
//! next one. So each change is one call, or what a part of its calls leaves is seen by the next plan.
//!
//! ```no_run
//! # async fn example(wanted: funcserver_deploy::Wanted) -> Result<(), funcserver_deploy::DeployError> {
//! use funcserver_deploy::{Account, Deployment};
//!
//! let account = Account::open(Some("eu-west-1"), None).await?;
//! let mut deployment = Deployment::plan(&account, &wanted).await?;
//! for change in deployment.changes() {
//!     println!("{change}");
//!     deployment.run(&change).await?;
//! }
//! println!("{:?}", deployment.deployed().url);
//! # Ok(())
//! # }
//! ```
//!
//! A function that this crate has not made is left alone, unless [`Wanted::adopt`] is set: it has the tag [`TAG`].
//!
//! Sources: the API references of Lambda, IAM, CloudWatch Logs, S3 and Elastic Load Balancing.

mod account;
mod alias;
mod change;
mod delete;
mod deployment;
mod error;
mod function;
mod log_group;
mod log_lines;
mod permission;
mod probe;
mod role;
mod rollback;
mod target_group;
mod upload;
mod url;
mod version;
mod wanted;

pub use account::Account;
pub use change::Change;
pub use delete::{Deletion, Leftover};
pub use deployment::{Deployed, Deployment};
pub use error::DeployError;
pub use log_lines::{LogLine, LogLines};
pub use rollback::{Rollback, RolledBack};
pub use wanted::{Secret, Wanted};

/// The tag of the functions that this crate has made.
pub const TAG: &str = "funcserver";
