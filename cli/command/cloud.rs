//! What the commands for a deployed function share: which function it is, and the event that it must answer.

use std::fmt::Display;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use funcserver_deploy::{Account, DeployError};
use funcserver_events::FrontKind;
use funcserver_events::alb::HeaderMode;
use funcserver_function::config::{Config, SETTINGS};
use funcserver_local::balancer::{self, BalancerOptions};
use http::{HeaderValue, Request, Uri, header};

use super::event::{CLIENT, PORT};
use crate::args::{AliasArgs, FunctionArgs};
use crate::progress;
use crate::project::Project;

/// The alias that front ends invoke, unless it is set.
const LIVE: &str = "live";

/// A function in an account.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) alias: String,
    region: Option<String>,
    profile: Option<String>,
}

impl Place {
    /// The arguments, before the settings.
    pub(super) fn of(function: &FunctionArgs, alias: &AliasArgs, project: &Project) -> Result<Place> {
        let settings = &project.config.deploy;
        let either = |one: &Option<String>, other: &Option<String>| one.clone().or_else(|| other.clone());
        let name = match either(&function.name, &settings.name) {
            Some(name) => name,
            None => folder_name()?,
        };
        // A folder's may be anything.
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == "deploy.name")
            && let Err(allowed) = setting.check(&name)
        {
            bail!(
                "\"{name}\" is not the name of a Lambda function, which has {allowed}: add --name, or set deploy.name"
            );
        }
        Ok(Place {
            name,
            alias: either(&alias.alias, &settings.alias).unwrap_or_else(|| LIVE.to_owned()),
            region: either(&function.region, &settings.region),
            profile: either(&function.profile, &settings.profile),
        })
    }

    pub(super) async fn account(&self) -> Result<Account, DeployError> {
        Account::open(self.region.as_deref(), self.profile.as_deref()).await
    }
}

fn folder_name() -> Result<String> {
    let folder = std::env::current_dir().context("cannot find this folder")?;
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    name.context("this folder has no name for a function: add --name, or set deploy.name")
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")
}

/// Shows a change while it is made.
pub(super) fn during<T>(change: impl Display, work: impl FnOnce() -> T) -> T {
    progress::during(change, work)
}

/// The first request for a new version: the path of the warm-up, else `/`, as the front end would send it.
pub(super) fn first_request(config: &Config, is_behind_load_balancer: bool) -> Result<Vec<u8>> {
    let path = config.component.warmup.as_ref().map_or("/", |path| path.as_str());
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = path.parse::<Uri>().context("component.warmup is no path")?;
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("localhost"));
    request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("funcserver-deploy"));
    let front = if is_behind_load_balancer { FrontKind::Alb(HeaderMode::Single) } else { FrontKind::Url };
    let options = BalancerOptions { front, ..BalancerOptions::default() };
    let event = balancer::event(request, CLIENT, PORT, &options);
    event.map(|event| event.to_vec()).map_err(|refusal| anyhow::anyhow!("no event for the first request: {refusal}"))
}
