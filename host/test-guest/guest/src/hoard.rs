//! Makes the host hold as much memory as possible.

use std::any::Any;

use serde_json::json;
use wasip2::filesystem::preopens::get_directories;
use wasip2::filesystem::types::{Descriptor, DescriptorFlags, OpenFlags, PathFlags};
use wasip2::http::types::{Fields, IncomingRequest, Method, OutgoingRequest, OutgoingResponse};

use crate::answer::Answer;

/// The longest text that some of these contain.
const LONG: usize = 60_000;

/// A value that is kept.
type Kept = Result<Box<dyn Any>, String>;

/// `KIND:COUNT`: creates COUNT values and keeps them until the answer. Answers their number, `{"held"}`, and the reason
/// why there are no more, `{"refused"}`. `dropped` keeps none, and `asleep` allocates COUNT MiB and sleeps.
pub fn answer(instruction: &str, request: &IncomingRequest) -> Result<Answer, String> {
    let (kind, count) = instruction.split_once(':').ok_or("no count")?;
    let count: usize = count.parse().map_err(|_| "the count is no number")?;
    let mut make: Box<dyn FnMut(usize) -> Kept> = match kind {
        "fields" => Box::new(|_| fields(&long())),
        "lists" => Box::new(|_| fields(&vec![(String::from("x"), Vec::new()); 1000])),
        "copies" => Box::new(|_| copy(request)),
        "dropped" => Box::new(|_| fields(&long()).map(|_| nothing())),
        "asleep" => Box::new(move |_| {
            let memory = crate::fault::allocate(count);
            std::thread::sleep(std::time::Duration::from_secs(60));
            Ok(Box::new(memory))
        }),
        "one" => {
            let fields = Fields::new();
            Box::new(move |at| fields.append(&format!("x-{at}"), b"").map(|()| nothing()).map_err(text))
        }
        "bodies" => Box::new(|_| body()),
        "methods" => Box::new(|_| {
            let request = OutgoingRequest::new(Fields::new());
            request.set_method(&Method::Other("X".repeat(LONG))).map_err(|()| "too long")?;
            Ok(Box::new(request))
        }),
        "paths" => Box::new(|_| {
            let request = OutgoingRequest::new(Fields::new());
            request.set_path_with_query(Some(&format!("/{}", "x".repeat(LONG)))).map_err(|()| "refused")?;
            Ok(Box::new(request))
        }),
        "files" => Box::new(|_| Ok(Box::new(open("file")?))),
        "readers" => Box::new(|_| reader()),
        "listings" => Box::new(|_| Ok(Box::new(temporary()?.read_directory().map_err(text)?))),
        "deep" => {
            let mut folder = temporary()?;
            Box::new(move |_| deeper(&mut folder).map(|()| nothing()))
        }
        "wide" => Box::new(|at| std::fs::write(format!("/tmp/{at}"), "").map(|()| nothing()).map_err(text)),
        _ => return Err(format!("nothing is called {kind:?}")),
    };
    let mut kept = Vec::new();
    for at in 0..count {
        match make(at) {
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

fn long() -> [(String, Vec<u8>); 1] {
    [(String::from("x"), vec![b'x'; LONG])]
}

fn fields(list: &[(String, Vec<u8>)]) -> Kept {
    Ok(Box::new(Fields::from_list(list).map_err(text)?))
}

/// Copies the fields of the request, and adds one.
fn copy(request: &IncomingRequest) -> Kept {
    let copy = request.headers().clone();
    copy.append("x-more", b"1").map_err(text)?;
    Ok(Box::new(copy))
}

/// Writes as much as the host accepts.
fn body() -> Kept {
    let response = OutgoingResponse::new(Fields::new());
    let body = response.body().map_err(|()| "no body")?;
    let stream = body.write().map_err(|()| "no stream")?;
    let piece = vec![0; 1 << 20];
    while let Ok(room @ 1..) = stream.check_write() {
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(piece.len());
        stream.write(&piece[..room]).map_err(text)?;
    }
    // A part of another value must be dropped first.
    Ok(Box::new((stream, body, response)))
}

fn temporary() -> Result<Descriptor, String> {
    let found = get_directories().into_iter().find(|(_, name)| name == "/tmp");
    found.map(|(folder, _)| folder).ok_or_else(|| "there is no /tmp".to_owned())
}

fn open(name: &str) -> Result<Descriptor, String> {
    let flags = DescriptorFlags::READ | DescriptorFlags::WRITE;
    temporary()?.open_at(PathFlags::empty(), name, OpenFlags::CREATE, flags).map_err(text)
}

/// Keeps a file open through its stream only.
fn reader() -> Kept {
    let file = open("file")?;
    file.set_size(1 << 20).map_err(text)?;
    let stream = file.read_via_stream(0).map_err(text)?;
    stream.read(1 << 20).map_err(text)?;
    stream.subscribe().block();
    Ok(Box::new(stream))
}

fn deeper(folder: &mut Descriptor) -> Result<(), String> {
    folder.create_directory_at("d").map_err(text)?;
    let flags = DescriptorFlags::READ | DescriptorFlags::MUTATE_DIRECTORY;
    *folder = folder.open_at(PathFlags::empty(), "d", OpenFlags::DIRECTORY, flags).map_err(text)?;
    Ok(())
}
