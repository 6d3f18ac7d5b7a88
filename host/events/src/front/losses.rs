//! What the event of each front end loses of a request: one table, from which follow [`FrontKind::normal_form`] and the
//! table in `docs/limits.md`.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{COOKIE, HOST, HeaderName};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Request, Uri};

use super::alb::HeaderMode;
use super::{FrontKind, api_gateway_v1, api_gateway_v2};
use crate::http::target::{RequestTarget, grouped};
use crate::http::{headers, request};
use crate::json::MemberPath;

/// What an event loses of a request. What all events lose is in [`FrontKind::normal_form`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Losses {
    /// Of the path.
    pub path: PathLoss,
    /// Of the query.
    pub query: QueryLoss,
    /// Of headers that are repeated.
    pub headers: HeaderLoss,
    /// Whether the cookies come one by one, so that the white space between them is lost.
    pub cookies_split: bool,
    /// The headers that do not arrive.
    pub dropped: &'static [&'static str],
}

/// What an event loses of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathLoss {
    /// Nothing.
    Nothing,
    /// It is decoded: `%2F` is a `/`, and an encoded `?` ends the path.
    Decoded,
}

/// What an event loses of the query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueryLoss {
    /// Nothing.
    Nothing,
    /// Repeated keys are next to each other, and `flag` is `flag=`.
    Order,
    /// Of repeated keys the last counts, and `flag` is `flag=`.
    AllButLast,
    /// Besides the order, the spelling: it is decoded, and `;` separates as `&` does.
    Spelling,
}

/// What an event loses of headers that are repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderLoss {
    /// Nothing.
    Nothing,
    /// They are one, joined by this.
    Joined(&'static str),
    /// The last counts.
    AllButLast,
}

/// The header that states what the front end took away from the path. A client's own is not passed on.
const PREFIX: [&str; 1] = ["x-forwarded-prefix"];
/// Besides that, what a REST API does not pass on (AWS, "Amazon API Gateway important notes").
const PREFIX_AND_REST: [&str; 9] = [
    "x-forwarded-prefix",
    "content-md5",
    "expect",
    "max-forwards",
    "server",
    "te",
    "trailer",
    "upgrade",
    "www-authenticate",
];

impl FrontKind {
    /// What its event loses of a request.
    #[must_use]
    pub const fn losses(self) -> Losses {
        let nothing = Losses {
            path: PathLoss::Nothing,
            query: QueryLoss::Nothing,
            headers: HeaderLoss::Nothing,
            cookies_split: false,
            dropped: &[],
        };
        match self {
            Self::Alb(HeaderMode::Single) => {
                Losses { query: QueryLoss::AllButLast, headers: HeaderLoss::AllButLast, ..nothing }
            }
            Self::Alb(HeaderMode::Multi) | Self::Lattice2 => Losses { query: QueryLoss::Order, ..nothing },
            Self::Url => Losses { headers: HeaderLoss::Joined(","), ..nothing },
            Self::HttpApi2 => Losses {
                path: PathLoss::Decoded,
                headers: HeaderLoss::Joined(","),
                cookies_split: true,
                dropped: &PREFIX,
                ..nothing
            },
            Self::HttpApi1 => {
                Losses { path: PathLoss::Decoded, query: QueryLoss::Spelling, dropped: &PREFIX, ..nothing }
            }
            Self::Rest => Losses { query: QueryLoss::Spelling, dropped: &PREFIX_AND_REST, ..nothing },
            Self::Lattice1 => Losses { query: QueryLoss::AllButLast, headers: HeaderLoss::Joined(", "), ..nothing },
        }
    }

    /// The request that remains after a conversion to an event of this kind and back, without a stage in the path:
    /// `decode(event(request)) == normal_form(request)` for every request that can become an event.
    ///
    /// Besides the [`losses`](Self::losses), all events lose this:
    ///
    /// - Several `cookie` headers become one, joined by `; `, if all of them are kept.
    /// - Empty segments of a query between two `&`, where it is taken apart, and a `?` without a query.
    /// - The URI is absolute: its scheme is from `X-Forwarded-Proto`, its authority from the `host` header. Without that
    ///   header, the URI's own authority becomes the header.
    /// - Hop-by-hop headers, including those that `Connection` lists.
    /// - The HTTP version, the fragment, and the letter case of header names.
    #[must_use]
    pub fn normal_form(self, request: Request<Bytes>) -> Request<Bytes> {
        let losses = self.losses();
        let headers = losses.headers_left(request.headers(), request::host_of_target(&request));
        let target = losses.target_left(request.uri());
        let uri = target.and_then(|target| request::uri(target, &headers).ok());
        let uri = uri.unwrap_or_else(|| request.uri().clone());
        let method = request.method().clone();
        request::of_parts(method, uri, headers, request.into_body())
    }
}

impl Losses {
    fn target_left(self, sent: &Uri) -> Option<PathAndQuery> {
        let place = MemberPath::field("path");
        let mut target = match self.path {
            PathLoss::Nothing => RequestTarget::new(sent.path(), place).ok()?,
            PathLoss::Decoded => {
                RequestTarget::of_decoded(&api_gateway_v2::public_path(sent.path(), "$default"), place).ok()?
            }
        };
        let query = sent.query().unwrap_or_default();
        match self.query {
            QueryLoss::Nothing => target.set_query(query),
            QueryLoss::Order => {
                for (key, values) in grouped(query) {
                    values.iter().for_each(|value| target.push(key, value));
                }
            }
            QueryLoss::AllButLast => {
                for (key, values) in grouped(query) {
                    values.last().into_iter().for_each(|value| target.push(key, value));
                }
            }
            QueryLoss::Spelling => {
                for (key, values) in api_gateway_v1::decoded_query(query) {
                    values.iter().for_each(|value| target.push_decoded(&key, value));
                }
            }
        }
        target.finish().ok()
    }

    fn headers_left(self, sent: &HeaderMap, host: Option<HeaderValue>) -> HeaderMap {
        let own = sent.keys().filter(|name| !self.dropped.contains(&name.as_str())).flat_map(|name| {
            let values: Vec<_> = sent.get_all(name).iter().collect();
            self.values_left(name, &values).into_iter().map(|value| (name.clone(), value))
        });
        let mut left = HeaderMap::new();
        for (name, value) in host.map(|host| (HOST, host)).into_iter().chain(own) {
            // A full map has no room for the added host. `decode` rejects so many names anyway.
            if left.try_append(name, value).is_err() {
                break;
            }
        }
        headers::for_handler(&mut left);
        left
    }

    fn values_left(self, name: &HeaderName, values: &[&HeaderValue]) -> Vec<HeaderValue> {
        if *name == COOKIE && self.cookies_split {
            return split_cookies(values).into_iter().collect();
        }
        let separator = match self.headers {
            HeaderLoss::Nothing => return values.iter().map(|&value| value.clone()).collect(),
            HeaderLoss::AllButLast => return values.last().map(|&value| value.clone()).into_iter().collect(),
            HeaderLoss::Joined(_) if *name == COOKIE => "; ",
            HeaderLoss::Joined(separator) => separator,
        };
        let values: Vec<_> = values.iter().map(|value| value.as_bytes()).collect();
        HeaderValue::from_bytes(&values.join(separator.as_bytes())).into_iter().collect()
    }
}

fn split_cookies(values: &[&HeaderValue]) -> Option<HeaderValue> {
    let texts: Vec<Cow<'_, str>> = values.iter().map(|value| headers::text(value)).collect();
    let cookies = texts.iter().flat_map(|text| text.split(';')).map(str::trim).filter(|cookie| !cookie.is_empty());
    let joined = cookies.collect::<Vec<_>>().join("; ");
    if joined.is_empty() { None } else { HeaderValue::from_bytes(joined.as_bytes()).ok() }
}
