//! Makes the host hold as much memory as possible.

use std::any::Any;

use serde_json::json;
use wasip3::filesystem::preopens::get_directories;
use wasip3::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use wasip3::http::types::{Fields, Method, Request, Response};
use wasip3::{wit_future, wit_stream};

use crate::answer::Answer;

/// The longest text that some of these contain.
const LONG: usize = 60_000;

/// A value that is kept.
type Kept = Result<Box<dyn Any>, String>;

/// `KIND:COUNT`: creates COUNT values and keeps them until the answer. Answers their number, `{"held"}`, and the reason
/// why there are no more, `{"refused"}`.
pub async fn answer(instruction: &str) -> Result<Answer, String> {
    let (kind, count) = instruction.split_once(':').ok_or("no count")?;
    let count: usize = count.parse().map_err(|_| "the count is no number")?;
    let one = Fields::new();
    let mut kept = Vec::new();
    for at in 0..count {
        let made: Kept = match kind {
            "fields" => fields().map(|fields| Box::new(fields) as Box<dyn Any>),
            "one" => one.append(&format!("x-{at}"), b"").map(|()| nothing()).map_err(text),
            "responses" => response(),
            "methods" => method(),
            "paths" => path(),
            "files" => file().await.map(|file| Box::new(file) as Box<dyn Any>),
            "readers" => reader().await,
            "names" => return names().await,
            _ => return Err(format!("nothing is called {kind:?}")),
        };
        match made {
            Ok(one) => kept.push(one),
            Err(reason) => {
                drop(kept);
                return Ok(Answer::json(&json!({ "held": at, "refused": reason })));
            }
        }
    }
    drop(kept);
    Ok(Answer::json(&json!({ "held": count, "refused": null })))
}

fn nothing() -> Box<dyn Any> {
    Box::new(())
}

fn text(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

fn fields() -> Result<Fields, String> {
    let fields = Fields::new();
    fields.append("x", &vec![b'x'; LONG]).map_err(text)?;
    Ok(fields)
}

fn response() -> Kept {
    let (writer, contents) = wit_stream::new::<u8>();
    let (trailers, end) = wit_future::new(|| Ok(None));
    let (response, sent) = Response::new(fields()?, Some(contents), end);
    Ok(Box::new((response, sent, writer, trailers)))
}

fn request() -> Request {
    let (_, end) = wit_future::new(|| Ok(None));
    Request::new(Fields::new(), None, end, None).0
}

fn method() -> Kept {
    let request = request();
    request.set_method(&Method::Other("X".repeat(LONG))).map_err(|()| "too long")?;
    Ok(Box::new(request))
}

fn path() -> Kept {
    let request = request();
    request.set_path_with_query(Some(&format!("/{}", "x".repeat(LONG)))).map_err(|()| "refused")?;
    Ok(Box::new(request))
}

fn temporary() -> Result<Descriptor, String> {
    let found = get_directories().into_iter().find(|(_, name)| name == "/tmp");
    found.map(|(folder, _)| folder).ok_or_else(|| "there is no /tmp".to_owned())
}

async fn file() -> Result<Descriptor, String> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    let opened = temporary()?.open_at(PathFlags::empty(), "file".to_owned(), OpenFlags::CREATE, flags).await;
    opened.map_err(text)
}

/// Keeps a file open through its stream only.
async fn reader() -> Kept {
    Ok(Box::new(file().await?.read_via_stream(0)))
}

/// The entries of the temporary folder, `{"names"}`, and how its listing ended, `{"end"}`.
async fn names() -> Result<Answer, String> {
    for name in ["a", "b", "c"] {
        let made = temporary()?.create_directory_at(name.to_owned()).await;
        made.map_err(text)?;
    }
    let (entries, end) = temporary()?.read_directory();
    let mut names: Vec<_> = entries.collect().await.into_iter().map(|entry| entry.name).collect();
    names.sort();
    Ok(Answer::json(&json!({ "names": names, "end": format!("{:?}", end.await) })))
}
