//! One HTTP/1.1 connection to the Runtime API, made when it is first needed, and anew when it is gone.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::header::{HOST, USER_AGENT};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const AGENT: HeaderValue = HeaderValue::from_static(concat!("funcserver/", env!("CARGO_PKG_VERSION")));
const HTTP: u16 = 80;

/// For one request after the other: the Runtime API has nothing that one connection could do at once.
pub(crate) struct Connection {
    /// Host and port, as TCP wants them.
    address: String,
    /// The same as the header `host`.
    host: HeaderValue,
    /// What every path begins with; empty in Lambda.
    base: String,
    open: Option<SendRequest<Full<Bytes>>>,
}

impl Connection {
    /// To the host, the port and below the path of `endpoint`. Nothing is sent yet.
    pub(crate) fn new(endpoint: &Uri) -> Self {
        let authority = endpoint.authority().map_or("", Authority::as_str);
        Self {
            address: format!("{}:{}", endpoint.host().unwrap_or_default(), endpoint.port_u16().unwrap_or(HTTP)),
            host: HeaderValue::from_str(authority).unwrap_or(HeaderValue::from_static("")),
            base: endpoint.path().trim_end_matches('/').to_owned(),
            open: None,
        }
    }

    /// Sends a request for a path, and reads the answer to its end: only then can the connection be used again.
    ///
    /// # Errors
    /// There is no connection, or it breaks. A request that was not sent for that is sent once more.
    pub(crate) async fn call(
        &mut self,
        method: &Method,
        path: &str,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<Response<Bytes>> {
        headers.insert(HOST, self.host.clone());
        headers.insert(USER_AGENT, AGENT);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method.clone();
        *request.uri_mut() =
            if self.base.is_empty() { path.parse()? } else { format!("{}{path}", self.base).parse()? };
        *request.headers_mut() = headers;
        let answer = self.send(request).await;
        if answer.is_err() {
            self.open = None;
        }
        answer.with_context(|| format!("the Runtime API does not answer {method} {path}"))
    }

    /// Calls, for nothing but a status of success.
    ///
    /// # Errors
    /// Those of [`Connection::call`], and any other status.
    pub(crate) async fn ask(
        &mut self,
        method: &Method,
        path: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> anyhow::Result<Response<Bytes>> {
        let response = self.call(method, path, headers, body).await?;
        accepted(method, path, response.status())?;
        Ok(response)
    }

    /// Asks for what lies at a path.
    ///
    /// # Errors
    /// Those of [`Connection::ask`].
    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Response<Bytes>> {
        self.ask(&Method::GET, path, HeaderMap::new(), Bytes::new()).await
    }

    async fn send(&mut self, mut request: Request<Full<Bytes>>) -> anyhow::Result<Response<Bytes>> {
        if let Some(open) = &mut self.open
            && open.ready().await.is_ok()
        {
            match open.try_send_request(request).await {
                Ok(response) => return whole(response).await,
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(error.into_error().into()),
                },
            }
        }
        let open = self.open.insert(connect(&self.address).await?);
        whole(open.send_request(request).await?).await
    }
}

/// An error, unless the status is one of success.
pub(crate) fn accepted(method: &Method, path: &str, status: StatusCode) -> anyhow::Result<()> {
    if !status.is_success() {
        bail!("the Runtime API answered {method} {path} with {status}");
    }
    Ok(())
}

async fn connect(address: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("no connection to {address}"))?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Ends with the sender; what goes wrong meanwhile, the sender tells.
    tokio::spawn(connection);
    Ok(sender)
}

async fn whole(response: Response<hyper::body::Incoming>) -> anyhow::Result<Response<Bytes>> {
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(parts, body.collect().await?.to_bytes()))
}
