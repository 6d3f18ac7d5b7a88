//! Judges signatures as a service does, by what has reached it. This is an implementation of its own, of the procedure
//! that AWS documents, so that it shares no mistake with the host's.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A secret key, and the id that requests name it by.
#[derive(Clone, Copy)]
pub struct Judge {
    pub key_id: &'static str,
    pub secret: &'static str,
    /// How old a signature may be, in seconds.
    pub patience: u64,
}

/// What a signature is for.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    pub service: String,
    pub region: String,
    /// What stands for the payload.
    pub payload: String,
}

impl Judge {
    /// Checks a request that the server has mirrored.
    pub fn verdict(&self, seen: &Value) -> Result<Verdict, String> {
        let authorization = one(seen, "authorization")?;
        let rest = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("another algorithm")?;
        let part = |name: &str| {
            let value = rest.split(", ").find_map(|part| part.strip_prefix(name));
            value.map(str::to_owned).ok_or_else(|| format!("no {name} in {rest}"))
        };
        let (credential, names, signature) = (part("Credential=")?, part("SignedHeaders=")?, part("Signature=")?);
        let [key_id, day, region, service, "aws4_request"] = credential.split('/').collect::<Vec<_>>()[..] else {
            return Err(format!("another credential: {credential}"));
        };
        if key_id != self.key_id {
            return Err(format!("signed with {key_id}, not with {}", self.key_id));
        }
        let time = one(seen, "x-amz-date")?;
        self.check_time(&time)?;
        if !time.starts_with(day) {
            return Err(format!("{time} is not on {day}"));
        }
        check_names(seen, &names)?;

        let payload = payload(seen)?;
        let request = canonical(seen, service, &names, &payload)?;
        let scope = format!("{day}/{region}/{service}/aws4_request");
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(&request)));
        let start = format!("AWS4{}", self.secret).into_bytes();
        let key = [day, region, service, "aws4_request"].iter().fold(start, |key, part| hmac(&key, part.as_bytes()));
        if hex(&hmac(&key, text.as_bytes())) != signature {
            return Err(format!("the signature is not of this request:\n{request}"));
        }
        Ok(Verdict { service: service.to_owned(), region: region.to_owned(), payload })
    }

    fn check_time(&self, time: &str) -> Result<(), String> {
        let number = |range: std::ops::Range<usize>| time.get(range).and_then(|digits| digits.parse::<u64>().ok());
        let parts = [0..4, 4..6, 6..8, 9..11, 11..13, 13..15].map(number);
        let [Some(year), Some(month), Some(day), Some(hour), Some(minute), Some(second)] = parts else {
            return Err(format!("{time} is no time"));
        };
        // The days before a date, in a year that begins in March.
        let (year, month) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
        let at = ((days * 24 + hour) * 60 + minute) * 60 + second;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        if now.abs_diff(at) > self.patience { Err(format!("signed at {time}, which is not now")) } else { Ok(()) }
    }
}

fn pairs(seen: &Value) -> Vec<(String, String)> {
    serde_json::from_value(seen["headers"].clone()).unwrap()
}

fn values(seen: &Value, name: &str) -> Vec<String> {
    pairs(seen).into_iter().filter(|(own, _)| own == name).map(|(_, value)| value).collect()
}

/// The value of a header that must be there once.
pub fn one(seen: &Value, name: &str) -> Result<String, String> {
    let [value] = <[String; 1]>::try_from(values(seen, name)).map_err(|found| format!("{name} is {found:?}"))?;
    Ok(value)
}

/// The signed headers are sorted, and all that a service demands is among them.
fn check_names(seen: &Value, names: &str) -> Result<(), String> {
    let names: Vec<&str> = names.split(';').collect();
    if !names.is_sorted() || !names.contains(&"host") {
        return Err(format!("the signed headers are {names:?}"));
    }
    let unsigned =
        pairs(seen).into_iter().find(|(name, _)| name.starts_with("x-amz-") && !names.contains(&name.as_str()));
    unsigned.map_or(Ok(()), |(name, _)| Err(format!("{name} is not signed")))
}

/// The payload as the request states it, or its hash. A stated hash must be that of the body.
fn payload(seen: &Value) -> Result<String, String> {
    let hash = match (seen["body_sha256"].as_str(), seen["body_b64"].as_str()) {
        (Some(hash), _) => hash.to_owned(),
        (None, body) => hex(&Sha256::digest(BASE64_STANDARD.decode(body.ok_or("no body")?).unwrap())),
    };
    let Ok(stated) = one(seen, "x-amz-content-sha256") else { return Ok(hash) };
    let is_word = ["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"].contains(&stated.as_str());
    if is_word || stated == hash { Ok(stated) } else { Err(format!("{stated} is not the hash of the body, {hash}")) }
}

fn canonical(seen: &Value, service: &str, names: &str, payload: &str) -> Result<String, String> {
    let uri: http::Uri = seen["uri"].as_str().ok_or("no uri")?.parse().map_err(|_| "no uri")?;
    let mut headers = String::new();
    for name in names.split(';') {
        let mut found = values(seen, name);
        // HTTP/2 has no such header.
        if name == "host" && found.is_empty() {
            found.extend(uri.authority().map(ToString::to_string));
        }
        if found.is_empty() {
            return Err(format!("{name} is signed and did not arrive"));
        }
        let found: Vec<String> =
            found.iter().map(|value| value.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        headers += &format!("{name}:{}\n", found.join(","));
    }
    let mut query: Vec<(&str, &str)> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    query.sort_unstable();
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let path = if service == "s3" { uri.path().to_owned() } else { encoded_again(&normal(uri.path())) };
    let method = seen["method"].as_str().ok_or("no method")?;
    Ok(format!("{method}\n{path}\n{}\n{headers}\n{names}\n{payload}", query.join("&")))
}

/// The path without empty segments and dots (RFC 3986, section 5.2.4).
fn normal(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty() && *segment != ".") {
        if segment == ".." {
            segments.pop();
        } else {
            segments.push(segment);
        }
    }
    let end = if segments.is_empty() || !path.ends_with('/') { "" } else { "/" };
    format!("/{}{end}", segments.join("/"))
}

fn encoded_again(path: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if is_kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut block = [0; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let [inner, outer] = [0x36, 0x5c].map(|pad: u8| block.map(|byte| byte ^ pad));
    let inner = Sha256::new().chain_update(inner).chain_update(text).finalize();
    Sha256::new().chain_update(outer).chain_update(inner).finalize().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
