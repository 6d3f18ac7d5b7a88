//! What a handler might do to its host, its neighbours or its log; and the plain answers that are asked for beside it.

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

/// An act, written as the variant's comment begins. Numbers are decimal; a URL comes last.
pub enum Attack<'a> {
    /// `say:TEXT`: answers this text.
    Say(&'a str),
    /// `echo`: answers with the request's body, as bytes.
    Echo,
    /// `keep-file:TEXT`: writes the text to a file in `/tmp`, reads it back and answers what it read.
    KeepFile(&'a str),

    /// `fields:COUNT:BYTES`: keeps so many sets of headers with one value of so many bytes, then says how many.
    Fields(usize, usize),
    /// `bodies:COUNT`: keeps so many outgoing bodies, each as full as it gets, then says how many.
    Bodies(usize),
    /// `listings:FILES:COUNT`: makes files with long names, and keeps so many listings of them, then says how many.
    Listings(usize, usize),
    /// `open:COUNT`: keeps so many files open, then says how many.
    Open(usize),
    /// `pollables:COUNT`: keeps so many pollables, then says how many.
    Pollables(usize),

    /// `fill:MIB`: fills so much memory in one instruction, for ever.
    Fill(usize),
    /// `copy:MIB`: copies so much memory in one instruction, for ever.
    Copy(usize),
    /// `poll:COUNT`: polls so many pollables at once, for ever.
    Poll(usize),
    /// `draw`: draws a MiB of random bytes at once, for ever.
    Draw,
    /// `call`: calls the host's clock, for ever.
    Call,
    /// `spin-after`: answers, and computes for ever.
    SpinAfter,

    /// `files:COUNT`: makes so many files in folders of a thousand, then says how many.
    Files(usize),
    /// `files-spin:COUNT`: the same, and computes for ever.
    FilesSpin(usize),
    /// `deep:COUNT`: makes so many folders, each in the one before, then says how many.
    Deep(usize),
    /// `sparse:MIB`: makes a file of that size with nothing in it, and reads it to its end.
    Sparse(u64),

    /// `lines:BYTES`: prints so many line breaks in one write, then says so.
    Lines(usize),
    /// `controls`: prints lines and JSON with every control character, then says so.
    Controls,
    /// `print-flood`: prints for ever.
    PrintFlood,

    /// `headers:COUNT:BYTES`: answers with so many headers of so many bytes.
    Headers(usize, usize),
    /// `cookies:COUNT`: answers with so many cookies.
    Cookies(usize),
    /// `empty-writes:COUNT`: writes so many times nothing to the answer's body, then a text.
    EmptyWrites(usize),
    /// `early-writes:COUNT`: writes so many bytes, each by itself, before it sets the response.
    EarlyWrites(usize),
    /// `error-text:BYTES`: answers with an error code whose text is that long and all control characters.
    ErrorText(usize),

    /// `get:URL`: gets it; see [`outgoing::get`].
    Get(&'a str),
    /// `get-within:MS:URL`: the same with every timeout set.
    GetWithin(u64, &'a str),
    /// `upload:BYTES:URL`: sends so many bytes; the same answer.
    Upload(usize, &'a str),
    /// `empty-upload:COUNT:URL`: writes so many times nothing to the body of a request.
    EmptyUpload(usize, &'a str),
    /// `flood:COUNT:URL`: gets it so often, eight at a time, and says how often it was answered with 200.
    Flood(usize, &'a str),
    /// `drop:COUNT:URL`: asks for it so often without waiting, drops all, and says so. `#` in the URL becomes a number.
    Drop(usize, &'a str),
}

impl<'a> Attack<'a> {
    /// Reads what an act that the tests do not have is to do.
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

    /// Does it, to the end of the request.
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
