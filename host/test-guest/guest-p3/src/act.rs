use std::future::pending;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::json;
use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::types::{ErrorCode, Response};

use crate::answer::Answer;
use crate::attack::Attack;
use crate::output::{self, Standard};
use crate::seen::Seen;
use crate::{entropy, fault, fetch, hoard, memory, partial, proxy, raw_sockets, surroundings, tcp};

/// The acts of `x-act`. The comment of each variant begins with its syntax. Numbers are decimal.
pub enum Act<'a> {
    /// `trap`: executes `unreachable`.
    Trap,
    /// `panic:TEXT`: panics with this message.
    Panic(&'a str),
    /// `spin`: computes forever.
    Spin,
    /// `stack`: recurses until the stack overflows.
    OverflowStack,
    /// `handles`: creates host resources until the host refuses.
    ExhaustHandles,
    /// `grow`: allocates memory until it fails.
    ExhaustMemory,
    /// `exit:CODE`: exits with this status.
    Exit(i32),
    /// `never`: waits for an event that never happens.
    Never,
    /// `error:TEXT`: answers with the error code `internal-error`.
    Error(&'a str),

    /// `trap-after-headers`: traps in the middle of the body.
    TrapAfterHeaders,
    /// `trap-after-body`: traps once the body is finished.
    TrapAfterBody,
    /// `spin-after-body`: computes forever once the body is finished.
    SpinAfterBody,
    /// `exit-after-body:CODE`: exits with this status once the body is finished.
    ExitAfterBody(i32),
    /// `early-drop`: drops the body, and reports with an error code that it is incomplete.
    EarlyDrop,
    /// `short-body`: states a longer `content-length` than it writes.
    ShortBody,
    /// `long-body`: states a shorter `content-length` than it writes.
    LongBody,
    /// `endless-body`: writes until the host accepts no more.
    EndlessBody,
    /// `open-body`: writes, and ends without finishing or dropping the body.
    OpenBody,
    /// `no-body`: answers without a body.
    NoBody,
    /// `length-only:COUNT`: states COUNT as `content-length`, and writes nothing, as in an answer to HEAD.
    LengthOnly(usize),
    /// `chunks:COUNT`: writes COUNT bytes, each in a separate write.
    Chunks(u64),
    /// `trailers`: ends the body with trailers.
    Trailers,
    /// `slow:MS`: waits for this time in the middle of the body.
    Slow(Duration),
    /// `after:MS`: finishes the body, continues to work for this time, and prints a line at the end.
    WorkAfter(Duration),

    /// `grow:MIB`: allocates this much memory, then mirrors.
    Allocate(usize),
    /// `streams:COUNT`: creates and keeps COUNT streams, then mirrors.
    Streams(usize),
    /// `sleep:MS`: waits in the host, then mirrors.
    Sleep(Duration),
    /// `block:MS`: like `sleep`, but with a call of 0.2, as in the standard library, which blocks the whole instance.
    Block(Duration),
    /// `stdout:TEXT`: writes a line to the stream of 0.3, then mirrors.
    Stdout(&'a str),
    /// `stderr:TEXT`: like `stdout`, on standard error.
    Stderr(&'a str),
    /// `print:TEXT`: prints a line with the standard library, which uses 0.2, then mirrors.
    Print(&'a str),
    /// `print-long:COUNT`: writes a line of COUNT `x` to standard output, then mirrors.
    PrintLong(usize),

    /// `hand-on:URL`: answers with the unchanged response of this URL.
    HandOn(&'a str),
    /// `wrap:URL`: puts the body stream of that response into a new response.
    Wrap(&'a str),
    /// `wrap-with-end:URL`: like `wrap`, and passes on how that stream ends.
    WrapWithEnd(&'a str),
    /// `wrap-stating:COUNT:URL`: like `wrap`, and states COUNT as `content-length`.
    WrapStating(usize, &'a str),
    /// `pump:URL`: copies the body stream of that response piece by piece, and passes on how it ends.
    Pump(&'a str),
    /// `file:PATH`: answers with the stream of a file.
    File(&'a str),
    /// `early-write`: creates a response and waits in a write to its body before returning it.
    EarlyWrite,
    /// `last-write`: begins a write and ends without waiting for it.
    LastWrite,
    /// `trap-in-end`: writes the whole body and traps before the host has taken note of its end.
    TrapInEnd,

    /// `length-twice:COUNT`: states 5 and then that `content-length`, each way that there is; says in the body, of five
    /// bytes, which ways were refused.
    LengthTwice(&'a str),

    /// `count`: reads the body and answers its length, `{"body_bytes"}`.
    Count,
    /// `ignore-body`: answers without reading the body.
    IgnoreBody,
    /// `stream`: answers at once, and writes each piece of the request's body as it comes, in capital letters.
    Stream,
    /// `state`: answers how many requests of this kind the instance has had, `{"requests"}`. 1 proves a fresh one.
    State,
    /// `env`: see [`surroundings::answer`].
    Environment,
    /// `hold:KIND:COUNT`: see [`hoard::answer`].
    Hold(&'a str),
    /// `random`: see [`entropy::answer`].
    Random,
    /// `fetch:URL`: see [`fetch::answer`].
    Fetch(&'a str),
    /// `request:TEXT`: see [`fetch::instructed`].
    Request(&'a str),
    /// `search:TEXT`: see [`memory::answer`].
    Search(&'a str),
    /// `tcp:HOST:PORT/TEXT`: see [`tcp::answer`].
    Tcp(&'a str),
    /// `socket-refusals`: see [`raw_sockets::refusals`].
    SocketRefusals,
    /// `look-up:COUNT:LENGTH:SUFFIX`: see [`raw_sockets::look_up`].
    LookUp(&'a str),
    /// `socket-pump:FROM/TO`: see [`raw_sockets::pump`].
    SocketPump(&'a str),
    /// `socket-print:FROM`: see [`raw_sockets::print`].
    SocketPrint(&'a str),
    /// `socket-body:FROM`: see [`raw_sockets::body`].
    SocketBody(&'a str),
    /// Anything else: see [`Attack`].
    Attack(Attack<'a>),
}

impl<'a> Act<'a> {
    /// Reads `name` or `name:argument`.
    pub fn instructed(instruction: &'a str) -> Result<Self, String> {
        let (name, argument) = instruction.split_once(':').unwrap_or((instruction, ""));
        Ok(match name {
            "trap" => Self::Trap,
            "panic" => Self::Panic(argument),
            "spin" => Self::Spin,
            "stack" => Self::OverflowStack,
            "handles" => Self::ExhaustHandles,
            "grow" if argument.is_empty() => Self::ExhaustMemory,
            "grow" => Self::Allocate(number(argument)?),
            "exit" => Self::Exit(number(argument)?),
            "never" => Self::Never,
            "error" => Self::Error(argument),
            "trap-after-headers" => Self::TrapAfterHeaders,
            "trap-after-body" => Self::TrapAfterBody,
            "spin-after-body" => Self::SpinAfterBody,
            "exit-after-body" => Self::ExitAfterBody(number(argument)?),
            "early-drop" => Self::EarlyDrop,
            "short-body" => Self::ShortBody,
            "long-body" => Self::LongBody,
            "endless-body" => Self::EndlessBody,
            "open-body" => Self::OpenBody,
            "no-body" => Self::NoBody,
            "length-only" => Self::LengthOnly(number(argument)?),
            "chunks" => Self::Chunks(number(argument)?),
            "trailers" => Self::Trailers,
            "slow" => Self::Slow(milliseconds(argument)?),
            "after" => Self::WorkAfter(milliseconds(argument)?),
            "streams" => Self::Streams(number(argument)?),
            "sleep" => Self::Sleep(milliseconds(argument)?),
            "block" => Self::Block(milliseconds(argument)?),
            "stdout" => Self::Stdout(argument),
            "stderr" => Self::Stderr(argument),
            "print" => Self::Print(argument),
            "print-long" => Self::PrintLong(number(argument)?),
            "hand-on" => Self::HandOn(argument),
            "wrap" => Self::Wrap(argument),
            "wrap-with-end" => Self::WrapWithEnd(argument),
            "wrap-stating" => {
                let (count, url) = argument.split_once(':').ok_or("a count and a URL are needed")?;
                Self::WrapStating(number(count)?, url)
            }
            "pump" => Self::Pump(argument),
            "file" => Self::File(argument),
            "early-write" => Self::EarlyWrite,
            "last-write" => Self::LastWrite,
            "trap-in-end" => Self::TrapInEnd,
            "length-twice" => Self::LengthTwice(argument),
            "count" => Self::Count,
            "ignore-body" => Self::IgnoreBody,
            "stream" => Self::Stream,
            "state" => Self::State,
            "env" => Self::Environment,
            "hold" => Self::Hold(argument),
            "random" => Self::Random,
            "tcp" => Self::Tcp(argument),
            "socket-refusals" => Self::SocketRefusals,
            "look-up" => Self::LookUp(argument),
            "socket-pump" => Self::SocketPump(argument),
            "socket-print" => Self::SocketPrint(argument),
            "socket-body" => Self::SocketBody(argument),
            "fetch" => Self::Fetch(argument),
            "request" => Self::Request(argument),
            "search" => Self::Search(argument),
            _ => Self::Attack(Attack::instructed(name, argument)?),
        })
    }

    /// Does it. What it does after its answer goes on by itself.
    pub async fn perform(self, seen: Seen) -> Result<Response, ErrorCode> {
        match self {
            Self::Trap => fault::trap(),
            Self::Panic(text) => panic!("{text}"),
            Self::Spin => fault::spin(),
            Self::OverflowStack => fault::overflow_stack(),
            Self::ExhaustHandles => fault::exhaust_handles(),
            Self::ExhaustMemory => fault::exhaust_memory(),
            Self::Exit(code) => std::process::exit(code),
            Self::Never => pending().await,
            Self::Error(text) => Err(ErrorCode::InternalError(Some(text.to_owned()))),
            Self::TrapAfterHeaders => partial::trap_after_headers(),
            Self::TrapAfterBody => partial::after_body(|| fault::trap()),
            Self::SpinAfterBody => partial::after_body(|| fault::spin()),
            Self::ExitAfterBody(code) => partial::after_body(move || std::process::exit(code)),
            Self::EarlyDrop => partial::early_drop(),
            Self::ShortBody => partial::stated_length(b"short", 10),
            Self::LongBody => partial::stated_length(b"much too long", 4),
            Self::EndlessBody => partial::endless(),
            Self::OpenBody => partial::open(),
            Self::NoBody => partial::none(),
            Self::LengthOnly(count) => partial::stated_length(b"", count),
            Self::Chunks(count) => partial::chunks(count),
            Self::Trailers => partial::trailers(),
            Self::Slow(time) => partial::slow(time),
            Self::WorkAfter(time) => partial::work_after(time),
            Self::Stream => partial::stream(seen),
            Self::Attack(attack) => attack.perform(seen).await,
            Self::LengthTwice(second) => partial::length_twice(second),
            Self::EarlyWrite => partial::early_write().await,
            Self::LastWrite => partial::last_write(),
            Self::TrapInEnd => partial::trap_in_end(),
            Self::HandOn(url) => proxy::hand_on(url).await,
            Self::Wrap(url) => proxy::wrap(url, None).await,
            Self::WrapStating(count, url) => proxy::wrap(url, Some(count)).await,
            Self::WrapWithEnd(url) => proxy::wrap_with_end(url).await,
            Self::Pump(url) => proxy::pump(url).await,
            Self::File(path) => proxy::file(path).await,
            Self::SocketBody(from) => raw_sockets::body(from).await,
            answered => answered.answer(seen).await.send(),
        }
    }

    /// The answer of an act that sends a regular one. The default is the mirrored request.
    async fn answer(self, seen: Seen) -> Answer {
        match self {
            Self::Allocate(mebibytes) => drop(fault::allocate(mebibytes)),
            Self::Streams(count) => fault::keep_streams(count),
            Self::Sleep(time) => wait_for(nanoseconds(time)).await,
            Self::Block(time) => std::thread::sleep(time),
            Self::Stdout(text) => output::line(Standard::Output, text).await,
            Self::Stderr(text) => output::line(Standard::Error, text).await,
            Self::Print(text) => println!("{text}"),
            Self::PrintLong(count) => output::line(Standard::Output, &"x".repeat(count)).await,
            Self::Count => return seen.measure().await,
            Self::IgnoreBody => return Answer::text(200, "not read"),
            Self::State => return Answer::json(&json!({ "requests": requests() })),
            Self::Environment => return surroundings::answer(),
            Self::Hold(what) => return hoard::answer(what).await.unwrap_or_else(|reason| Answer::text(400, reason)),
            Self::Random => return entropy::answer(),
            Self::Tcp(to) => return tcp::answer(to).await,
            Self::SocketRefusals => return raw_sockets::refusals().await,
            Self::LookUp(what) => return raw_sockets::look_up(what).await,
            Self::SocketPump(servers) => return raw_sockets::pump(servers).await,
            Self::SocketPrint(from) => return raw_sockets::print(from).await,
            Self::Fetch(url) => return fetch::answer(url).await,
            Self::Request(text) => return fetch::instructed(text).await,
            Self::Search(text) => return memory::answer(text),
            _ => {}
        }
        seen.mirror().await
    }
}

/// The duration in the unit of the clock of 0.3.
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn number<N: FromStr>(argument: &str) -> Result<N, String> {
    argument.parse().map_err(|_| format!("{argument:?} is no number that this act takes"))
}

fn milliseconds(argument: &str) -> Result<Duration, String> {
    number(argument).map(Duration::from_millis)
}

/// The number of these requests that this instance has received, including this one.
fn requests() -> u64 {
    static BEFORE: AtomicU64 = AtomicU64::new(0);
    BEFORE.fetch_add(1, Ordering::Relaxed) + 1
}
