//! Compilation targets.

use std::fmt;
use std::str::FromStr;

/// A processor architecture that Lambda offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// 64-bit x86.
    X86_64,
    /// 64-bit ARM (Graviton).
    Arm64,
}

impl Arch {
    /// All architectures.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// The architecture that this program was built for, if Lambda offers it.
    #[must_use]
    pub fn host() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// The name in Lambda and in the tool's `--arch`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Arch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The error for a name that is not an architecture of Lambda.
#[derive(Debug, thiserror::Error)]
#[error("unknown architecture `{0}`: Lambda has x86_64 and arm64")]
pub struct UnknownArch(String);

impl FromStr for Arch {
    type Err = UnknownArch;

    fn from_str(name: &str) -> Result<Self, UnknownArch> {
        match name {
            "x86_64" => Ok(Self::X86_64),
            "arm64" | "aarch64" => Ok(Self::Arm64),
            other => Err(UnknownArch(other.to_owned())),
        }
    }
}

/// The platform on which a compiled component runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Lambda's `provided.al2023` on this architecture.
    Lambda(Arch),
    /// The current process.
    Host,
}

impl Target {
    /// The target triple. The code uses only the baseline instructions of its architecture, so that it runs on all of
    /// its machines.
    #[must_use]
    pub fn triple(self) -> String {
        match self {
            Self::Lambda(Arch::X86_64) => "x86_64-unknown-linux-gnu".to_owned(),
            Self::Lambda(Arch::Arm64) => "aarch64-unknown-linux-gnu".to_owned(),
            Self::Host => match (std::env::consts::OS, std::env::consts::ARCH) {
                ("linux", arch) => format!("{arch}-unknown-linux-gnu"),
                ("macos", arch) => format!("{arch}-apple-darwin"),
                (os, arch) => format!("{arch}-unknown-{os}"),
            },
        }
    }
}
