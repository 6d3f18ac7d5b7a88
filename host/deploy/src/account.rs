//! The account in which a function is: its credentials, region and APIs.

use std::fmt;

use aws_config::{BehaviorVersion, Region};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};

use crate::DeployError;
use crate::error::Naming as _;

/// An account and region, with the user's credentials.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account's number.
    pub number: String,
    /// The region.
    pub region: String,
    /// `aws`, or another group of regions such as `aws-cn`.
    pub partition: String,
    pub(crate) lambda: aws_sdk_lambda::Client,
    pub(crate) iam: aws_sdk_iam::Client,
    pub(crate) logs: aws_sdk_cloudwatchlogs::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) balancers: aws_sdk_elasticloadbalancingv2::Client,
}

/// The region, and the account's number.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the account {} in {}", self.number, self.region)
    }
}

impl Account {
    /// Finds the credentials and the region as the AWS CLI does: variables, the files in `~/.aws` with their profiles, SSO
    /// and roles, or the machine's own. Asks AWS who they belong to.
    ///
    /// # Errors
    /// There is no region, there are no credentials, or they are not valid.
    pub async fn open(region: Option<&str>, profile: Option<&str>) -> Result<Account, DeployError> {
        let client =
            aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client);
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let region = config.region().ok_or(DeployError::Region)?.to_string();
        let identity = aws_sdk_sts::Client::new(&config).get_caller_identity().send().await;
        let identity = identity.named("GetCallerIdentity", &format!("the region {region}"))?;
        let partition = identity.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
        // Of a test's server or an access point, whose names are no hosts of buckets.
        let path_style = config.endpoint_url().is_some();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(path_style).build();
        Ok(Account {
            number: identity.account.unwrap_or_default(),
            region,
            partition,
            lambda: aws_sdk_lambda::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            balancers: aws_sdk_elasticloadbalancingv2::Client::new(&config),
        })
    }

    /// The ARN of something of a service in this account and region.
    pub(crate) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.number)
    }
}
