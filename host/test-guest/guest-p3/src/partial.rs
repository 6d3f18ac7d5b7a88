//! Answers whose body is not written and finished at once. The response is returned first, and the spawned tasks of
//! these functions continue after that.

use std::time::Duration;

use wasip3::clocks::monotonic_clock::wait_for;
use wasip3::http::types::{ErrorCode, Fields, Response};
use wasip3::{spawn_local, wit_future};

use crate::act::nanoseconds;
use crate::body::{Body, fields};
use crate::fault;
use crate::seen::Seen;

/// The beginning of each body.
const BEGUN: &[u8] = b"begun";

type Handled = Result<Response, ErrorCode>;

/// Traps in the middle of the body.
pub fn trap_after_headers() -> Handled {
    begin(&[], async |_body| fault::trap())
}

/// Runs `end` once the body is finished.
pub fn after_body(end: impl FnOnce() + 'static) -> Handled {
    begin(&[], async |body| {
        body.finish(None).await;
        end();
    })
}

/// Drops the body, and reports with an error code that it is incomplete.
pub fn early_drop() -> Handled {
    begin(&[], async |body| drop(body))
}

/// States one length, and writes another.
pub fn stated_length(bytes: &'static [u8], stated: usize) -> Handled {
    let (response, mut body) = Body::start(200, &[("content-length", &stated.to_string())]);
    spawn_local(async move {
        body.write(bytes).await;
        body.finish(None).await;
    });
    Ok(response)
}

/// Writes until the host accepts no more.
pub fn endless() -> Handled {
    begin(&[], async |mut body| while body.write([b'.'; 4096]).await {})
}

/// Ends without finishing or dropping the body.
pub fn open() -> Handled {
    begin(&[], async |body| std::mem::forget(body))
}

/// Waits in a write before it returns the response.
pub async fn early_write() -> Handled {
    let (response, mut body) = Body::start(200, &[]);
    body.write(BEGUN).await;
    Ok(response)
}

/// Starts a write, and ends without waiting for it.
pub fn last_write() -> Handled {
    let (response, mut body) = Body::start(200, &[]);
    body.begin_write(BEGUN);
    std::mem::forget(body);
    Ok(response)
}

/// Writes the whole body, and traps before the host has noticed its end.
pub fn trap_in_end() -> Handled {
    begin(&[], async |body| {
        body.begin_finish();
        fault::trap();
    })
}

/// States the lengths 5 and `second` in each possible way. The body says for each way whether it was accepted.
pub fn length_twice(second: &str) -> Handled {
    const LENGTH: &str = "content-length";
    let (five, second) = (b"5".to_vec(), second.as_bytes().to_vec());
    let listed = Fields::from_list(&[(LENGTH.to_owned(), five.clone()), (LENGTH.to_owned(), second.clone())]);
    let set = Fields::new().set(LENGTH, &[five, second.clone()]);
    let headers = fields(&[(LENGTH, "5")]);
    let appended = headers.append("Content-Length", &second);
    let taken = [listed.is_ok(), set.is_ok(), appended.is_ok()].map(|taken| if taken { 'y' } else { 'n' });
    let (response, mut body) = Body::with(200, headers);
    spawn_local(async move {
        body.write(format!("{}..", String::from_iter(taken))).await;
        body.finish(None).await;
    });
    Ok(response)
}

/// Has no body.
pub fn none() -> Handled {
    let (_, ended) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(fields(&[]), None, ended);
    Ok(response)
}

/// Writes each of `count` bytes separately.
pub fn chunks(count: u64) -> Handled {
    let (response, mut body) = Body::start(200, &[]);
    spawn_local(async move {
        for _ in 0..count {
            body.write(b".").await;
        }
        body.finish(None).await;
    });
    Ok(response)
}

/// Ends the body with trailers.
pub fn trailers() -> Handled {
    begin(&[], async |body| body.finish(Some(fields(&[("x-trailer", "after the body")]))).await)
}

/// Waits in the middle of the body.
pub fn slow(time: Duration) -> Handled {
    begin(&[], async move |mut body| {
        wait_for(nanoseconds(time)).await;
        body.write(b" and ended").await;
        body.finish(None).await;
    })
}

/// Finishes the body, continues to work for this time, and prints a line at the end.
pub fn work_after(time: Duration) -> Handled {
    begin(&[], async move |body| {
        body.finish(None).await;
        wait_for(nanoseconds(time)).await;
        println!("worked after the answer");
    })
}

/// Writes the request's body in upper case as it arrives.
pub fn stream(seen: Seen) -> Handled {
    let (response, mut body) = Body::start(200, &[]);
    spawn_local(async move {
        let mut pieces = seen.pieces();
        while let Some(mut piece) = pieces.next().await {
            piece.make_ascii_uppercase();
            body.write(piece).await;
        }
        body.finish(None).await;
    });
    Ok(response)
}

/// Returns a response with the beginning of a body. `then` writes the rest.
fn begin<F: Future<Output = ()>>(headers: &[(&str, &str)], then: impl FnOnce(Body) -> F + 'static) -> Handled {
    let (response, mut body) = Body::start(200, headers);
    spawn_local(async move {
        body.write(BEGUN).await;
        then(body).await;
    });
    Ok(response)
}
