//! Back to an older version.

use crate::{Account, DeployError, alias, probe, version};

/// A rollback that is possible.
#[derive(Debug)]
pub struct Rollback<'a> {
    account: &'a Account,
    function: &'a str,
    alias: &'a str,
    rolled_back: RolledBack,
}

/// From which version to which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledBack {
    /// Where the alias led.
    pub from: String,
    /// Where it leads then.
    pub to: String,
}

impl<'a> Rollback<'a> {
    /// Finds the version to go back to: the one that is named, else the newest one before the alias's. Changes nothing.
    ///
    /// # Errors
    /// There is none.
    pub async fn plan(
        account: &'a Account,
        function: &'a str,
        alias: &'a str,
        to: Option<u64>,
    ) -> Result<Rollback<'a>, DeployError> {
        let Some(from) = alias::find(account, function, alias).await? else {
            return Err(DeployError::Refused(format!(
                "there is no function {function} with the alias {alias} in {account}: deploy it first, or name another with \
                 --name, --alias and --region"
            )));
        };
        let versions: Vec<u64> = version::list(account, function).await?.iter().map(|version| version.number).collect();
        let current = from.parse().unwrap_or(u64::MAX);
        let to = target(&versions, current, to).map_err(|problem| {
            let all: Vec<_> = versions.iter().map(u64::to_string).collect();
            DeployError::Refused(format!("{problem} of {function}: there are {}", all.join(", ")))
        })?;
        Ok(Rollback { account, function, alias, rolled_back: RolledBack { from, to: to.to_string() } })
    }

    /// From which version to which.
    #[must_use]
    pub fn rolled_back(&self) -> &RolledBack {
        &self.rolled_back
    }

    /// Asks the version for an answer, and moves the alias.
    ///
    /// # Errors
    /// It does not answer, or AWS refuses it. The alias has not moved.
    pub async fn run(&self, event: &[u8]) -> Result<(), DeployError> {
        probe::ask(self.account, self.function, &self.rolled_back.to, event, false).await?;
        alias::update(self.account, self.function, self.alias, &self.rolled_back.to).await
    }
}

fn target(versions: &[u64], current: u64, wanted: Option<u64>) -> Result<u64, String> {
    match wanted {
        Some(wanted) if wanted == current => Err(format!("the alias leads to version {wanted} already")),
        Some(wanted) if versions.contains(&wanted) => Ok(wanted),
        Some(wanted) => Err(format!("there is no version {wanted}")),
        None => {
            let older = versions.iter().copied().filter(|version| *version < current).max();
            older.ok_or_else(|| format!("there is no version before {current}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_to_the_newest_older_version_or_to_the_named_one() {
        let versions = [5, 4, 2];
        assert_eq!(target(&versions, 5, None), Ok(4));
        assert_eq!(target(&versions, 4, None), Ok(2));
        assert_eq!(target(&versions, 4, Some(5)), Ok(5));
        assert!(target(&versions, 2, None).unwrap_err().contains("no version before 2"));
        assert!(target(&versions, 2, Some(3)).unwrap_err().contains("no version 3"));
        assert!(target(&versions, 2, Some(2)).unwrap_err().contains("already"));
    }
}
