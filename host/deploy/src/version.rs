//! The published versions of a function, which stay as they are.

use crate::error::Naming as _;
use crate::function::{DeployedFunction, ready};
use crate::{Account, DeployError};

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) number: u64,
    pub(crate) function: DeployedFunction,
}

/// All published versions, the newest first.
pub(crate) async fn list(account: &Account, name: &str) -> Result<Vec<Version>, DeployError> {
    let mut pages = account.lambda.list_versions_by_function().function_name(name).into_paginator().send();
    let mut versions = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.named("ListVersionsByFunction", name)?;
        // Without `$LATEST`.
        versions.extend(
            page.versions()
                .iter()
                .filter_map(|found| Some(Version { number: found.version()?.parse().ok()?, function: found.into() })),
        );
    }
    versions.sort_by_key(|version| std::cmp::Reverse(version.number));
    Ok(versions)
}

/// The newest version that is as `function`, at best the one to which the alias leads.
pub(crate) fn matching(versions: &[Version], function: &DeployedFunction, alias: Option<&str>) -> Option<u64> {
    let mut matching = versions.iter().filter(|version| version.function == *function).map(|version| version.number);
    let newest = matching.clone().next()?;
    Some(matching.find(|number| alias == Some(number.to_string().as_str())).unwrap_or(newest))
}

/// Publishes what the function is now.
pub(crate) async fn publish(account: &Account, name: &str) -> Result<String, DeployError> {
    ready(account, name, None).await?;
    let published = account.lambda.publish_version().function_name(name).send().await.named("PublishVersion", name)?;
    let unnumbered = || DeployError::Refused(format!("Lambda gave the new version of {name} no number"));
    let version = published.version.ok_or_else(unnumbered)?;
    ready(account, name, Some(&version)).await?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_the_alias_comes_before_a_newer_one_of_the_same_kind() {
        let version = |number, code: &str| Version {
            number,
            function: DeployedFunction { code: code.to_owned(), ..DeployedFunction::default() },
        };
        let versions = [version(4, "b"), version(3, "a"), version(2, "b"), version(1, "a")];
        let wanted = DeployedFunction { code: "a".to_owned(), ..DeployedFunction::default() };
        assert_eq!(matching(&versions, &wanted, None), Some(3));
        assert_eq!(matching(&versions, &wanted, Some("1")), Some(1));
        assert_eq!(matching(&versions, &wanted, Some("4")), Some(3));
        assert_eq!(matching(&versions, &DeployedFunction::default(), Some("4")), None);
    }
}
