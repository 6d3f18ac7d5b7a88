//! Which front end is before the function.

use clap::{Args, ValueEnum};
use funcserver_events::FrontKind;
use funcserver_events::alb::HeaderMode;

#[derive(Debug, Args)]
pub(crate) struct FrontArgs {
    /// The front end that sends the events
    #[arg(long, value_name = "FRONT", default_value = "alb")]
    front: FrontName,
    /// The stage of the API, which comes first in the paths that clients ask for
    #[arg(long, value_name = "NAME", value_parser = stage)]
    stage: Option<String>,
    /// Send events with multi-value headers, as a target group with lambda.multi_value_headers.enabled does
    #[arg(long)]
    multi_value_headers: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FrontName {
    /// An Application Load Balancer
    Alb,
    /// A function URL
    Url,
    /// An HTTP API with payload format 2.0
    HttpApi,
    /// An HTTP API with payload format 1.0
    #[value(name = "http-api-1")]
    HttpApi1,
    /// A REST API
    Rest,
    /// VPC Lattice with event version 2.0
    Lattice,
    /// VPC Lattice with event version 1.0
    #[value(name = "lattice-1")]
    Lattice1,
}

impl FrontArgs {
    /// The kind of front end, and the stage of its API.
    ///
    /// # Errors
    /// An option belongs to another front end.
    pub(crate) fn chosen(&self) -> Result<(FrontKind, Option<String>), String> {
        let is_alb = self.front == FrontName::Alb;
        if self.multi_value_headers && !is_alb {
            return Err("--multi-value-headers is for a load balancer: omit it, or use --front alb".to_owned());
        }
        let has_stage = matches!(self.front, FrontName::HttpApi | FrontName::HttpApi1 | FrontName::Rest);
        if self.stage.is_some() && !has_stage {
            return Err("--stage is for an API: add --front http-api or --front rest".to_owned());
        }
        let kind = match self.front {
            FrontName::Alb if self.multi_value_headers => FrontKind::Alb(HeaderMode::Multi),
            FrontName::Alb => FrontKind::Alb(HeaderMode::Single),
            FrontName::Url => FrontKind::Url,
            FrontName::HttpApi => FrontKind::HttpApi2,
            FrontName::HttpApi1 => FrontKind::HttpApi1,
            FrontName::Rest => FrontKind::Rest,
            FrontName::Lattice => FrontKind::Lattice2,
            FrontName::Lattice1 => FrontKind::Lattice1,
        };
        Ok((kind, self.stage.clone()))
    }
}

/// What API Gateway allows as the name of a stage.
fn stage(text: &str) -> Result<String, String> {
    let is_name = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match is_name && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err("give letters, digits, - and _, as in live".to_owned()),
    }
}
