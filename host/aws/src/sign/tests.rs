//! Signatures beside those of botocore, the signer of AWS's SDK for Python.

use std::time::Duration;

use http::Request;

use super::*;

const KEY_ID: &str = "AKIDEXAMPLE00000000";
const THOUSAND: &str = match str::from_utf8(&[b'x'; 1000]) {
    Ok(text) => text,
    Err(_) => "",
};

/// A request, and what botocore 1.43.11 signs it with on 2026-11-30 at 16:00:00 UTC.
struct Vector {
    scope: (&'static str, &'static str),
    request: (&'static str, &'static str),
    headers: &'static [(&'static str, &'static str)],
    payload: Payload<'static>,
    token: bool,
    signed: &'static str,
    signature: &'static str,
}

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_054_400)
}

fn credentials(token: bool) -> Credentials {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned();
    Credentials::new(KEY_ID.to_owned(), secret, token.then(|| "session/token+==".to_owned()), None)
}

fn scope(service: &str, region: &str) -> CredentialScope {
    CredentialScope { service: service.to_owned(), region: region.to_owned() }
}

fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().method(method).uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

#[test]
fn signatures_are_those_of_botocore() {
    for vector in VECTORS {
        let Vector { scope: (service, region), request: (method, uri), .. } = *vector;
        let mut parts = parts(method, uri, vector.headers);
        // What a guest's SDK has written is replaced, and what connections add is not signed.
        for (name, value) in [
            ("authorization", "AWS4-HMAC-SHA256 Credential=STANDIN"),
            ("x-amz-date", "20200101T000000Z"),
            ("x-amz-security-token", "stand-in"),
            ("content-length", "1000"),
            ("x-amzn-trace-id", "Root=1"),
            ("expect", "100-continue"),
        ] {
            parts.headers.append(name, HeaderValue::from_static(value));
        }
        sign(&mut parts, vector.payload, &scope(service, region), &credentials(vector.token), now()).unwrap();
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential={KEY_ID}/20261130/{region}/{service}/aws4_request, SignedHeaders={}, Signature={}",
            vector.signed, vector.signature
        );
        let all = |name: HeaderName| {
            parts.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(all(AUTHORIZATION), [expected], "{uri}");
        assert_eq!(all(DATE), ["20261130T160000Z"]);
        assert_eq!(all(TOKEN), if vector.token { &["session/token+=="][..] } else { &[] });
        assert_eq!(all(PAYLOAD).len(), usize::from(service == "s3"), "{uri}");
    }
}

/// The hash of the guest's SDK is replaced by the host's.
#[test]
fn a_stated_hash_is_replaced() {
    for service in ["s3", "aoss"] {
        let mut parts = parts("GET", "https://a.example/", &[("x-amz-content-sha256", "0")]);
        sign(&mut parts, Payload::Bytes(b""), &scope(service, "eu-west-1"), &credentials(false), now()).unwrap();
        let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(parts.headers.get_all(PAYLOAD).iter().collect::<Vec<_>>(), [hash]);
    }
}

#[test]
fn what_cannot_be_signed_is_left_without_a_signature() {
    let latin = HeaderValue::from_bytes(b"caf\xe9").unwrap();
    let mut parts = parts("GET", "https://a.example/", &[("authorization", "AWS4-HMAC-SHA256 Credential=STANDIN")]);
    parts.headers.insert("x-amz-meta-a", latin);
    let scope = scope("s3", "eu-west-1");
    let error = sign(&mut parts, Payload::Bytes(b""), &scope, &credentials(false), now()).unwrap_err();
    assert_eq!(error, SignError::Header(HeaderName::from_static("x-amz-meta-a")));
    assert!(!parts.headers.contains_key(AUTHORIZATION));

    let mut relative = self::parts("GET", "/path", &[]);
    assert_eq!(sign(&mut relative, Payload::Bytes(b""), &scope, &credentials(false), now()), Err(SignError::Address));
    let broken = Credentials::new("a".to_owned(), "b".to_owned(), Some("a\nb".to_owned()), None);
    let mut parts = self::parts("GET", "https://a.example/", &[]);
    assert_eq!(sign(&mut parts, Payload::Bytes(b""), &scope, &broken, now()), Err(SignError::Credentials));
}

const VECTORS: &[Vector] = &[
    Vector {
        scope: ("dynamodb", "eu-west-1"),
        request: ("POST", "https://dynamodb.eu-west-1.amazonaws.com/"),
        headers: &[
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-target", "DynamoDB_20120810.ListTables"),
            ("user-agent", "sdk/1"),
        ],
        payload: Payload::Bytes("{}".as_bytes()),
        token: true,
        signed: "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
        signature: "74a8757de7c4f874209da8a9c642268b75979ae642599b424739c49491c7c2f1",
    },
    Vector {
        scope: ("dynamodb", "eu-west-1"),
        request: ("POST", "https://dynamodb.eu-west-1.amazonaws.com/"),
        headers: &[("x-amz-target", "DynamoDB_20120810.ListTables")],
        payload: Payload::Bytes("".as_bytes()),
        token: false,
        signed: "host;x-amz-date;x-amz-target",
        signature: "01570327a5f0a8819958841a1c6bc8ec51be655772a63eb897d0fec0348523ae",
    },
    Vector {
        scope: ("sqs", "us-east-1"),
        request: ("POST", "http://127.0.0.1:5000/"),
        headers: &[("content-type", "application/x-amz-json-1.0"), ("x-many", "  a   b  ")],
        payload: Payload::Bytes(THOUSAND.as_bytes()),
        token: true,
        signed: "content-type;host;x-amz-date;x-amz-security-token;x-many",
        signature: "8c3d1740574c598ef22c96cebda88fd9728992d5f044c8079f57112cb59a8484",
    },
    Vector {
        scope: ("lambda", "eu-west-1"),
        request: (
            "POST",
            "https://lambda.eu-west-1.amazonaws.com/2015-03-31/functions/arn%3Aaws%3Alambda/invocations?Qualifier=%24LATEST",
        ),
        headers: &[],
        payload: Payload::Bytes("{}".as_bytes()),
        token: true,
        signed: "host;x-amz-date;x-amz-security-token",
        signature: "6fa13165c8b46a2399265895588743f0b548581646837aeb9ee93fa2a62d9b3f",
    },
    Vector {
        scope: ("execute-api", "eu-west-1"),
        request: ("GET", "https://abc.execute-api.eu-west-1.amazonaws.com/a//b/./c/../d%20e/?z=1&a=2&a=1&empty=&flag"),
        headers: &[],
        payload: Payload::Bytes("".as_bytes()),
        token: true,
        signed: "host;x-amz-date;x-amz-security-token",
        signature: "510f76eeda7205337697130405d09c880b965b5cb6706a8596f880f37c1b2468",
    },
    Vector {
        scope: ("execute-api", "eu-west-1"),
        request: ("GET", "https://abc.execute-api.eu-west-1.amazonaws.com/%C3%A9%2F~x?q=a%2Bb%20c"),
        headers: &[],
        payload: Payload::Bytes("".as_bytes()),
        token: true,
        signed: "host;x-amz-date;x-amz-security-token",
        signature: "1787200313af1fb776c448a822b09b1e199386775ee224887f6d0152656eeea2",
    },
    Vector {
        scope: ("s3", "eu-west-1"),
        request: ("GET", "https://shop.s3.eu-west-1.amazonaws.com/"),
        headers: &[],
        payload: Payload::Bytes("".as_bytes()),
        token: true,
        signed: "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
        signature: "2c84dd7a9c37e89c96713b48e575d500a5de94a97a8df82ec8480a9afe96447b",
    },
    Vector {
        scope: ("s3", "eu-west-1"),
        request: ("GET", "https://shop.s3.eu-west-1.amazonaws.com/a%20b//./../c%2Fd/%C3%A9"),
        headers: &[],
        payload: Payload::Bytes("".as_bytes()),
        token: true,
        signed: "host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
        signature: "8b035395f611fcf52c2096664df3094e529df07cc7c1c2234c221a26d4ccc27b",
    },
    Vector {
        scope: ("s3", "eu-west-1"),
        request: ("GET", "https://shop.s3.eu-west-1.amazonaws.com/?list-type=2&prefix=a%2Fb%20c&delimiter=&versions"),
        headers: &[],
        payload: Payload::Bytes("".as_bytes()),
        token: false,
        signed: "host;x-amz-content-sha256;x-amz-date",
        signature: "dd0aa8f88f5a025dde78bbe31e7ced4b7093b2477c6f35db82b79c455d3a4a66",
    },
    Vector {
        scope: ("s3", "eu-west-1"),
        request: ("PUT", "http://127.0.0.1:5000/shop/key"),
        headers: &[("content-type", "text/plain"), ("x-amz-meta-a", "1")],
        payload: Payload::Bytes(THOUSAND.as_bytes()),
        token: true,
        signed: "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-security-token",
        signature: "de4af3646dbdc0befe2b1bd5aeb62f99eb8eed684bd781e7dbabc34ffadd7069",
    },
    Vector {
        scope: ("s3", "eu-west-1"),
        request: ("PUT", "https://shop.s3.eu-west-1.amazonaws.com/key"),
        headers: &[("content-type", "text/plain")],
        payload: Payload::Stated(Stated::Unsigned),
        token: true,
        signed: "content-type;host;x-amz-content-sha256;x-amz-date;x-amz-security-token",
        signature: "5ffae693414504c5046aab53b45f5f0e1f23d06fa28c9f24cafeafeb1427bf4b",
    },
    Vector {
        scope: ("s3", "eu-west-1"),
        request: ("PUT", "https://shop.s3.eu-west-1.amazonaws.com/key"),
        headers: &[
            ("content-encoding", "aws-chunked"),
            ("x-amz-decoded-content-length", "1"),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
        ],
        payload: Payload::Stated(Stated::UnsignedTrailer),
        token: true,
        signed: "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-security-token;x-amz-trailer",
        signature: "0fc935a4501c46074a930f6c2b81b18d24cc8c6c6174cab6c3e97ceac5278ff7",
    },
];
