//! A zip that is too large for a direct upload, in a bucket.

use aws_sdk_s3::primitives::ByteStream;

use crate::error::{Naming as _, there};
use crate::{Account, DeployError, Wanted};

/// The largest zip that Lambda's API takes directly (Lambda developer guide, "Lambda quotas").
const DIRECT: usize = 50 << 20;

/// The largest that one request puts into a bucket is 5 GB, and Lambda takes 250 MB unzipped.
pub(crate) fn is_needed(wanted: &Wanted) -> Result<Option<&str>, DeployError> {
    if wanted.zip.len() <= DIRECT {
        return Ok(None);
    }
    let megabytes = wanted.zip.len() >> 20;
    wanted.bucket.as_deref().map(Some).ok_or_else(|| {
        DeployError::Refused(format!(
            "the zip has {megabytes} MB, and Lambda takes at most 50 MB directly: name a bucket in the function's region, \
             as in --bucket my-bucket, or set deploy.bucket"
        ))
    })
}

/// Whether it is there already.
pub(crate) async fn find(account: &Account, bucket: &str, key: &str) -> Result<bool, DeployError> {
    let head = account.s3.head_object().bucket(bucket).key(key).send().await;
    Ok(there(head.named("HeadObject", &format!("s3://{bucket}/{key}")))?.is_some())
}

/// Puts it there.
pub(crate) async fn put(account: &Account, bucket: &str, wanted: &Wanted) -> Result<(), DeployError> {
    let key = wanted.key();
    let put = account.s3.put_object().bucket(bucket).key(&key).body(ByteStream::from(wanted.zip.clone()));
    put.send().await.named("PutObject", &format!("s3://{bucket}/{key}"))?;
    Ok(())
}
