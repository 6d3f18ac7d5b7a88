//! Attacks of a handler of 0.3 on its host, its neighbours or its log, and regular answers for comparison.

mod hold;
mod outgoing;
mod reply;

use std::hint::black_box;
use std::str::FromStr;

use wasip3::clocks::monotonic_clock::now;
use wasip3::http::types::{ErrorCode, Response};

use crate::answer::Answer;
use crate::output::{self, Standard};
use crate::seen::Seen;

/// An attack. The comment of each variant begins with its syntax. Numbers are decimal, and a URL comes last.
pub enum Attack<'a> {
    /// `say:TEXT`: answers this text.
    Say(&'a str),
    /// `echo`: answers with the request's body, as bytes.
    Echo,

    /// `fields:COUNT:BYTES`: keeps COUNT sets of headers with one value of BYTES bytes, then answers how many.
    Fields(usize, usize),
    /// `responses:COUNT`: keeps COUNT responses with headers of 100 kB, then answers how many.
    Responses(usize),
    /// `unread:COUNT`: keeps COUNT unread streams with a MiB written to each, then answers how many.
    Unread(usize),

    /// `call`: calls the host's clock forever.
    Call,
    /// `lines:BYTES`: prints BYTES line breaks, then answers how many.
    Lines(usize),
    /// `error-text:BYTES`: answers with an error code whose text consists of BYTES control characters.
    ErrorText(usize),
    /// `headers:COUNT:BYTES`: answers with COUNT headers of BYTES bytes.
    Headers(usize, usize),
    /// `empty-writes:COUNT`: makes COUNT empty writes to the answer's body, then writes a text.
    EmptyWrites(usize),

    /// `get:URL`: gets the URL, and describes the response as the guest of 0.2 does.
    Get(&'a str),
    /// `proxy:URL`: answers with the unchanged response of this URL.
    Proxy(&'a str),
    /// `proxy-own:URL`: answers with the body of that response in a new response.
    ProxyOwn(&'a str),
    /// `upload:BYTES:URL`: sends BYTES bytes, and describes the response.
    Upload(usize, &'a str),
    /// `flood:COUNT:URL`: gets the URL COUNT times, one after the other, and answers how many responses had 200.
    Flood(usize, &'a str),
    /// `drop:COUNT:URL`: starts COUNT requests, drops all of them, and says so. `#` in the URL becomes a number.
    Drop(usize, &'a str),
}

impl<'a> Attack<'a> {
    /// Parses an act that [`Act`](crate::act::Act) does not have.
    pub fn instructed(name: &str, argument: &'a str) -> Result<Self, String> {
        Ok(match name {
            "say" => Self::Say(argument),
            "echo" => Self::Echo,
            "fields" => pair(argument, Self::Fields)?,
            "responses" => Self::Responses(number(argument)?),
            "unread" => Self::Unread(number(argument)?),
            "call" => Self::Call,
            "lines" => Self::Lines(number(argument)?),
            "error-text" => Self::ErrorText(number(argument)?),
            "headers" => pair(argument, Self::Headers)?,
            "empty-writes" => Self::EmptyWrites(number(argument)?),
            "get" => Self::Get(argument),
            "proxy" => Self::Proxy(argument),
            "proxy-own" => Self::ProxyOwn(argument),
            "upload" => before_url(argument, Self::Upload)?,
            "flood" => before_url(argument, Self::Flood)?,
            "drop" => before_url(argument, Self::Drop)?,
            _ => return Err(format!("no act is called {name:?}")),
        })
    }

    /// Performs the attack. Its work after the answer continues on its own.
    pub async fn perform(self, seen: Seen) -> Result<Response, ErrorCode> {
        let said = match self {
            Self::Echo => return Ok(reply::echo(seen)),
            Self::ErrorText(bytes) => return Err(ErrorCode::InternalError(Some("\u{1}".repeat(bytes)))),
            Self::Headers(count, bytes) => return Ok(reply::headers(count, bytes)),
            Self::EmptyWrites(count) => return Ok(reply::empty_writes(count)),
            Self::Proxy(url) => return outgoing::proxy(url).await,
            Self::ProxyOwn(url) => return outgoing::proxy_own(url).await,
            Self::Call => loop {
                black_box(now());
            },
            Self::Say(text) => text.to_owned(),
            Self::Fields(count, bytes) => hold::fields(count, bytes),
            Self::Responses(count) => hold::responses(count),
            Self::Unread(count) => hold::unread(count),
            Self::Lines(bytes) => {
                output::line(Standard::Output, &"\n".repeat(bytes)).await;
                "lines".to_owned()
            }
            Self::Get(url) => outgoing::get(url).await,
            Self::Upload(bytes, url) => outgoing::upload(url, bytes).await,
            Self::Flood(count, url) => outgoing::flood(url, count).await,
            Self::Drop(count, url) => outgoing::drop_all(url, count).await,
        };
        Answer::text(200, said).send()
    }
}

fn number<N: FromStr>(argument: &str) -> Result<N, String> {
    argument.parse().map_err(|_| format!("{argument:?} is no number that this act takes"))
}

fn pair<A>(argument: &str, act: fn(usize, usize) -> A) -> Result<A, String> {
    let (first, second) = argument.split_once(':').ok_or("this act takes two numbers")?;
    Ok(act(number(first)?, number(second)?))
}

fn before_url<'a, N: FromStr, A>(argument: &'a str, act: fn(N, &'a str) -> A) -> Result<A, String> {
    let (first, url) = argument.split_once(':').ok_or("this act takes a number and a URL")?;
    Ok(act(number(first)?, url))
}
