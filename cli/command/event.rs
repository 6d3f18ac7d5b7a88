//! `funcserver event`: prints the event that a load balancer would send.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use funcserver_events::alb::HeaderMode;
use funcserver_local::balancer::{self, BalancerOptions};
use http::{HeaderMap, HeaderValue, Method, Request, header};

use crate::args;
use crate::input;
use crate::output;

/// The client of the imagined request, and the default address of `serve`.
const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const PORT: u16 = 8080;
const HOST: HeaderValue = HeaderValue::from_static("127.0.0.1:8080");

pub(crate) fn run(args: &args::EventArgs) -> Result<ExitCode> {
    let header_mode = if args.multi_value_headers { HeaderMode::Multi } else { HeaderMode::Single };
    let options = BalancerOptions { header_mode, ..BalancerOptions::default() };
    let event = if args.health_check { health_check(args, &options)? } else { event(args, &options)? };
    output::pretty(&event)?;
    Ok(ExitCode::SUCCESS)
}

fn health_check(args: &args::EventArgs, options: &BalancerOptions) -> Result<Bytes> {
    if args.method != Method::GET {
        bail!("a health check is a GET, not {}; omit --health-check, or use GET", args.method);
    }
    let path = args.target.path_and_query().cloned();
    let path = path.with_context(|| format!("{} has no path; a health check needs one, as in /health", args.target))?;
    balancer::health_check(path, options).map_err(refused)
}

fn event(args: &args::EventArgs, options: &BalancerOptions) -> Result<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = args.method.clone();
    *request.uri_mut() = args.target.clone();
    add_headers(request.headers_mut(), args)?;
    if let Some(data) = &args.data {
        *request.body_mut() = body(data)?;
        let length = request.body().len();
        request.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    }
    balancer::event(request, CLIENT, PORT, options).map_err(refused)
}

fn add_headers(headers: &mut HeaderMap, args: &args::EventArgs) -> Result<()> {
    for (name, value) in &args.headers {
        headers.try_append(name, value.clone()).context("too many headers")?;
    }
    headers.entry(header::HOST).or_insert(HOST);
    Ok(())
}

/// The same forms of a body as in curl, but byte for byte.
fn body(data: &str) -> Result<Bytes> {
    match data.strip_prefix('@') {
        None => Ok(data.to_owned().into()),
        Some("-") => {
            let body = input::bounded(io::stdin().lock(), input::EVENT).context("cannot read the body from stdin")?;
            Ok(body.into())
        }
        Some(file) => input::read(Path::new(file), input::EVENT)
            .map(Bytes::from)
            .map_err(|error| anyhow!("cannot read the body {file}: {error}; name a file after @, or @- for stdin")),
    }
}

fn refused(refusal: balancer::Refusal) -> anyhow::Error {
    anyhow!("a load balancer would reject this request: {refusal}")
}
