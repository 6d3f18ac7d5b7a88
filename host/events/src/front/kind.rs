//! The kinds of events that carry an HTTP request.

use std::fmt;

use super::alb::HeaderMode;

/// A front end, and the format of its events where it has several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrontKind {
    /// An Application Load Balancer, whose target group has this header mode.
    Alb(HeaderMode),
    /// A Lambda function URL.
    Url,
    /// An HTTP API of API Gateway with payload format 2.0.
    HttpApi2,
    /// An HTTP API of API Gateway with payload format 1.0.
    HttpApi1,
    /// A REST API of API Gateway.
    Rest,
    /// VPC Lattice with event version 2.0.
    Lattice2,
    /// VPC Lattice with event version 1.0.
    Lattice1,
}

impl FrontKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Alb(HeaderMode::Single),
        Self::Alb(HeaderMode::Multi),
        Self::Url,
        Self::HttpApi2,
        Self::HttpApi1,
        Self::Rest,
        Self::Lattice2,
        Self::Lattice1,
    ];

    /// The front end in a sentence, as an error names it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Alb(_) => "the load balancer",
            Self::Url => "the function URL",
            Self::HttpApi2 | Self::HttpApi1 => "the HTTP API",
            Self::Rest => "the REST API",
            Self::Lattice2 | Self::Lattice1 => "VPC Lattice",
        }
    }
}

impl fmt::Display for FrontKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alb(HeaderMode::Single) => "load balancer, single-value headers",
            Self::Alb(HeaderMode::Multi) => "load balancer, multi-value headers",
            Self::Url => "function URL",
            Self::HttpApi2 => "HTTP API, format 2.0",
            Self::HttpApi1 => "HTTP API, format 1.0",
            Self::Rest => "REST API",
            Self::Lattice2 => "VPC Lattice, version 2.0",
            Self::Lattice1 => "VPC Lattice, version 1.0",
        })
    }
}
