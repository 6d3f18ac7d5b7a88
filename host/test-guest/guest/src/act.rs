use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;
use wasip2::http::types::{ErrorCode, ResponseOutparam};

use crate::answer::Answer;
use crate::attack::Attack;
use crate::seen::Seen;
use crate::{
    blocking, entropy, fault, fetch, files, hoard, host_imports, memory, partial, raw_sockets, sockets, surroundings,
    tcp,
};

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
    /// `leak:COUNT`: creates and keeps COUNT host resources, then mirrors.
    Leak(usize),
    /// `handles`: creates host resources until the host refuses.
    ExhaustHandles,
    /// `grow`: allocates memory until it fails.
    ExhaustMemory,
    /// `exit:CODE`: exits with this status.
    Exit(i32),
    /// `noresponse`: returns without an answer.
    NoResponse,
    /// `error:TEXT`: answers with the error code `internal-error`.
    Error(&'a str),

    /// `trap-after-headers`: traps in the middle of the body.
    TrapAfterHeaders,
    /// `trap-after-body`: traps once the body is finished.
    TrapAfterBody,
    /// `early-drop`: drops the body without finishing it.
    EarlyDrop,
    /// `short-body`: states a longer `content-length` than it writes.
    ShortBody,
    /// `long-body`: states a shorter `content-length` than it writes.
    LongBody,
    /// `length-only:COUNT`: states COUNT as `content-length`, writes nothing, and panics if the host rejects that. Some
    /// frameworks answer HEAD in this way.
    LengthOnly(usize),
    /// `length-twice:COUNT`: states 5 and then COUNT as `content-length`, in each possible way. The body of five bytes
    /// says which ways were rejected.
    LengthTwice(&'a str),
    /// `finish-badly:COUNT`: states a longer `content-length` than it writes, and panics when the host rejects it.
    FinishBadly(usize),
    /// `exit-after-body:CODE`: exits with this status once the body is finished.
    ExitAfterBody(i32),
    /// `answer-once`: answers only the first of these requests in its instance.
    AnswerOnce,
    /// `early-sends:COUNT`: writes COUNT pieces of a request's body before it sends the request.
    EarlySends(usize),
    /// `endless-body`: writes until the host accepts no more.
    EndlessBody,
    /// `open-body`: writes, and returns without finishing or dropping the body.
    OpenBody,
    /// `chunks:COUNT`: writes COUNT bytes, and flushes each of them.
    Chunks(u64),
    /// `pieces:COUNT:MS`: writes COUNT lines, each with the time in nanoseconds since the Unix epoch, and waits for MS
    /// before each.
    Pieces(u64, Duration),
    /// `bulk:MIB`: writes this many MiB in pieces of 64 KiB, each of which begins with the time as a line.
    Bulk(u64),
    /// `head-trap`: traps after the head, without a byte of the body.
    HeadTrap,
    /// `begin-block:MS`: begins its body, and blocks the host's thread for this time; see [`blocking`].
    BeginBlock(Duration),
    /// `trailers`: ends the body with trailers.
    Trailers,
    /// `after:MS`: finishes the body, continues to work for this time, and prints a line at the end.
    WorkAfter(Duration),

    /// `grow:MIB`: allocates this much memory, then mirrors.
    Allocate(usize),
    /// `sleep:MS`: waits in the host, then mirrors.
    Sleep(Duration),
    /// `block:MS`: blocks the host's thread for this time, then mirrors; see [`blocking`].
    Block(Duration),
    /// `stdout:TEXT`: prints a line, then mirrors.
    Stdout(&'a str),
    /// `stderr:TEXT`: like `stdout`, on standard error.
    Stderr(&'a str),
    /// `print-long:COUNT`: prints a line of COUNT `x`, then mirrors.
    PrintLong(usize),

    /// `count`: reads the body and answers its length, `{"body_bytes"}`.
    Count,
    /// `ignore-body`: answers without reading the body.
    IgnoreBody,
    /// `state`: answers how many of these requests the instance has received, `{"requests"}`. 1 proves a fresh
    /// instance.
    State,
    /// `env`: see [`surroundings::answer`].
    Environment,
    /// `read:PATH`, `write:PATH` and `list:PATH`: see [`files`].
    File(files::Act, &'a str),
    /// `connect:ADDRESS`, `bind:ADDRESS` and `resolve:NAME:PORT`: see [`sockets`].
    Socket(sockets::Act, &'a str),
    /// `tcp:PLAN`: see [`tcp::answer`].
    Tcp(&'a str),
    /// `socket-refusals`: see [`raw_sockets::refusals`].
    SocketRefusals,
    /// `look-up:COUNT:LENGTH:SUFFIX`: see [`raw_sockets::look_up`].
    LookUp(&'a str),
    /// `drop-sockets:COUNT:HOST:PORT`: see [`raw_sockets::drop_early`].
    DropSockets(&'a str),
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
    /// `context`: see [`host_imports`].
    Context,
    /// `config:KEY`: see [`host_imports`].
    Config(&'a str),
    /// `log:LEVEL TIMES`: see [`host_imports`].
    Log(&'a str),
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
            "leak" => Self::Leak(number(argument)?),
            "handles" => Self::ExhaustHandles,
            "grow" if argument.is_empty() => Self::ExhaustMemory,
            "grow" => Self::Allocate(number(argument)?),
            "exit" => Self::Exit(number(argument)?),
            "noresponse" => Self::NoResponse,
            "error" => Self::Error(argument),
            "trap-after-headers" => Self::TrapAfterHeaders,
            "trap-after-body" => Self::TrapAfterBody,
            "early-drop" => Self::EarlyDrop,
            "short-body" => Self::ShortBody,
            "long-body" => Self::LongBody,
            "length-only" => Self::LengthOnly(number(argument)?),
            "length-twice" => Self::LengthTwice(argument),
            "finish-badly" => Self::FinishBadly(number(argument)?),
            "exit-after-body" => Self::ExitAfterBody(number(argument)?),
            "answer-once" => Self::AnswerOnce,
            "early-sends" => Self::EarlySends(number(argument)?),
            "endless-body" => Self::EndlessBody,
            "open-body" => Self::OpenBody,
            "chunks" => Self::Chunks(number(argument)?),
            "pieces" => {
                let (count, pause) = argument.split_once(':').unwrap_or((argument, "0"));
                Self::Pieces(number(count)?, milliseconds(pause)?)
            }
            "bulk" => Self::Bulk(number(argument)?),
            "head-trap" => Self::HeadTrap,
            "begin-block" => Self::BeginBlock(milliseconds(argument)?),
            "trailers" => Self::Trailers,
            "after" => Self::WorkAfter(milliseconds(argument)?),
            "sleep" => Self::Sleep(milliseconds(argument)?),
            "block" => Self::Block(milliseconds(argument)?),
            "stdout" => Self::Stdout(argument),
            "stderr" => Self::Stderr(argument),
            "print-long" => Self::PrintLong(number(argument)?),
            "count" => Self::Count,
            "ignore-body" => Self::IgnoreBody,
            "state" => Self::State,
            "env" => Self::Environment,
            "read" => Self::File(files::Act::Read, argument),
            "write" => Self::File(files::Act::Write, argument),
            "list" => Self::File(files::Act::List, argument),
            "connect" => Self::Socket(sockets::Act::Connect, argument),
            "bind" => Self::Socket(sockets::Act::Bind, argument),
            "resolve" => Self::Socket(sockets::Act::Resolve, argument),
            "tcp" => Self::Tcp(argument),
            "socket-refusals" => Self::SocketRefusals,
            "look-up" => Self::LookUp(argument),
            "drop-sockets" => Self::DropSockets(argument),
            "hold" => Self::Hold(argument),
            "random" => Self::Random,
            "fetch" => Self::Fetch(argument),
            "request" => Self::Request(argument),
            "search" => Self::Search(argument),
            "context" => Self::Context,
            "config" => Self::Config(argument),
            "log" => Self::Log(argument),
            _ => Self::Attack(Attack::instructed(name, argument)?),
        })
    }

    /// Performs the act, up to the end of the request.
    pub fn perform(self, seen: &Seen, out: ResponseOutparam) {
        match self {
            Self::Trap => fault::trap(),
            Self::Panic(text) => panic!("{text}"),
            Self::Spin => fault::spin(),
            Self::OverflowStack => fault::overflow_stack(),
            Self::ExhaustHandles => fault::exhaust_handles(),
            Self::ExhaustMemory => fault::exhaust_memory(),
            Self::Exit(code) => std::process::exit(code),
            Self::NoResponse => {}
            Self::AnswerOnce if requests() > 1 => {}
            Self::Error(text) => ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some(text.to_owned())))),
            Self::TrapAfterHeaders => partial::trap_after_headers(out),
            Self::TrapAfterBody => partial::trap_after_body(out),
            Self::EarlyDrop => partial::early_drop(out),
            Self::ShortBody => partial::stated_length(out, b"short", 10),
            Self::LongBody => partial::stated_length(out, b"much too long", 4),
            Self::LengthOnly(count) => partial::length_only(out, count),
            Self::LengthTwice(second) => partial::length_twice(out, second),
            Self::FinishBadly(stated) => partial::finish_badly(out, stated),
            Self::ExitAfterBody(code) => partial::exit_after_body(out, code),
            Self::EarlySends(count) => partial::early_sends(count),
            Self::EndlessBody => partial::endless(out),
            Self::OpenBody => partial::open(out),
            Self::Chunks(count) => partial::chunks(out, count),
            Self::Pieces(count, pause) => partial::pieces(out, count, pause),
            Self::Bulk(mebibytes) => partial::bulk(out, mebibytes),
            Self::HeadTrap => partial::head_trap(out),
            Self::BeginBlock(time) => partial::begin_block(out, time),
            Self::Trailers => partial::trailers(out),
            Self::WorkAfter(time) => partial::work_after(out, time),
            Self::Attack(attack) => attack.perform(seen, out),
            answered => answered.answer(seen).send(out),
        }
    }

    /// The answer of an act that sends a regular one. The default is the mirrored request.
    fn answer(self, seen: &Seen) -> Answer {
        match self {
            Self::Leak(count) => fault::leak_handles(count),
            Self::Allocate(mebibytes) => drop(fault::allocate(mebibytes)),
            Self::Sleep(time) => sleep(time),
            Self::Block(time) => {
                if let Err(reason) = blocking::block(time) {
                    return Answer::bad_instruction(reason);
                }
            }
            Self::Stdout(text) => println!("{text}"),
            Self::Stderr(text) => eprintln!("{text}"),
            Self::PrintLong(count) => println!("{}", "x".repeat(count)),
            Self::Count => return seen.measure(),
            Self::IgnoreBody => return Answer::text(200, "not read"),
            Self::State => return Answer::json(&json!({ "requests": requests() })),
            Self::Environment => return surroundings::answer(),
            Self::File(act, path) => return files::answer(act, path),
            Self::Socket(act, address) => return sockets::answer(act, address),
            Self::Tcp(plan) => return tcp::answer(plan),
            Self::SocketRefusals => return raw_sockets::refusals(),
            Self::LookUp(what) => return raw_sockets::look_up(what),
            Self::DropSockets(what) => return raw_sockets::drop_early(what),
            Self::Hold(what) => return hoard::answer(what, seen.request()).unwrap_or_else(Answer::bad_instruction),
            Self::Random => return entropy::answer(),
            Self::Fetch(url) => return fetch::answer(url),
            Self::Request(text) => return fetch::instructed(text),
            Self::Search(text) => return memory::answer(text),
            Self::Context => return host_imports::context(),
            Self::Config(key) => return host_imports::config(key),
            Self::Log(argument) => return host_imports::log(argument),
            _ => {}
        }
        seen.mirror()
    }
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
