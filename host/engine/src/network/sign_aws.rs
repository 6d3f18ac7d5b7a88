//! The setting `network.sign-aws`: the origins whose requests the host signs.

use funcserver_aws::AwsService;

use super::allow::{Allow, AllowError};
use super::origin::{OriginHost, split_port};

/// What the host signs with the function's AWS credentials. The default is nothing.
///
/// An entry is the name of a service, such as `dynamodb`, which stands for its endpoints in the function's region, or an
/// origin as in [`Allow`] that begins with `https://`. `http://` is for tests, with a loopback address and a port.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignAws(Vec<Signed>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Signed {
    Service(AwsService),
    Origin(String),
}

impl SignAws {
    /// Parses the entries of a list.
    ///
    /// # Errors
    /// The first invalid entry.
    pub fn parse<'a, I: IntoIterator<Item = &'a str>>(entries: I) -> Result<Self, AllowError> {
        let entries: Vec<&str> = entries.into_iter().map(str::trim).collect();
        let read = |(at, entry): (usize, &&str)| {
            Signed::parse(entry).map_err(|problem| AllowError::of(entry, problem, &entries[at + 1..]))
        };
        entries.iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is signed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an entry is a service, whose endpoints are those of a region.
    #[must_use]
    pub fn needs_region(&self) -> bool {
        self.0.iter().any(|entry| matches!(entry, Signed::Service(_)))
    }

    /// The origins in this region.
    ///
    /// # Errors
    /// The region cannot be a part of a name.
    pub fn origins(&self, region: &str) -> Result<Allow, AllowError> {
        let origins = self.0.iter().flat_map(|entry| match entry {
            Signed::Service(service) => service.origins(region),
            Signed::Origin(origin) => vec![origin.clone()],
        });
        let origins: Vec<String> = origins.collect();
        Allow::parse(origins.iter().map(String::as_str))
    }
}

impl Signed {
    /// Parses an entry. The error describes the problem.
    fn parse(entry: &str) -> Result<Self, String> {
        let Some((scheme, authority)) = entry.split_once("://") else {
            return AwsService::of(entry).map(Self::Service).ok_or_else(|| no_service(entry));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "https" if authority.starts_with("*:") || authority == "*" => {
                return Err("has no host: write that of a service, as in \"https://shop.s3.eu-west-1.amazonaws.com\""
                    .to_owned());
            }
            "https" => {}
            "http" if is_loopback(authority) => {}
            "http" => {
                return Err(
                    "is not encrypted, which only a test on the same machine may be, by its address and port: write \
                     \"https://…\", or \"http://127.0.0.1:5000\""
                        .to_owned(),
                );
            }
            _ => return Err("has a scheme other than https, and the host signs only requests of HTTP".to_owned()),
        }
        Allow::parse([entry]).map_err(|error| error.problem)?;
        Ok(Self::Origin(entry.to_owned()))
    }
}

/// Whether it is a loopback address with a port.
fn is_loopback(authority: &str) -> bool {
    let parts = split_port(authority).and_then(|(host, port)| Some((OriginHost::parse(host)?, port?)));
    matches!(parts, Some((OriginHost::Address(address), _)) if address.is_loopback())
}

fn no_service(entry: &str) -> String {
    if entry.contains(['.', ':', '/', '*']) {
        return format!("has no scheme: write \"https://{}\"", super::redacted(entry));
    }
    let lower = entry.to_ascii_lowercase();
    let close = AwsService::names().max_by(|one, other| {
        let similar = |name: &str| strsim::jaro_winkler(&lower, name);
        similar(one).total_cmp(&similar(other))
    });
    let close = close.filter(|name| strsim::jaro_winkler(&lower, name) > 0.8);
    let meant = close.map(|name| format!(" (did you mean \"{name}\"?)")).unwrap_or_default();
    let names: Vec<&str> = AwsService::names().collect();
    format!(
        "is not the name of a service{meant}, which are {}; write the origin of another one, as in \
         \"https://sts.eu-west-1.amazonaws.com\"",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::super::origin::Origin;
    use super::*;

    fn signs(entries: &[&str], uri: &'static str) -> bool {
        let origins = SignAws::parse(entries.iter().copied()).unwrap().origins("eu-west-1").unwrap();
        origins.allows(&Origin::of(&Uri::from_static(uri)).unwrap())
    }

    #[test]
    fn services_are_the_endpoints_of_the_region() {
        let entries = ["s3", " dynamodb", "https://abc.execute-api.eu-west-1.amazonaws.com", "http://127.0.0.1:5000"];
        for (uri, signed) in [
            ("https://s3.eu-west-1.amazonaws.com/bucket/key", true),
            ("https://a.bucket.s3.eu-west-1.amazonaws.com/key", true),
            ("https://DYNAMODB.eu-west-1.amazonaws.com:443", true),
            ("https://abc.execute-api.eu-west-1.amazonaws.com", true),
            ("http://127.0.0.1:5000", true),
            ("http://127.0.0.1:5001", false),
            ("https://127.0.0.1:5000", false),
            ("http://dynamodb.eu-west-1.amazonaws.com", false),
            ("https://dynamodb.eu-west-1.amazonaws.com:8443", false),
            ("https://dynamodb.us-east-1.amazonaws.com", false),
            ("https://a.dynamodb.eu-west-1.amazonaws.com", false),
            ("https://s3.amazonaws.com", false),
            ("https://s3.eu-west-1.amazonaws.com.evil.example", false),
            ("https://sqs.eu-west-1.amazonaws.com", false),
        ] {
            assert_eq!(signs(&entries, uri), signed, "{uri}");
        }
        assert!(!signs(&[], "https://s3.eu-west-1.amazonaws.com"));
    }

    #[test]
    fn only_services_need_a_region() {
        let needs = |entries: &[&str]| SignAws::parse(entries.iter().copied()).unwrap().needs_region();
        assert!(needs(&["https://a.example", "sqs"]));
        assert!(!needs(&["https://a.example"]));
        let services = SignAws::parse(["sqs"]).unwrap();
        for region in ["", "eu west", "eu/west", "eu-west-1.evil.example/", "*"] {
            assert!(services.origins(region).is_err(), "{region:?}");
        }
    }

    #[test]
    fn wrong_entries_say_what_to_write() {
        for (entry, told) in [
            ("dynamo", "did you mean \"dynamodb\"?"),
            ("DynamoDB", "did you mean \"dynamodb\"?"),
            ("sts", "https://sts."),
            ("", "is not the name of a service"),
            ("shop.s3.eu-west-1.amazonaws.com", "write \"https://shop.s3.eu-west-1.amazonaws.com\""),
            ("https://*", "has no host"),
            ("https://*:8443", "has no host"),
            ("https://a.example/path", "has a path"),
            ("https://127.0.0.1", "only with its port"),
            ("https://user:hunter2@a.example", "names a user"),
            ("http://a.example", "is not encrypted"),
            ("http://localhost:5000", "http://127.0.0.1:5000"),
            ("http://10.0.0.5:5000", "is not encrypted"),
            ("http://127.0.0.1", "is not encrypted"),
            ("tls://a.example:443", "other than https"),
        ] {
            let error = SignAws::parse(["sqs", entry]).unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("hunter2"), "{error}");
        }
    }
}
