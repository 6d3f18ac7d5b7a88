//! The alias that front ends invoke: a name that leads to one version.

use crate::error::{Naming as _, there};
use crate::{Account, DeployError};

/// The version to which it leads, if it exists.
pub(crate) async fn find(account: &Account, function: &str, alias: &str) -> Result<Option<String>, DeployError> {
    let found = account.lambda.get_alias().function_name(function).name(alias).send().await;
    Ok(there(found.named("GetAlias", &subject(function, alias)))?.and_then(|alias| alias.function_version))
}

/// Creates it.
pub(crate) async fn create(account: &Account, function: &str, alias: &str, version: &str) -> Result<(), DeployError> {
    let created = account.lambda.create_alias().function_name(function).name(alias).function_version(version);
    created.send().await.named("CreateAlias", &subject(function, alias))?;
    Ok(())
}

/// Lets it lead to another version.
pub(crate) async fn update(account: &Account, function: &str, alias: &str, version: &str) -> Result<(), DeployError> {
    let updated = account.lambda.update_alias().function_name(function).name(alias).function_version(version);
    updated.send().await.named("UpdateAlias", &subject(function, alias))?;
    Ok(())
}

/// As Lambda writes both.
pub(crate) fn subject(function: &str, alias: &str) -> String {
    format!("{function}:{alias}")
}
