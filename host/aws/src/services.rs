//! The services of AWS: the hosts of their endpoints, and what a host name tells.

/// The services that a setting may name: the name in signatures, and the hosts before `.REGION.amazonaws.com`.
///
/// Only services whose answers hold no keys are here, and none whose wildcard would be needed besides that of S3: the
/// origins of others have to be written.
const SERVICES: &[(&str, &[&str])] = &[
    ("appconfig", &["appconfig", "appconfigdata"]),
    ("athena", &["athena"]),
    ("bedrock", &["bedrock", "bedrock-runtime", "bedrock-agent-runtime"]),
    ("cognito-idp", &["cognito-idp"]),
    ("comprehend", &["comprehend"]),
    ("dynamodb", &["dynamodb", "streams.dynamodb"]),
    ("events", &["events"]),
    ("firehose", &["firehose"]),
    ("kinesis", &["kinesis"]),
    ("kms", &["kms"]),
    ("lambda", &["lambda"]),
    ("logs", &["logs"]),
    ("monitoring", &["monitoring"]),
    ("polly", &["polly"]),
    ("rds-data", &["rds-data"]),
    ("redshift-data", &["redshift-data"]),
    ("rekognition", &["rekognition"]),
    ("s3", &["s3", "*.s3"]),
    ("scheduler", &["scheduler"]),
    ("secretsmanager", &["secretsmanager"]),
    ("ses", &["email"]),
    ("sns", &["sns"]),
    ("sqs", &["sqs"]),
    ("ssm", &["ssm"]),
    ("states", &["states", "sync-states"]),
    ("textract", &["textract"]),
    ("translate", &["translate"]),
];

/// Other hosts whose service is known, for origins that a setting has: the host before the region, or after it, and the
/// name in signatures.
const OTHERS: &[(&str, &str)] = &[
    ("aoss", "aoss"),
    ("es", "es"),
    ("execute-api", "execute-api"),
    ("lambda-url", "lambda"),
    ("queue", "sqs"),
    ("runtime.sagemaker", "sagemaker"),
    ("s3-accesspoint", "s3"),
    ("s3-object-lambda", "s3-object-lambda"),
    ("s3-outposts", "s3-outposts"),
    ("sts", "sts"),
];

/// The ends of AWS's host names.
const SUFFIXES: [&str; 8] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".on.aws",
    ".api.amazonwebservices.com.cn",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
];

/// A service that a setting may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AwsService {
    name: &'static str,
    hosts: &'static [&'static str],
}

impl AwsService {
    /// The service with this name in signatures.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        SERVICES.iter().find(|(known, _)| *known == name).map(|&(name, hosts)| Self { name, hosts })
    }

    /// The names of all services.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SERVICES.iter().map(|(name, _)| *name)
    }

    /// The origins of its endpoints in a region. One that begins with `https://*.` has every name below it.
    #[must_use]
    pub fn origins(self, region: &str) -> Vec<String> {
        let suffix = suffix(region);
        let mut origins: Vec<_> = self.hosts.iter().map(|host| format!("https://{host}.{region}.{suffix}")).collect();
        // Some SDKs send the requests of this region to the addresses that are older than regions.
        if self.name == "s3" && region == "us-east-1" {
            origins.extend(self.hosts.iter().map(|host| format!("https://{host}.{suffix}")));
        }
        origins
    }
}

/// The end of the host names in a region's partition.
fn suffix(region: &str) -> &'static str {
    match region.split('-').next().unwrap_or_default() {
        "cn" => "amazonaws.com.cn",
        "eusc" => "amazonaws.eu",
        "us" if region.starts_with("us-iso-") => "c2s.ic.gov",
        "us" if region.starts_with("us-isob-") => "sc2s.sgov.gov",
        _ => "amazonaws.com",
    }
}

/// What a host name of AWS tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HostFacts<'a> {
    pub(crate) service: Option<&'static str>,
    pub(crate) region: Option<&'a str>,
}

impl<'a> HostFacts<'a> {
    /// Nothing is told by the names of others.
    pub(crate) fn of(host: &'a str) -> Self {
        let Some(own) = SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix)) else { return Self::default() };
        let labels: Vec<&str> = own.split('.').filter(|label| !matches!(*label, "vpce" | "dualstack")).collect();
        // An older form, with the region in the name of S3.
        if let Some(region) = labels.last().and_then(|last| last.strip_prefix("s3-")).filter(|name| is_region(name)) {
            return Self { service: Some("s3"), region: Some(region) };
        }
        // A bucket may be named like a region, and is before the region.
        let at = labels.iter().rposition(|label| is_region(label)).filter(|at| labels.get(at + 1) != Some(&"s3"));
        let Some(at) = at else { return Self { service: service(&labels), region: None } };
        let (before, after) = (labels.get(..at), labels.get(at + 1..));
        let told = [after, before].into_iter().flatten().find_map(service);
        Self { service: told, region: labels.get(at).copied() }
    }
}

/// The service of the host that these labels end with.
fn service(labels: &[&str]) -> Option<&'static str> {
    let last = labels.last()?.trim_end_matches("-fips");
    let two = labels.len().checked_sub(2).and_then(|at| labels.get(at)).map(|before| format!("{before}.{last}"));
    let known = |host: &str| {
        let offered = SERVICES.iter().find(|(_, hosts)| hosts.contains(&host)).map(|(name, _)| *name);
        offered.or_else(|| OTHERS.iter().find(|(other, _)| *other == host).map(|(_, name)| *name))
    };
    two.as_deref().and_then(known).or_else(|| known(last))
}

/// Whether a label has the form of a region: `eu-west-1`, `us-gov-east-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let [first, middle @ .., last] = parts.as_slice() else { return false };
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    (2..=4).contains(&first.len())
        && letters(first)
        && !middle.is_empty()
        && middle.iter().all(letters)
        && (1..=2).contains(&last.len())
        && last.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_have_the_endpoints_of_the_region() {
        let origins = |name: &str, region| AwsService::of(name).unwrap().origins(region);
        for (name, region, expected) in [
            ("sqs", "eu-west-1", &["https://sqs.eu-west-1.amazonaws.com"][..]),
            (
                "dynamodb",
                "cn-north-1",
                &[
                    "https://dynamodb.cn-north-1.amazonaws.com.cn",
                    "https://streams.dynamodb.cn-north-1.amazonaws.com.cn",
                ],
            ),
            (
                "s3",
                "us-gov-west-1",
                &["https://s3.us-gov-west-1.amazonaws.com", "https://*.s3.us-gov-west-1.amazonaws.com"],
            ),
            (
                "s3",
                "us-east-1",
                &[
                    "https://s3.us-east-1.amazonaws.com",
                    "https://*.s3.us-east-1.amazonaws.com",
                    "https://s3.amazonaws.com",
                    "https://*.s3.amazonaws.com",
                ],
            ),
            ("kms", "us-iso-east-1", &["https://kms.us-iso-east-1.c2s.ic.gov"]),
            ("kms", "eusc-de-east-1", &["https://kms.eusc-de-east-1.amazonaws.eu"]),
        ] {
            assert_eq!(origins(name, region), expected);
        }
        assert_eq!(AwsService::of("sts"), None, "its answers have keys");
    }

    #[test]
    fn the_names_of_all_endpoints_tell_their_service_and_region() {
        for name in AwsService::names() {
            for region in ["eu-west-1", "us-east-1", "cn-north-1", "us-isob-east-1"] {
                for origin in AwsService::of(name).unwrap().origins(region) {
                    let host = origin.strip_prefix("https://").unwrap().replace('*', "a.bucket");
                    let facts = HostFacts::of(&host);
                    assert_eq!(facts.service, Some(name), "{origin}");
                    assert!(facts.region == Some(region) || host.ends_with("s3.amazonaws.com"), "{origin} {facts:?}");
                }
            }
        }
    }

    #[test]
    fn host_names_tell_what_they_can() {
        for (host, service, region) in [
            ("s3.dualstack.eu-west-1.amazonaws.com", Some("s3"), Some("eu-west-1")),
            ("a.bucket.s3.dualstack.eu-west-1.amazonaws.com", Some("s3"), Some("eu-west-1")),
            ("s3-eu-west-1.amazonaws.com", Some("s3"), Some("eu-west-1")),
            ("us-east-2.s3.eu-west-1.amazonaws.com", Some("s3"), Some("eu-west-1")),
            ("us-east-2.s3.amazonaws.com", Some("s3"), None),
            ("bucket.s3.amazonaws.com", Some("s3"), None),
            ("dynamodb-fips.us-east-1.amazonaws.com", Some("dynamodb"), Some("us-east-1")),
            ("dynamodb.eu-west-1.api.aws", Some("dynamodb"), Some("eu-west-1")),
            ("vpce-0a-b.dynamodb.eu-west-1.vpce.amazonaws.com", Some("dynamodb"), Some("eu-west-1")),
            ("bucket.vpce-0a-b.s3.eu-west-1.vpce.amazonaws.com", Some("s3"), Some("eu-west-1")),
            ("eu-west-1.queue.amazonaws.com", Some("sqs"), Some("eu-west-1")),
            ("search-shop-abc.eu-west-1.es.amazonaws.com", Some("es"), Some("eu-west-1")),
            ("abc123.execute-api.eu-west-1.amazonaws.com", Some("execute-api"), Some("eu-west-1")),
            ("abc123.lambda-url.eu-west-1.on.aws", Some("lambda"), Some("eu-west-1")),
            ("sts.eu-west-1.amazonaws.com", Some("sts"), Some("eu-west-1")),
            ("iam.amazonaws.com", None, None),
            ("unknown.eu-west-1.amazonaws.com", None, Some("eu-west-1")),
            ("s3.eu-west-1.amazonaws.com.evil.example", None, None),
            ("s3.eu-west-1.evil-amazonaws.com", None, None),
            ("127.0.0.1", None, None),
            ("", None, None),
        ] {
            assert_eq!(HostFacts::of(host), HostFacts { service, region }, "{host}");
        }
    }
}
