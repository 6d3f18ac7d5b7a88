//! The URL of the alias.

use aws_sdk_lambda::types::{FunctionUrlAuthType, InvokeMode};

use crate::alias::subject;
use crate::error::{Naming as _, there};
use crate::{Account, DeployError};

/// A URL that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) address: String,
    pub(crate) streams: bool,
    /// Whether everyone may call it. Else callers must sign, which somebody has set.
    pub(crate) public: bool,
}

fn mode(streams: bool) -> InvokeMode {
    if streams { InvokeMode::ResponseStream } else { InvokeMode::Buffered }
}

/// What there is.
pub(crate) async fn find(account: &Account, function: &str, alias: &str) -> Result<Option<Url>, DeployError> {
    let url = account.lambda.get_function_url_config().function_name(function).qualifier(alias).send().await;
    let url = there(url.named("GetFunctionUrlConfig", &subject(function, alias)))?;
    Ok(url.map(|url| Url {
        streams: url.invoke_mode() == Some(&InvokeMode::ResponseStream),
        public: *url.auth_type() == FunctionUrlAuthType::None,
        address: url.function_url,
    }))
}

/// Makes it, for everyone.
pub(crate) async fn create(
    account: &Account,
    function: &str,
    alias: &str,
    streams: bool,
) -> Result<String, DeployError> {
    let create = account.lambda.create_function_url_config().function_name(function).qualifier(alias);
    let create = create.auth_type(FunctionUrlAuthType::None).invoke_mode(mode(streams));
    let created = create.send().await.named("CreateFunctionUrlConfig", &subject(function, alias))?;
    Ok(created.function_url)
}

/// Sets whether it streams.
pub(crate) async fn update(account: &Account, function: &str, alias: &str, streams: bool) -> Result<(), DeployError> {
    let update = account.lambda.update_function_url_config().function_name(function).qualifier(alias);
    update.invoke_mode(mode(streams)).send().await.named("UpdateFunctionUrlConfig", &subject(function, alias))?;
    Ok(())
}

/// Deletes it.
pub(crate) async fn delete(account: &Account, function: &str, alias: &str) -> Result<(), DeployError> {
    let deleted = account.lambda.delete_function_url_config().function_name(function).qualifier(alias).send().await;
    there(deleted.named("DeleteFunctionUrlConfig", &subject(function, alias)))?;
    Ok(())
}
