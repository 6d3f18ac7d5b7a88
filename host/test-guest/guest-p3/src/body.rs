use wasip3::http::types::{ErrorCode, Fields, Response, Trailers};
use wasip3::wit_bindgen::{FutureWriter, StreamWriter};
use wasip3::{wit_future, wit_stream};

/// The body of an answer that is under way. Dropped, it is broken off.
pub struct Body {
    stream: StreamWriter<u8>,
    end: FutureWriter<Result<Option<Trailers>, ErrorCode>>,
}

impl Body {
    /// A response with that status and those headers, and its body.
    pub fn start(status: u16, headers: &[(&str, &str)]) -> (Response, Self) {
        let (stream, reader) = wit_stream::new();
        let (end, ended) = wit_future::new(|| Err(ErrorCode::InternalError(Some("broken off".to_owned()))));
        let (response, _sent) = Response::new(fields(headers), Some(reader), ended);
        response.set_status_code(status).expect("the host takes every status that the acts have");
        (response, Self { stream, end })
    }

    /// Writes. Says whether the host took all of it.
    pub async fn write(&mut self, bytes: impl Into<Vec<u8>>) -> bool {
        self.stream.write_all(bytes.into()).await.is_empty()
    }

    pub async fn finish(self, trailers: Option<Trailers>) {
        drop(self.stream);
        if self.end.write(Ok(trailers)).await.is_err() {
            eprintln!("nobody waits for the body's end");
        }
    }
}

pub fn fields(entries: &[(&str, &str)]) -> Fields {
    let entries: Vec<_> = entries.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
    Fields::from_list(&entries).expect("the host takes every header that the acts have")
}
