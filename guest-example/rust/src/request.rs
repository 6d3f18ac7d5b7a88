use std::io::{self, Read};

use wasip2::http::types::{IncomingRequest, Method, Scheme};

/// A request with its whole body.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    pub path_with_query: String,
    pub scheme: Option<String>,
    pub authority: Option<String>,
    /// In the order of arrival. A value need not be UTF-8.
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads the request from the host.
    pub fn read(request: IncomingRequest) -> io::Result<Self> {
        Ok(Self {
            method: method(request.method()),
            path_with_query: request.path_with_query().unwrap_or_else(|| "/".to_owned()),
            scheme: request.scheme().map(scheme),
            authority: request.authority(),
            headers: request.headers().entries(),
            body: body(&request)?,
        })
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.path_with_query.split('?').next().unwrap_or_default()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let (_, value) = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

fn body(request: &IncomingRequest) -> io::Result<Vec<u8>> {
    let taken = |()| io::Error::other("it was taken before");
    let body = request.consume().map_err(taken)?;
    let mut stream = body.stream().map_err(taken)?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn method(method: Method) -> String {
    let name = match method {
        Method::Get => "GET",
        Method::Head => "HEAD",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
        Method::Connect => "CONNECT",
        Method::Options => "OPTIONS",
        Method::Trace => "TRACE",
        Method::Patch => "PATCH",
        Method::Other(name) => return name,
    };
    name.to_owned()
}

fn scheme(scheme: Scheme) -> String {
    match scheme {
        Scheme::Http => "http".to_owned(),
        Scheme::Https => "https".to_owned(),
        Scheme::Other(name) => name,
    }
}
