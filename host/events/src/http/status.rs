//! Status codes of replies.

use http::StatusCode;

/// Whether a reply may have this status: 200 to 599. An informational status is not a final response.
pub(crate) fn is_sendable(status: StatusCode) -> bool {
    (200..600).contains(&status.as_u16())
}

/// Whether a response to a method other than `HEAD` has no body, whatever its headers say (RFC 9110, section 6.4.1).
pub(crate) fn is_bodiless(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// The reason phrase, or the name of the status class if the code has no registered phrase.
pub(crate) fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or(match status.as_u16() / 100 {
        1 => "Informational",
        2 => "Success",
        3 => "Redirection",
        4 => "Client Error",
        5 => "Server Error",
        _ => "Unknown",
    })
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    #[test]
    fn every_status_has_a_reason() {
        for (code, reason) in
            [(200, "OK"), (299, "Success"), (418, "I'm a teapot"), (499, "Client Error"), (599, "Server Error")]
        {
            assert_eq!(StatusCode::from_u16(code).map(super::reason).ok(), Some(reason), "{code}");
        }
    }
}
