//! Attacks of a handler on its host, its neighbours or its log, and regular answers for comparison.

mod exchange;
mod folder;
mod hold;
mod outgoing;
mod output;
mod reply;
mod time;

use std::str::FromStr;

use wasip2::http::types::ResponseOutparam;

use crate::answer::Answer;
use crate::seen::Seen;

/// An attack. The comment of each variant begins with its syntax. Numbers are decimal, and a URL comes last.
pub enum Attack<'a> {
    /// `say:TEXT`: answers this text.
    Say(&'a str),
    /// `echo`: answers with the request's body, as bytes.
    Echo,
    /// `keep-file:TEXT`: writes the text to a file in `/tmp`, reads it back and answers what it read.
    KeepFile(&'a str),

    /// `fields:COUNT:BYTES`: keeps COUNT sets of headers with one value of BYTES bytes, then answers how many.
    Fields(usize, usize),
    /// `bodies:COUNT`: keeps COUNT outgoing bodies, each as full as possible, then answers how many.
    Bodies(usize),
    /// `listings:FILES:COUNT`: creates FILES files with long names, keeps COUNT listings of them, then answers how
    /// many.
    Listings(usize, usize),
    /// `open:COUNT`: keeps COUNT files open, then answers how many.
    Open(usize),
    /// `pollables:COUNT`: keeps COUNT pollables, then answers how many.
    Pollables(usize),

    /// `fill:MIB`: fills this much memory with one instruction, forever.
    Fill(usize),
    /// `copy:MIB`: copies this much memory with one instruction, forever.
    Copy(usize),
    /// `poll:COUNT`: polls COUNT pollables in one call, forever.
    Poll(usize),
    /// `draw`: reads a MiB of random bytes in one call, forever.
    Draw,
    /// `call`: calls the host's clock forever.
    Call,
    /// `spin-after`: answers, then computes forever.
    SpinAfter,

    /// `files:COUNT`: creates COUNT files in folders of a thousand, then answers how many.
    Files(usize),
    /// `files-spin:COUNT`: like `files`, then computes forever.
    FilesSpin(usize),
    /// `deep:COUNT`: creates COUNT nested folders, then answers how many.
    Deep(usize),
    /// `sparse:MIB`: creates a sparse file of this size, and reads it to its end.
    Sparse(u64),

    /// `lines:BYTES`: prints BYTES line breaks in one write, then answers how many.
    Lines(usize),
    /// `controls`: prints lines and JSON with every control character, then says so.
    Controls,
    /// `print-flood`: prints forever.
    PrintFlood,

    /// `headers:COUNT:BYTES`: answers with COUNT headers of BYTES bytes.
    Headers(usize, usize),
    /// `cookies:COUNT`: answers with COUNT cookies.
    Cookies(usize),
    /// `empty-writes:COUNT`: makes COUNT empty writes to the answer's body, then writes a text.
    EmptyWrites(usize),
    /// `early-writes:COUNT`: writes COUNT bytes, each separately, before it sets the response.
    EarlyWrites(usize),
    /// `error-text:BYTES`: answers with an error code whose text consists of BYTES control characters.
    ErrorText(usize),

    /// `get:URL`: gets the URL; see [`outgoing::get`].
    Get(&'a str),
    /// `get-within:MS:URL`: like `get`, with every timeout set.
    GetWithin(u64, &'a str),
    /// `upload:BYTES:URL`: sends BYTES bytes, with the same answer.
    Upload(usize, &'a str),
    /// `empty-upload:COUNT:URL`: makes COUNT empty writes to the body of a request.
    EmptyUpload(usize, &'a str),
    /// `flood:COUNT:URL`: gets the URL COUNT times, eight at a time, and answers how many responses had 200.
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
            "keep-file" => Self::KeepFile(argument),
            "fields" => pair(argument, Self::Fields)?,
            "bodies" => Self::Bodies(number(argument)?),
            "listings" => pair(argument, Self::Listings)?,
            "open" => Self::Open(number(argument)?),
            "pollables" => Self::Pollables(number(argument)?),
            "fill" => Self::Fill(number(argument)?),
            "copy" => Self::Copy(number(argument)?),
            "poll" => Self::Poll(number(argument)?),
            "draw" => Self::Draw,
            "call" => Self::Call,
            "spin-after" => Self::SpinAfter,
            "files" => Self::Files(number(argument)?),
            "files-spin" => Self::FilesSpin(number(argument)?),
            "deep" => Self::Deep(number(argument)?),
            "sparse" => Self::Sparse(number(argument)?),
            "lines" => Self::Lines(number(argument)?),
            "controls" => Self::Controls,
            "print-flood" => Self::PrintFlood,
            "headers" => pair(argument, Self::Headers)?,
            "cookies" => Self::Cookies(number(argument)?),
            "empty-writes" => Self::EmptyWrites(number(argument)?),
            "early-writes" => Self::EarlyWrites(number(argument)?),
            "error-text" => Self::ErrorText(number(argument)?),
            "get" => Self::Get(argument),
            "get-within" => before_url(argument, Self::GetWithin)?,
            "upload" => before_url(argument, Self::Upload)?,
            "empty-upload" => before_url(argument, Self::EmptyUpload)?,
            "flood" => before_url(argument, Self::Flood)?,
            "drop" => before_url(argument, Self::Drop)?,
            _ => return Err(format!("no act is called {name:?}")),
        })
    }

    /// Performs the attack, up to the end of the request.
    pub fn perform(self, seen: &Seen, out: ResponseOutparam) {
        let said = match self {
            Self::Echo => return reply::echo(seen, out),
            Self::SpinAfter => return reply::spin_after(out),
            Self::Headers(count, bytes) => return reply::headers(out, count, bytes),
            Self::Cookies(count) => return reply::cookies(out, count),
            Self::EmptyWrites(count) => return reply::empty_writes(out, count),
            Self::EarlyWrites(count) => return reply::early_writes(out, count),
            Self::ErrorText(bytes) => return reply::error_text(out, bytes),
            Self::Say(text) => text.to_owned(),
            Self::KeepFile(text) => folder::keep(text),
            Self::Fields(count, bytes) => hold::fields(count, bytes),
            Self::Bodies(count) => hold::bodies(count),
            Self::Listings(files, count) => hold::listings(files, count),
            Self::Open(count) => hold::open(count),
            Self::Pollables(count) => hold::pollables(count),
            Self::Fill(mebibytes) => time::fill(mebibytes),
            Self::Copy(mebibytes) => time::copy(mebibytes),
            Self::Poll(count) => time::poll(count),
            Self::Draw => time::draw(),
            Self::Call => time::call(),
            Self::Files(count) => folder::files(count),
            Self::FilesSpin(count) => {
                folder::files(count);
                time::call()
            }
            Self::Deep(count) => folder::deep(count),
            Self::Sparse(mebibytes) => folder::sparse(mebibytes),
            Self::Lines(bytes) => output::lines(bytes),
            Self::Controls => output::controls(),
            Self::PrintFlood => output::flood(),
            Self::Get(url) => outgoing::get(url, None),
            Self::GetWithin(milliseconds, url) => outgoing::get(url, Some(milliseconds)),
            Self::Upload(bytes, url) => outgoing::upload(url, bytes),
            Self::EmptyUpload(count, url) => outgoing::empty_upload(url, count),
            Self::Flood(count, url) => outgoing::flood(url, count),
            Self::Drop(count, url) => outgoing::drop_all(url, count),
        };
        Answer::text(200, said).send(out);
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
