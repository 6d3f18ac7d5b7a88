//! Where a secret is stored: `secretsmanager:NAME` or `ssm:NAME`, with `#FIELD` for a field of a JSON object.

use std::fmt;
use std::str::FromStr;

/// The longest name or ARN. Secrets Manager and Parameter Store allow 2048 characters.
const LONGEST: usize = 2048;

/// A secret in a service of AWS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretReference {
    /// The service that stores it.
    pub service: SecretService,
    /// Its name there, or its ARN.
    pub id: String,
    /// The field of the JSON object that it is, if it is not the whole text.
    pub field: Option<String>,
}

/// A service of AWS that stores secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretService {
    /// AWS Secrets Manager.
    SecretsManager,
    /// Parameter Store, a part of AWS Systems Manager.
    ParameterStore,
}

impl SecretService {
    /// All of them.
    pub const ALL: [SecretService; 2] = [SecretService::SecretsManager, SecretService::ParameterStore];

    /// The name of the service in its host name and in signatures, which is also the beginning of a reference.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            SecretService::SecretsManager => "secretsmanager",
            SecretService::ParameterStore => "ssm",
        }
    }
}

impl SecretReference {
    /// A regular expression for references (ECMA-262, for JSON Schema).
    pub(super) const PATTERN: &str = r"^(?:secretsmanager|ssm):[A-Za-z0-9/_+=.@:-]+(?:#.+)?$";
}

/// The reason why a text is not a reference, in words that follow the name of its variable. They do not quote the text,
/// which may be the secret itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretReferenceError {
    /// It names no service.
    #[error(r#"begins with neither "secretsmanager:" nor "ssm:": it says where the secret is, not what it is"#)]
    Service,
    /// It names no secret, or its name has a character that no secret's has.
    #[error("has no name of a secret after its first colon: letters, digits and /_+=.@:- are allowed")]
    Name,
    /// It has a `#` without a field.
    #[error("has no field after its #")]
    Field,
}

impl FromStr for SecretReference {
    type Err = SecretReferenceError;

    fn from_str(text: &str) -> Result<SecretReference, SecretReferenceError> {
        let (service, rest) = text.split_once(':').ok_or(SecretReferenceError::Service)?;
        let service = SecretService::ALL.into_iter().find(|known| known.name() == service);
        let service = service.ok_or(SecretReferenceError::Service)?;
        // No name has a `#`, and a field may have one.
        let (id, field) = match rest.split_once('#') {
            Some((_, "")) => return Err(SecretReferenceError::Field),
            Some((id, field)) => (id, Some(field)),
            None => (rest, None),
        };
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@:-".contains(&byte);
        // A URL is none, and may have a password.
        if id.is_empty() || id.len() > LONGEST || !id.bytes().all(allowed) || id.contains("://") {
            return Err(SecretReferenceError::Name);
        }
        Ok(SecretReference { service, id: id.to_owned(), field: field.map(str::to_owned) })
    }
}

/// As it is written.
impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service.name(), self.id)?;
        self.field.as_ref().map_or(Ok(()), |field| write!(f, "#{field}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_service_a_name_and_perhaps_a_field() {
        let arn = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:prod/db-AbCdEf";
        let arn_and_field = format!("secretsmanager:{arn}#password");
        for (text, service, id, field) in [
            ("secretsmanager:prod/db", SecretService::SecretsManager, "prod/db", None),
            ("secretsmanager:a_+=.@-b#user name#1", SecretService::SecretsManager, "a_+=.@-b", Some("user name#1")),
            (&arn_and_field, SecretService::SecretsManager, arn, Some("password")),
            ("ssm:/prod/key", SecretService::ParameterStore, "/prod/key", None),
            ("ssm:/prod/key:3", SecretService::ParameterStore, "/prod/key:3", None),
        ] {
            let reference: SecretReference = text.parse().unwrap();
            assert_eq!((reference.service, &*reference.id, reference.field.as_deref()), (service, id, field), "{text}");
            assert_eq!(reference.to_string(), text);
        }
    }

    #[test]
    fn what_is_none_is_not_quoted() {
        for (text, expected) in [
            ("hunter2", SecretReferenceError::Service),
            ("vault:hunter2", SecretReferenceError::Service),
            ("SSM:/hunter2", SecretReferenceError::Service),
            ("ssm:", SecretReferenceError::Name),
            ("ssm:#hunter2", SecretReferenceError::Name),
            ("ssm:hunter 2", SecretReferenceError::Name),
            ("ssm:postgres://app:hunter2@db", SecretReferenceError::Name),
            ("secretsmanager:hunter2#", SecretReferenceError::Field),
        ] {
            let error = text.parse::<SecretReference>().unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("hunter"), "{error}");
        }
        assert!(format!("ssm:{}", "x".repeat(LONGEST + 1)).parse::<SecretReference>().is_err());
    }
}
