use std::io::{Error, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;

use crate::answer::Answer;

/// What to do on a connection, as base64url of JSON.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Plan {
    /// `HOST:PORT`.
    to: String,
    /// How many connections to open. The last one is used.
    connections: usize,
    /// What to send.
    send: String,
    /// How often.
    times: usize,
    /// How many bytes to receive; without it, all until the end.
    receive: Option<usize>,
    /// Whether to end what is sent first.
    end: bool,
    /// Whether to use the connection that an earlier request of this instance has kept, and to keep it.
    keep: bool,
    /// Time to wait before receiving.
    sleep_ms: u64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            to: String::new(),
            connections: 1,
            send: String::new(),
            times: 1,
            receive: Some(0),
            end: false,
            keep: false,
            sleep_ms: 0,
        }
    }
}

static KEPT: Mutex<Option<TcpStream>> = Mutex::new(None);

/// Answers with `{"received_b64", "connections"}`, or with `{"error", "kind", "connections"}`.
pub fn answer(plan: &str) -> Answer {
    let plan = BASE64_URL_SAFE_NO_PAD.decode(plan).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let Some(plan): Option<Plan> = plan else {
        return Answer::bad_instruction("a plan is base64url of JSON".to_owned());
    };
    let mut open = Vec::new();
    let done = perform(&plan, &mut open);
    Answer::json(&match done {
        Ok(received) => json!({ "received_b64": BASE64_STANDARD.encode(received), "connections": open.len() }),
        Err(error) => {
            json!({ "error": error.to_string(), "kind": format!("{:?}", error.kind()), "connections": open.len() })
        }
    })
}

fn perform(plan: &Plan, open: &mut Vec<TcpStream>) -> Result<Vec<u8>, Error> {
    let kept = if plan.keep { KEPT.lock().expect("one thread").take() } else { None };
    let mut stream = match kept {
        Some(stream) => stream,
        None => {
            for _ in 0..plan.connections {
                open.push(TcpStream::connect(&plan.to)?);
            }
            open.last().ok_or_else(|| Error::other("no connection"))?.try_clone().or_else(|_| {
                // Some hosts cannot share a socket between two handles.
                open.pop().ok_or_else(|| Error::other("no connection"))
            })?
        }
    };
    stream.set_nodelay(true)?;
    for _ in 0..plan.times {
        stream.write_all(plan.send.as_bytes())?;
    }
    if plan.end {
        stream.shutdown(std::net::Shutdown::Write)?;
    }
    std::thread::sleep(Duration::from_millis(plan.sleep_ms));
    let mut received = Vec::new();
    match plan.receive {
        Some(count) => {
            received.resize(count, 0);
            stream.read_exact(&mut received)?;
        }
        None => drop(stream.read_to_end(&mut received)?),
    }
    if plan.keep {
        *KEPT.lock().expect("one thread") = Some(stream);
    }
    Ok(received)
}
