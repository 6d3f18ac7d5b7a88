//! Requests to other servers.

use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use wasip2::http::outgoing_handler;
use wasip2::http::types::{self, FutureIncomingResponse, IncomingResponse, OutgoingRequest, Scheme};

use crate::reactor::Ready;
use crate::{Body, Error, body, fields};

pub(crate) async fn fetch<B>(request: Request<B>) -> Result<Response<Body>, Error>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Error>,
{
    let (head, content) = request.into_parts();
    let content = content.map_err(Into::into).boxed_unsync();
    let mut headers = head.headers;
    if let (Some(length), false) = (content.size_hint().exact(), headers.contains_key(http::header::CONTENT_LENGTH))
        && length > 0
    {
        headers.insert(http::header::CONTENT_LENGTH, length.into());
    }
    let outgoing = OutgoingRequest::new(fields::write(&headers));
    address(&outgoing, &head.method, &head.uri)?;
    let to = outgoing.body().map_err(|()| "the host gives no body for the request")?;
    let response = outgoing_handler::handle(outgoing, None).map_err(|code| failed(&head.uri, &code))?;
    // At the same time: the server may answer before it has read everything.
    tokio::spawn(async move {
        if let Err(error) = body::send(content, to).await {
            eprintln!("the body of a request broke off: {error}");
        }
    });
    read(arrived(&response, &head.uri).await?)
}

fn address(request: &OutgoingRequest, method: &Method, uri: &Uri) -> Result<(), Error> {
    let malformed = |()| format!("the host refuses the address {uri}");
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(format!("{uri} has no scheme and host, as https://api.example.com/orders has").into());
    };
    let scheme = match scheme {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        other => Scheme::Other(other.to_owned()),
    };
    request.set_method(&types::Method::Other(method.as_str().to_owned())).map_err(malformed)?;
    request.set_scheme(Some(&scheme)).map_err(malformed)?;
    request.set_authority(Some(authority.as_str())).map_err(malformed)?;
    request.set_path_with_query(uri.path_and_query().map(http::uri::PathAndQuery::as_str)).map_err(malformed)?;
    Ok(())
}

async fn arrived(response: &FutureIncomingResponse, uri: &Uri) -> Result<IncomingResponse, Error> {
    loop {
        match response.get() {
            Some(Ok(arrived)) => return arrived.map_err(|code| failed(uri, &code)),
            Some(Err(())) => return Err("the response was taken before".into()),
            None => Ready::new(response.subscribe()).await,
        }
    }
}

fn failed(uri: &Uri, code: &types::ErrorCode) -> Error {
    format!("no response from {uri}: {code:?}").into()
}

fn read(response: IncomingResponse) -> Result<Response<Body>, Error> {
    let headers = fields::read(&response.headers());
    let body = response.consume().map_err(|()| "the response's body was taken before")?;
    let mut read = Response::builder().status(response.status()).body(body::arriving(body))?;
    *read.headers_mut() = headers;
    Ok(read)
}
