//! `funcserver event`: prints the event that a front end would send.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use funcserver_events::FrontKind;
use funcserver_local::balancer::{self, BalancerOptions};
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};

use super::event_samples::samples;
use crate::args;
use crate::input;
use crate::output;

/// The client of the imagined request, and the default address of `serve`.
pub(super) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(super) const PORT: u16 = 8080;
pub(super) const HOST: HeaderValue = HeaderValue::from_static("127.0.0.1:8080");

pub(crate) fn run(args: &args::EventArgs) -> Result<ExitCode> {
    let (Some(method), Some(target)) = (&args.method, &args.target) else {
        output::pretty(serde_json::to_string(&samples()?)?.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let (front, stage) = args.front.chosen().map_err(anyhow::Error::msg)?;
    if args.health_check && !matches!(front, FrontKind::Alb(_)) {
        bail!("a health check is a load balancer's: omit --health-check, or use --front alb");
    }
    let options = BalancerOptions { front, ..BalancerOptions::default() }.at_stage(stage);
    let event = if args.health_check {
        health_check(method, target, &options)?
    } else {
        event(method, target, args, &options)?
    };
    output::pretty(&event)?;
    Ok(ExitCode::SUCCESS)
}

fn health_check(method: &Method, target: &Uri, options: &BalancerOptions) -> Result<Bytes> {
    if *method != Method::GET {
        bail!("a health check is a GET, not {method}; omit --health-check, or use GET");
    }
    let path = target.path_and_query().cloned();
    let path = path.with_context(|| format!("{target} has no path; a health check needs one, as in /health"))?;
    balancer::health_check(path, options).map_err(refused)
}

fn event(method: &Method, target: &Uri, args: &args::EventArgs, options: &BalancerOptions) -> Result<Bytes> {
    let mut request = Request::new(Bytes::new());
    *request.method_mut() = method.clone();
    *request.uri_mut() = target.clone();
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
    anyhow!("the front end would reject this request: {refusal}")
}
