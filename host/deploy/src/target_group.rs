//! The target group of a load balancer, and the function in it.

use aws_sdk_elasticloadbalancingv2::types::{TargetDescription, TargetTypeEnum};

use crate::error::{Naming as _, there};
use crate::{Account, DeployError};

/// What a target group sends requests to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Targets {
    /// The ARN of the function, of a version or of an alias.
    pub(crate) function: Option<String>,
}

/// What there is.
///
/// # Errors
/// It does not exist, or it is of another type.
pub(crate) async fn find(account: &Account, arn: &str) -> Result<Targets, DeployError> {
    let groups = account.balancers.describe_target_groups().target_group_arns(arn).send().await;
    let groups = there(groups.named("DescribeTargetGroups", arn))?;
    let group = groups.as_ref().and_then(|groups| groups.target_groups().first());
    let Some(group) = group else {
        return Err(DeployError::Refused(format!(
            "there is no target group {arn} in {account}: aws elbv2 describe-target-groups lists those that there are"
        )));
    };
    match group.target_type() {
        Some(TargetTypeEnum::Lambda) => {}
        other => {
            return Err(DeployError::Refused(format!(
                "the target group {arn} is of the type {}, and a function needs one of the type lambda, which cannot be \
                 changed: make one with aws elbv2 create-target-group --name NAME --target-type lambda",
                other.map_or("unknown", TargetTypeEnum::as_str)
            )));
        }
    }
    let health = account.balancers.describe_target_health().target_group_arn(arn).send().await;
    let health = health.named("DescribeTargetHealth", arn)?;
    let target = health.target_health_descriptions().iter().find_map(|target| target.target()?.id());
    Ok(Targets { function: target.map(str::to_owned) })
}

fn target(id: &str) -> TargetDescription {
    TargetDescription::builder().id(id).build()
}

/// Sends requests to a function from now on.
pub(crate) async fn register(account: &Account, group: &str, function: &str) -> Result<(), DeployError> {
    let registered = account.balancers.register_targets().target_group_arn(group).targets(target(function));
    registered.send().await.named("RegisterTargets", group)?;
    Ok(())
}

/// Sends no more requests to it.
pub(crate) async fn deregister(account: &Account, group: &str, function: &str) -> Result<(), DeployError> {
    let deregistered = account.balancers.deregister_targets().target_group_arn(group).targets(target(function));
    deregistered.send().await.named("DeregisterTargets", group)?;
    Ok(())
}
