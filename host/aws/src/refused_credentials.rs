//! Answers by which a service refuses the credentials of a signature.

use std::fmt;

/// The codes of such answers ("Common errors" in the API references of the services, "Error responses" in that of S3),
/// without the `Exception` that some services append.
const CODES: [&str; 10] = [
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignature",
    "InvalidToken",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClient",
];

/// A service does not accept the function's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedCredentials(&'static str);

impl RefusedCredentials {
    /// The refusal with this code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        let code = code.strip_suffix("Exception").unwrap_or(code);
        CODES.into_iter().find(|known| *known == code).map(Self)
    }

    /// The refusal whose code the body of an answer has: JSON's `__type`, or XML's `Code`.
    #[must_use]
    pub fn in_body(body: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(body);
        let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        words.find_map(Self::of_code)
    }
}

impl fmt::Display for RefusedCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AWS does not accept the function's credentials ({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_in_the_answers_of_all_protocols() {
        for (body, code) in [
            (
                r#"{"__type":"com.amazon.coral.service#ExpiredTokenException","message":"The token is old"}"#,
                "ExpiredToken",
            ),
            (r#"{"__type":"UnrecognizedClientException"}"#, "UnrecognizedClient"),
            ("<Error><Code>ExpiredToken</Code><Message>It is</Message></Error>", "ExpiredToken"),
            ("<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>", "SignatureDoesNotMatch"),
        ] {
            let refusal = RefusedCredentials::in_body(body.as_bytes()).unwrap();
            assert!(refusal.to_string().ends_with(&format!("({code})")), "{refusal}");
        }
        for body in [
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}"#,
            "<Error><Code>AccessDenied</Code></Error>",
            "ExpiredTokens",
            "\u{1F511}",
            "",
        ] {
            assert_eq!(RefusedCredentials::in_body(body.as_bytes()), None, "{body}");
        }
    }

    #[test]
    fn a_code_may_have_the_ending_of_an_exception() {
        assert_eq!(
            RefusedCredentials::of_code("InvalidSignatureException"),
            RefusedCredentials::of_code("InvalidSignature")
        );
        assert_eq!(RefusedCredentials::of_code("Exception"), None);
    }
}
