//! `funcserver event`.

use clap::Args;
use http::{HeaderName, HeaderValue, Method, Uri};

use super::FrontArgs;

#[derive(Debug, Args)]
pub(crate) struct EventArgs {
    /// The method, such as GET
    #[arg(value_name = "METHOD", value_parser = method, required_unless_present = "list")]
    pub(crate) method: Option<Method>,
    /// The path with its query, percent-encoded as it is sent; or a whole URL, whose host is used
    #[arg(value_name = "PATH", value_parser = target, required_unless_present = "list")]
    pub(crate) target: Option<Uri>,
    /// A header; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// The body: a text, the content of a file (@FILE), or stdin (@-), byte for byte
    #[arg(short, long, value_name = "BODY")]
    pub(crate) data: Option<String>,
    #[command(flatten)]
    pub(crate) front: FrontArgs,
    /// Make the event of a health check, which has one header and no body
    #[arg(long, conflicts_with_all = ["headers", "data"])]
    pub(crate) health_check: bool,
    /// Print a sample of each kind of event, those that are not HTTP requests among them
    #[arg(long, exclusive = true)]
    pub(crate) list: bool,
}

pub(super) const HELP: &str = "\
The event is the one that funcserver serve makes for the same request to http://127.0.0.1:8080: with X-Forwarded-For, -Proto \
and -Port, and a new trace id. If there is a body, Content-Length is added. No other header is added. A body without a \
textual Content-Type becomes base64, as in the cloud. A request that the front end would reject is an error.

Examples:
  funcserver event GET /products | funcserver invoke -
  funcserver event GET '/search?q=tea' -H 'cookie: a=1' -H 'accept-language: de'
  funcserver event POST /orders -H 'content-type: application/json' -d @order.json > order.event.json
  funcserver event GET /health --health-check --multi-value-headers
  funcserver event GET /live/products --front rest --stage live
  funcserver event --list";

fn method(text: &str) -> Result<Method, String> {
    let upper = text.to_ascii_uppercase();
    if upper != text && STANDARD.contains(&upper.as_str()) {
        return Err(format!("methods are case-sensitive: write {upper}"));
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| "not a method, such as GET or POST".to_owned())
}

/// RFC 9110, section 9.3, and RFC 5789.
const STANDARD: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

fn target(text: &str) -> Result<Uri, String> {
    text.parse().map_err(|error| format!("{error}; percent-encode characters that a URL cannot contain, as in /a%20b"))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = text.split_once(':').ok_or("write it as 'name: value'")?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).map_err(|_| "not a valid header name")?;
    let value =
        HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| "the value contains control characters")?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_a_name_and_a_value() {
        let (name, value) = header("X-Odd:  a: b ").unwrap();
        assert_eq!((name.as_str(), value.as_bytes()), ("x-odd", b"a: b".as_slice()));
        assert_eq!(header("x:").unwrap().1, "");
        assert_eq!(header("x: süß").unwrap().1, "süß".as_bytes());
        for text in ["", "x", ": a", "a b: c", "x: a\nb: c"] {
            assert!(header(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_method_in_small_letters_is_a_slip() {
        assert!(method("get").unwrap_err().contains("GET"));
        assert_eq!(method("GET"), Ok(Method::GET));
        assert_eq!(method("purge").unwrap().as_str(), "purge");
        assert!(method("G T").is_err());
    }
}
