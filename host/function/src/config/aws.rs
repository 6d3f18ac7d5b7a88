//! AWS's own variables: the function's region and credentials, and what stands in for them in the component.

use std::sync::Arc;

use funcserver_aws::{Authorization, Container, ContainerError, Credentials, CredentialsSource, Token, timestamp};
use funcserver_engine::{Allow, SignAws};

use super::env::Env;
use super::{GuestConfig, Missing, NetworkConfig};

const REGION: &str = "AWS_REGION";
const DEFAULT_REGION: &str = "AWS_DEFAULT_REGION";
const KEY_ID: &str = "AWS_ACCESS_KEY_ID";
const SECRET_KEY: &str = "AWS_SECRET_ACCESS_KEY";
const SESSION_TOKEN: &str = "AWS_SESSION_TOKEN";
const EXPIRATION: &str = "AWS_CREDENTIAL_EXPIRATION";
const CONTAINER: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const CONTAINER_TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";
const CONTAINER_TOKEN_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// The variables with keys, and those that lead to keys.
const KEYS: [&str; 5] = [KEY_ID, SECRET_KEY, SESSION_TOKEN, CONTAINER_TOKEN, CONTAINER_TOKEN_FILE];

/// The keys that the component gets, so that an AWS SDK signs its requests. They open nothing: the host replaces what
/// is signed with them.
const STAND_INS: [(&str, &str); 2] =
    [(KEY_ID, "FUNCSERVERSTANDIN000"), (SECRET_KEY, "this-opens-nothing-the-host-signs-instead")];

/// What [`AwsEnv::stand_in`] adds.
const GIVEN: [&str; 4] = [REGION, DEFAULT_REGION, KEY_ID, SECRET_KEY];

impl NetworkConfig {
    /// The names of the variables that the component gets because the host signs for it.
    #[must_use]
    pub fn aws_names(&self) -> &'static [&'static str] {
        if self.sign_aws.is_empty() { &[] } else { &GIVEN }
    }
}

/// AWS's variables in an environment. An empty variable counts as not set.
#[derive(Clone, Copy)]
pub struct AwsEnv<'a>(pub &'a dyn Env);

impl<'a> AwsEnv<'a> {
    /// The function's region.
    #[must_use]
    pub fn region(&self) -> Option<&'a str> {
        self.get(REGION).or_else(|| self.get(DEFAULT_REGION))
    }

    /// Where the function's credentials come from.
    ///
    /// # Errors
    /// The endpoint for them cannot be used.
    pub fn credentials(&self) -> Result<CredentialsSource, ContainerError> {
        if let Some((key_id, secret_key)) = self.get(KEY_ID).zip(self.get(SECRET_KEY)) {
            let token = self.get(SESSION_TOKEN).map(str::to_owned);
            let expires = self.get(EXPIRATION).and_then(timestamp);
            let credentials = Credentials::new(key_id.to_owned(), secret_key.to_owned(), token, expires);
            return Ok(CredentialsSource::Static(Arc::new(credentials)));
        }
        let Some(uri) = self.get(CONTAINER) else { return Ok(CredentialsSource::Missing) };
        let file = self.get(CONTAINER_TOKEN_FILE).map(|file| Authorization::File(file.into()));
        let token = || self.get(CONTAINER_TOKEN).map(|token| Authorization::Token(Token(token.to_owned())));
        Container::new(uri, file.or_else(token)).map(CredentialsSource::Container)
    }

    /// The origins whose requests are signed.
    pub(crate) fn origins(&self, sign_aws: &SignAws) -> Result<Allow, Missing> {
        if sign_aws.needs_region() && self.region().is_none() {
            return Err(Missing::Region(None));
        }
        let region = self.region().unwrap_or_default();
        sign_aws.origins(region).map_err(|_| Missing::Region(Some(region.to_owned())))
    }

    /// Adds what an AWS SDK looks for in the component: the region, and keys that open nothing.
    pub(crate) fn stand_in(&self, guest: &GuestConfig, variables: &mut Vec<(String, String)>) -> Result<(), Missing> {
        let keys = |has: &dyn Fn(&str) -> bool| KEYS.into_iter().filter(|key| has(key)).collect::<Vec<_>>();
        let given = [
            ("guest.env", keys(&|key| guest.env.contains_key(key))),
            ("guest.inherit-env", keys(&|key| guest.inherit_env.iter().any(|name| name == key))),
            ("guest.secrets", keys(&|key| guest.secrets.contains_key(key))),
        ];
        if let Some((setting, names)) = given.into_iter().find(|(_, names)| !names.is_empty()) {
            return Err(Missing::Keys { setting, names });
        }
        let regions = self.region().into_iter().flat_map(|region| [(REGION, region), (DEFAULT_REGION, region)]);
        for (name, value) in regions.chain(STAND_INS) {
            if !variables.iter().any(|(given, _)| given == name) {
                variables.push((name.to_owned(), value.to_owned()));
            }
        }
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(str::trim).filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::{Duration, SystemTime};

    use super::super::Variables;
    use super::*;

    fn env(variables: &[(&str, &str)]) -> Variables {
        variables.iter().copied().collect()
    }

    #[test]
    fn keys_of_the_environment_come_before_an_endpoint() {
        let source = |variables: &[(&str, &str)]| AwsEnv(&env(variables)).credentials();
        let (id, key) = ((KEY_ID, "AKID"), (SECRET_KEY, "hunter2"));
        let endpoint = (CONTAINER, "http://localhost:9001/credentials");
        let keys = |token: Option<&str>, expires| {
            let credentials =
                Credentials::new("AKID".to_owned(), "hunter2".to_owned(), token.map(str::to_owned), expires);
            Ok(CredentialsSource::Static(Arc::new(credentials)))
        };
        assert_eq!(source(&[]), Ok(CredentialsSource::Missing));
        assert_eq!(source(&[id, (SECRET_KEY, "")]), Ok(CredentialsSource::Missing));
        assert_eq!(source(&[id, key, endpoint]), keys(None, None));
        let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_054_400);
        let token = (SESSION_TOKEN, "token");
        assert_eq!(
            source(&[id, key, token, (EXPIRATION, "2026-11-30T16:00:00+00:00")]),
            keys(Some("token"), Some(expires))
        );
        let token = Some(Authorization::Token(Token("t".to_owned())));
        let container = |authorization| Container::new(endpoint.1, authorization).map(CredentialsSource::Container);
        assert_eq!(source(&[endpoint]), container(None));
        assert_eq!(source(&[endpoint, (CONTAINER_TOKEN, "t")]), container(token));
        let file = Some(Authorization::File("/token".into()));
        assert_eq!(source(&[endpoint, (CONTAINER_TOKEN, "t"), (CONTAINER_TOKEN_FILE, "/token")]), container(file));
        assert_eq!(source(&[(CONTAINER, "http://a.example/")]), Err(ContainerError::Address));
    }

    #[test]
    fn services_need_a_region_that_can_be_one() {
        let origins = |entry, variables: &[(&str, &str)]| {
            let origins = AwsEnv(&env(variables)).origins(&SignAws::parse([entry]).unwrap());
            origins.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(origins("sqs", &[(REGION, "eu-west-1")]), Ok(()));
        assert_eq!(origins("sqs", &[(REGION, ""), (DEFAULT_REGION, "eu-west-1")]), Ok(()));
        assert_eq!(origins("https://a.example", &[]), Ok(()));
        let error = origins("sqs", &[]).unwrap_err();
        assert!(error.contains("neither AWS_REGION nor AWS_DEFAULT_REGION is set"), "{error}");
        let error = origins("sqs", &[(REGION, "eu/west")]).unwrap_err();
        assert!(error.contains("\"eu/west\" is none"), "{error}");
    }

    #[test]
    fn the_component_gets_the_region_and_keys_that_open_nothing() {
        let variables = [(REGION, "eu-west-1"), (KEY_ID, "AKID"), (SECRET_KEY, "hunter2"), (SESSION_TOKEN, "token")];
        let given = |guest: &GuestConfig| {
            let env = env(&variables);
            let mut given = guest.variables(&env).unwrap();
            let added = AwsEnv(&env).stand_in(guest, &mut given).map_err(|error| error.to_string());
            added.map(|()| given.into_iter().collect::<BTreeMap<_, _>>())
        };
        let mut guest = GuestConfig::default();
        let stand_ins = given(&guest).unwrap();
        let names: Vec<_> = stand_ins.keys().map(String::as_str).collect();
        assert_eq!(names, [KEY_ID, DEFAULT_REGION, REGION, SECRET_KEY]);
        let network = NetworkConfig { sign_aws: SignAws::parse(["sqs"]).unwrap(), ..NetworkConfig::default() };
        let mut told = network.aws_names().to_vec();
        told.sort_unstable();
        assert_eq!(told, names);
        assert!(NetworkConfig::default().aws_names().is_empty());
        assert!(stand_ins.values().all(|value| variables[1..].iter().all(|(_, key)| value != key)), "{stand_ins:?}");

        guest.env.insert(REGION.to_owned(), "us-east-1".to_owned());
        assert_eq!(given(&guest).unwrap()[REGION], "us-east-1");
        guest.secrets.insert(KEY_ID.to_owned(), "ssm:/key-id".parse().unwrap());
        let error = given(&guest).unwrap_err();
        assert!(error.contains("guest.secrets") && error.contains(KEY_ID), "{error}");
        guest.secrets.clear();
        guest.inherit_env = vec![SECRET_KEY.to_owned()];
        let error = given(&guest).unwrap_err();
        assert!(error.contains("guest.inherit-env") && error.contains(SECRET_KEY), "{error}");
        guest.env.insert(KEY_ID.to_owned(), "hunter2".to_owned());
        let error = given(&guest).unwrap_err();
        assert!(error.contains("guest.env") && error.contains(KEY_ID) && !error.contains("hunter2"), "{error}");
    }
}
