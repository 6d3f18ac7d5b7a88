//! The checks of a request's head that a load balancer makes before it reads the body.

use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, Version, header};

use super::error_page::Refusal;
use super::forward::FORWARDED_FOR;

/// The longest request line and header line, in bytes.
const MAX_LINE: usize = 16 * 1024;
/// The longest head, in bytes.
const MAX_HEAD: usize = 64 * 1024;
/// The most addresses in `X-Forwarded-For`.
const MAX_FORWARDED: usize = 30;

/// Checks the head of a request.
pub(super) fn check(head: &Parts) -> Result<(), Refusal> {
    sizes(head)?;
    host(head)?;
    if head.method == Method::TRACE {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "TRACE is not allowed"));
    }
    if wants_upgrade(head) {
        return Err(bad("a Lambda function does not support upgrades to another protocol, such as WebSocket"));
    }
    if list(&head.headers, header::TRANSFER_ENCODING).any(|coding| !coding.eq_ignore_ascii_case(b"chunked")) {
        return Err(Refusal::new(StatusCode::NOT_IMPLEMENTED, "the only transfer encoding accepted is chunked"));
    }
    let forwarded = list(&head.headers, FORWARDED_FOR).count();
    if forwarded > MAX_FORWARDED {
        let detail = format!("X-Forwarded-For has {forwarded} addresses, at most {MAX_FORWARDED} are accepted");
        return Err(Refusal::new(StatusCode::from_u16(463).unwrap_or(StatusCode::BAD_REQUEST), detail));
    }
    Ok(())
}

fn sizes(head: &Parts) -> Result<(), Refusal> {
    let mut size = head.method.as_str().len() + target_len(head) + " HTTP/1.1".len() + 1;
    limit("the request line", size, MAX_LINE)?;
    for (name, value) in &head.headers {
        let line = name.as_str().len() + ": ".len() + value.len();
        limit(name.as_str(), line, MAX_LINE)?;
        size += line + "\r\n".len();
    }
    limit("the head", size, MAX_HEAD)
}

fn target_len(head: &Parts) -> usize {
    let origin = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let scheme = head.uri.scheme_str().map_or(0, |scheme| scheme.len() + "://".len());
    origin + scheme + head.uri.authority().map_or(0, |authority| authority.as_str().len())
}

fn limit(what: &str, size: usize, limit: usize) -> Result<(), Refusal> {
    if size > limit {
        return Err(bad(format!("{what} has {size} bytes, at most {limit} are accepted")));
    }
    Ok(())
}

/// Checks that an HTTP/1.1 request has exactly one `Host` (RFC 9112, section 3.2).
fn host(head: &Parts) -> Result<(), Refusal> {
    match head.headers.get_all(header::HOST).iter().count() {
        0 if head.version >= Version::HTTP_11 => Err(bad("an HTTP/1.1 request needs a Host header")),
        0 | 1 => Ok(()),
        count => Err(bad(format!("the request has {count} Host headers"))),
    }
}

/// Whether the request asks for an upgrade in `Upgrade` and `Connection` (RFC 9110, section 7.8). For WebSocket,
/// `Upgrade` alone is enough.
fn wants_upgrade(head: &Parts) -> bool {
    let named = list(&head.headers, header::CONNECTION).any(|option| option.eq_ignore_ascii_case(b"upgrade"));
    list(&head.headers, header::UPGRADE).any(|protocol| named || protocol.eq_ignore_ascii_case(b"websocket"))
}

/// The members of a comma-separated list, over all lines of the header.
fn list(headers: &HeaderMap, name: header::HeaderName) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(name).into_iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    lines.map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

fn bad(detail: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, detail)
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn status(request: http::request::Builder) -> u16 {
        let (head, ()) = request.header("host", "x").body(()).unwrap().into_parts();
        check(&head).map_or_else(|refusal| refusal.status.as_u16(), |()| 200)
    }

    #[test]
    fn the_limits_of_lines_and_head_are_exact() {
        // "GET " + target + " HTTP/1.1" and "a: " + value are 16 KiB each.
        assert_eq!(status(Request::get(format!("/{}", "x".repeat(16_384 - 14)))), 200);
        assert_eq!(status(Request::get(format!("/{}", "x".repeat(16_384 - 13)))), 400);
        assert_eq!(status(Request::get("/").header("a", "x".repeat(16_384 - 3))), 200);
        assert_eq!(status(Request::get("/").header("a", "x".repeat(16_384 - 2))), 400);

        // "GET / HTTP/1.1" (14), "host: x\r\n" (9), four lines of name, ": ", value, "\r\n".
        let four = |last: usize| {
            let full = "x".repeat(16_000);
            let request = Request::get("/").header("a", &full).header("b", &full).header("c", &full).header("d", &full);
            request.header("e", "x".repeat(last))
        };
        let rest = 65_536 - 14 - 9 - 4 * 16_005 - 5;
        assert_eq!(status(four(rest)), 200);
        assert_eq!(status(four(rest + 1)), 400);
    }

    #[test]
    fn addresses_are_counted_across_all_lines() {
        let lines = |last: &str| {
            let ten = ["10.0.0.1"; 10].join(", ");
            let request = Request::get("/").header("x-forwarded-for", &ten).header("x-forwarded-for", &ten);
            request.header("x-forwarded-for", format!("{ten}{last}"))
        };
        assert_eq!(status(lines("")), 200);
        assert_eq!(status(lines(",")), 200);
        assert_eq!(status(lines(",10.0.0.1")), 463);
    }

    #[test]
    fn upgrades_are_rejected_but_stray_headers_are_not() {
        assert_eq!(status(Request::get("/").header("connection", "keep-alive, Upgrade").header("upgrade", "h2c")), 400);
        assert_eq!(status(Request::get("/").header("upgrade", "WebSocket")), 400);
        assert_eq!(status(Request::get("/").header("upgrade", "h2c")), 200);
        assert_eq!(status(Request::get("/").header("connection", "upgrade")), 200);
    }

    #[test]
    fn odd_methods_codings_and_hosts() {
        assert_eq!(status(Request::builder().method("TRACE").uri("/")), 405);
        assert_eq!(status(Request::post("/").header("transfer-encoding", "gzip, chunked")), 501);
        assert_eq!(status(Request::get("/").header("host", "y")), 400);
    }
}
