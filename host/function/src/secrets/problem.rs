//! The reasons why secrets have no value, with what to do. None of them quotes a value, or a text of the service: AWS
//! answers a request whose signature is wrong with the headers that it got, among them the session token.

use std::fmt;
use std::time::Duration;

use funcserver_aws::RefusedCredentials;

use crate::config::{SecretReference, SecretService};

/// The reason why one secret has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretProblem {
    #[error("{} in {region} has nothing of this name: create it there, or correct its name in guest.secrets", .service.title())]
    NotFound { service: SecretService, region: String },
    #[error("access is denied: allow {} on it in a policy of the function's role", .0.action())]
    Denied(SecretService),
    #[error("its key is denied: allow kms:Decrypt on the key in a policy of the function's role, and in the key's own")]
    KeyDenied,
    #[error("it cannot be read as it is now; a secret that is marked for deletion must be restored first")]
    NotReadable,
    #[error("it is binary, and a variable is text: store it as text, in Base64 if need be")]
    Binary,
    #[error(
        "it is not a JSON object, so it has no field: store it as one, or remove # and the field from guest.secrets"
    )]
    NotJson,
    #[error("its JSON object has no such field: add it there, or correct the field in guest.secrets")]
    NoField,
    #[error("this field of its JSON object is neither text nor a number nor true or false: name another one")]
    NoText,
    #[error("it has a NUL character, which no variable can have: store it without")]
    Nul,
    #[error("{0}")]
    Credentials(String),
    #[error("{0}")]
    Rejected(RefusedCredentials),
    #[error("AWS does not accept the time of the request: the clock of this machine is wrong")]
    Clock,
    #[error(
        "{endpoint} did not answer within {}; a function in a VPC needs an interface endpoint for this service, or a \
         NAT gateway",
        time(.limit)
    )]
    TimedOut { endpoint: String, limit: Duration },
    #[error("{endpoint} cannot be reached: {error}")]
    Unreachable { endpoint: String, error: String },
    #[error("{} refuses more requests for now: start fewer environments at once, or raise its quota", .0.title())]
    Throttled(SecretService),
    #[error("{endpoint} answers with status {status}{}", in_brackets(.code))]
    Status { endpoint: String, status: u16, code: String },
    #[error("the answer of {0} is not one of this service")]
    Answer(String),
}

/// The secrets that have no value, with the reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretsError(Vec<(String, SecretProblem)>);

impl SecretsError {
    /// `None` if there is no problem.
    pub(super) fn of<'a>(
        problems: impl IntoIterator<Item = (&'a String, &'a SecretReference, SecretProblem)>,
    ) -> Option<SecretsError> {
        let mut by_problem: Vec<(String, SecretProblem)> = Vec::new();
        for (name, reference, problem) in problems {
            let name = format!("{name} ({reference})");
            match by_problem.iter_mut().find(|(_, known)| *known == problem) {
                Some((names, _)) => *names = format!("{names}, {name}"),
                None => by_problem.push((name, problem)),
            }
        }
        (!by_problem.is_empty()).then_some(SecretsError(by_problem))
    }
}

impl fmt::Display for SecretsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("guest.secrets: ")?;
        for (index, (names, problem)) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{names}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SecretsError {}

impl SecretService {
    /// Its name for people.
    fn title(self) -> &'static str {
        match self {
            SecretService::SecretsManager => "Secrets Manager",
            SecretService::ParameterStore => "Parameter Store",
        }
    }

    /// The action that a role's policy must allow.
    fn action(self) -> &'static str {
        match self {
            SecretService::SecretsManager => "secretsmanager:GetSecretValue",
            SecretService::ParameterStore => "ssm:GetParameters",
        }
    }
}

fn time(limit: &Duration) -> String {
    format!("{:.1} s", limit.as_secs_f64())
}

fn in_brackets(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" ({code})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_with_the_same_problem_are_one_sentence() {
        let references = ["ssm:/a", "secretsmanager:b#c", "secretsmanager:d"].map(|text| text.parse().unwrap());
        let names = ["A", "B", "D"].map(str::to_owned);
        let denied = SecretProblem::Denied(SecretService::SecretsManager);
        let problems = [SecretProblem::Denied(SecretService::ParameterStore), denied.clone(), denied];
        let all =
            names.iter().zip(&references).zip(problems).map(|((name, reference), problem)| (name, reference, problem));
        assert_eq!(
            SecretsError::of(all).unwrap().to_string(),
            "guest.secrets: A (ssm:/a): access is denied: allow ssm:GetParameters on it in a policy of the function's \
             role; B (secretsmanager:b#c), D (secretsmanager:d): access is denied: allow secretsmanager:GetSecretValue \
             on it in a policy of the function's role"
        );
        assert_eq!(SecretsError::of([]), None);
    }

    #[test]
    fn a_limit_of_time_is_in_seconds() {
        let problem = SecretProblem::TimedOut { endpoint: "https://a".to_owned(), limit: Duration::from_millis(3999) };
        assert!(problem.to_string().starts_with("https://a did not answer within 4.0 s; "), "{problem}");
    }
}
