//! Where a service of AWS answers.
//!
//! Source: "Service-specific endpoints" in the AWS SDKs and Tools reference guide.

use std::net::{IpAddr, Ipv6Addr};

use funcserver_aws::AwsService;
use http::Uri;
use http::uri::Scheme;

use crate::config::{Env, SecretService};

/// The address for all services, if there is none for one of them.
const ALL_SERVICES: &str = "AWS_ENDPOINT_URL";

/// The port that an address need not name.
const HTTPS: u16 = 443;

/// An address that is not usable, and the variable that names it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{variable} is not an address such as https://vpce-1.secretsmanager.eu-north-1.vpce.amazonaws.com, without a path; \
     http:// is only for a loopback address with its port, such as http://127.0.0.1:5000"
)]
pub struct EndpointError {
    variable: &'static str,
}

/// The scheme, host and port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    scheme: &'static str,
    authority: String,
    port: u16,
}

impl Endpoint {
    /// The endpoint that the environment names, or the public one of the region.
    pub(super) fn of(service: SecretService, region: &str, env: &dyn Env) -> Result<Self, EndpointError> {
        let set = |name: &'static str| Some((name, env.get(name).filter(|value| !value.is_empty())?));
        match set(variable(service)).or_else(|| set(ALL_SERVICES)) {
            Some((variable, value)) => Self::parse(value).ok_or(EndpointError { variable }),
            None => Ok(Self::public(service, region)),
        }
    }

    fn public(service: SecretService, region: &str) -> Self {
        let origin = AwsService::of(service.name()).and_then(|service| service.origins(region).pop());
        let authority = origin.as_deref().and_then(|origin| origin.strip_prefix("https://")).unwrap_or_default();
        Self { scheme: "https", authority: authority.to_owned(), port: HTTPS }
    }

    fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        let is_whole = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
        let is_https = *scheme == Scheme::HTTPS;
        let is_here = *scheme == Scheme::HTTP && is_loopback(authority.host()) && authority.port_u16().is_some();
        let (scheme, port) = if is_https { ("https", HTTPS) } else { ("http", 0) };
        let port = authority.port_u16().unwrap_or(port);
        // As in the header `host`, which is signed.
        let authority = if is_https && port == HTTPS { authority.host() } else { authority.as_str() };
        (is_whole && (is_https || is_here)).then(|| Self { scheme, authority: authority.to_owned(), port })
    }

    /// The address that requests go to.
    pub(super) fn uri(&self) -> String {
        format!("{self}/")
    }

    /// The entry of an allow list for it. A special address is allowed only with its port.
    pub(super) fn entry(&self) -> String {
        let named = self.authority.ends_with(&format!(":{}", self.port));
        if named { self.to_string() } else { format!("{self}:{}", self.port) }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

fn variable(service: SecretService) -> &'static str {
    match service {
        SecretService::SecretsManager => "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        SecretService::ParameterStore => "AWS_ENDPOINT_URL_SSM",
    }
}

/// Whether a host is a loopback address, and not a name that may lead elsewhere.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback()),
        None => host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Variables;

    const OWN: &str = "AWS_ENDPOINT_URL_SECRETS_MANAGER";

    fn endpoint(region: &str, variables: &[(&str, &str)]) -> Result<Endpoint, EndpointError> {
        let env: Variables = variables.iter().copied().collect();
        Endpoint::of(SecretService::SecretsManager, region, &env)
    }

    #[test]
    fn the_public_endpoint_is_that_of_the_region() {
        for (region, expected) in [
            ("eu-north-1", "https://secretsmanager.eu-north-1.amazonaws.com"),
            ("cn-north-1", "https://secretsmanager.cn-north-1.amazonaws.com.cn"),
            ("us-gov-west-1", "https://secretsmanager.us-gov-west-1.amazonaws.com"),
            ("eusc-de-east-1", "https://secretsmanager.eusc-de-east-1.amazonaws.eu"),
        ] {
            let endpoint = endpoint(region, &[]).unwrap();
            assert_eq!((endpoint.to_string(), endpoint.entry()), (expected.to_owned(), format!("{expected}:443")));
        }
    }

    #[test]
    fn variables_name_another_one() {
        let [all, other] = ["http://127.0.0.1:5000", "https://vpce-1.example.com"];
        for (variables, expected, entry) in [
            (&[(ALL_SERVICES, all)][..], all, all),
            (&[(ALL_SERVICES, all), (OWN, other)], other, "https://vpce-1.example.com:443"),
            (&[(OWN, ""), (ALL_SERVICES, "http://[::1]:5000/")], "http://[::1]:5000", "http://[::1]:5000"),
            (&[(OWN, "https://vpce-1.example.com:443")], other, "https://vpce-1.example.com:443"),
            (&[("AWS_ENDPOINT_URL_SSM", all), (OWN, other)], other, "https://vpce-1.example.com:443"),
        ] {
            let endpoint = endpoint("eu-north-1", variables).unwrap();
            assert_eq!((&*endpoint.to_string(), &*endpoint.entry()), (expected, entry));
        }
    }

    #[test]
    fn an_address_without_tls_or_with_a_path_is_refused() {
        for value in [
            "http://10.0.0.5:5000",
            "http://localhost:5000",
            "http://127.0.0.1.example.com:5000",
            "http://127.0.0.1",
            "https://vpce-1.example.com/path",
            "https://user:hunter2@vpce-1.example.com",
            "vpce-1.example.com",
            "ftp://127.0.0.1:5000",
            "no address",
        ] {
            let error = endpoint("eu-north-1", &[(OWN, value)]).unwrap_err();
            assert_eq!(error, EndpointError { variable: OWN }, "{value}");
        }
        let error = endpoint("eu-north-1", &[(ALL_SERVICES, "http://10.0.0.5:5000")]).unwrap_err();
        assert!(error.to_string().starts_with("AWS_ENDPOINT_URL is not an address"), "{error}");
    }
}
