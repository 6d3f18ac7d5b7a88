//! The values of `guest.secrets` on this machine: variables of the environment, or of the project's `.env`. Nothing is
//! fetched from AWS.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use funcserver_function::config::{Env, SecretReference};

use crate::dotenv;
use crate::encoding::without_mark;
use crate::git_ignored::would_be_committed;
use crate::input;
use crate::project::DOTENV;

/// The value of each secret, by the name of its variable. A variable of the environment counts more than one of `.env`,
/// which is read only if git ignores it.
///
/// # Errors
/// All secrets that neither of them has; or `.env` cannot be read, or git does not ignore it.
pub(crate) fn values(secrets: &BTreeMap<String, SecretReference>, env: &dyn Env) -> Result<Vec<(String, String)>> {
    let in_env = |name: &String| Some((name.clone(), env.get(name)?.to_owned()));
    let mut values: BTreeMap<String, String> = secrets.keys().filter_map(in_env).collect();
    if values.len() < secrets.len()
        && let Some(text) = read()?
    {
        for (name, value) in dotenv::variables(&text).with_context(|| format!("cannot read {DOTENV}"))? {
            if secrets.contains_key(name) {
                values.entry(name.to_owned()).or_insert(value);
            }
        }
    }
    let missing: Vec<_> = secrets.iter().filter(|(name, _)| !values.contains_key(*name)).collect();
    let Some((first, _)) = missing.first() else { return Ok(values.into_iter().collect()) };
    let named: Vec<_> = missing.iter().map(|(name, reference)| format!("{name} ({reference})")).collect();
    bail!(
        "guest.secrets names {}, and neither the environment nor {DOTENV} in this folder has a value: secrets are fetched \
         only in Lambda, so for this machine add a line such as {first}=… to {DOTENV}, which git must ignore",
        named.join(", ")
    )
}

/// The text of `.env`, if there is one.
fn read() -> Result<Option<String>> {
    let bytes = match input::read(Path::new(DOTENV), input::SETTINGS) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {DOTENV}")),
    };
    if would_be_committed(Path::new("."), DOTENV) {
        bail!(
            "{DOTENV} has values of guest.secrets, and git does not ignore it, so that a commit would contain them: add \
             the line {DOTENV} to .gitignore"
        );
    }
    let bytes = without_mark(bytes).map_err(io::Error::other).with_context(|| format!("cannot read {DOTENV}"))?;
    Ok(Some(String::from_utf8(bytes).ok().with_context(|| format!("cannot read {DOTENV}: it is not UTF-8"))?))
}
