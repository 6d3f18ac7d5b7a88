//! The command line.

mod deploy;
mod event;
mod front;
mod generate;
mod init;
mod invoke;
mod new;
mod serve;
mod verify;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use funcserver_engine::Arch;
use funcserver_function::config::{DurationError, duration};

#[cfg(feature = "deploy")]
pub(crate) use deploy::{AliasArgs, FunctionArgs};
pub(crate) use deploy::{Delete, Deploy, Logs, RollbackArgs};
pub(crate) use event::EventArgs;
pub(crate) use front::FrontArgs;
pub(crate) use generate::{Completions, Man};
pub(crate) use init::Init;
pub(crate) use invoke::Invoke;
pub(crate) use new::{New, wrong_usage};
pub(crate) use serve::{Health, Serve};
pub(crate) use verify::Verify;

/// Runs any wasi:http component as an AWS Lambda function behind an Application Load Balancer
#[derive(Debug, Parser)]
#[command(name = "funcserver", version = version(), arg_required_else_help = true, after_help = EXIT_CODES, after_long_help = OVERVIEW)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a project with one of several languages and frameworks
    #[command(after_help = new::HELP, override_usage = new::USAGE)]
    New(New),
    /// Write funcserver.toml for the app in this folder
    #[command(after_help = init::HELP)]
    Init(Init),
    /// Serve a component behind a local load balancer
    #[command(after_help = serve::HELP)]
    Serve(Serve),
    /// Compile a component to the machine code that the bootstrap loads
    #[command(after_help = BUILD)]
    Build(Build),
    /// Write the zip or image that Lambda runs
    #[command(after_help = BUNDLE)]
    Bundle(Bundle),
    /// Check that a zip is whole and its parts fit together
    #[command(after_help = verify::HELP)]
    Verify(Verify),
    /// Bundle the project and deploy it to AWS Lambda, from the role to the URL
    #[command(after_help = deploy::DEPLOY)]
    Deploy(Deploy),
    /// Print the log of the deployed function
    #[command(after_help = deploy::LOGS)]
    Logs(Logs),
    /// Go back to an older version of the deployed function
    #[command(after_help = deploy::ROLLBACK)]
    Rollback(RollbackArgs),
    /// Delete the deployed function, and what deploy made for it
    #[command(after_help = deploy::DELETE)]
    Delete(Delete),
    /// Print the event that a load balancer would send
    #[command(after_help = event::HELP)]
    Event(EventArgs),
    /// Answer events, and print the replies or their differences
    #[command(after_help = invoke::HELP, override_usage = invoke::USAGE)]
    Invoke(Invoke),
    /// Show what a component exports and imports, and whether it will run here
    #[command(after_help = INSPECT)]
    Inspect(Inspect),
    /// Show what is installed here, and what does not fit together
    #[command(after_help = DOCTOR)]
    Doctor(Doctor),
    /// Print the JSON schema of funcserver.toml
    #[command(after_help = generate::SCHEMA)]
    Schema,
    /// Print completions for a shell
    #[command(after_help = generate::COMPLETIONS)]
    Completions(Completions),
    /// Write man pages
    #[command(after_help = generate::MAN)]
    Man(Man),
}

#[derive(Debug, Args)]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
    /// The file to write; a description of it is written to FILE.json
    #[arg(short, long, value_name = "FILE", default_value = "handler.cwasm")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) arch: ForArch,
    /// Print the description of the compiled file as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Bundle {
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "function.zip")]
    pub(crate) output: PathBuf,
    /// Write an OCI image instead of a zip, without Docker: into a folder, or into a file that ends with .tar
    #[arg(long, value_name = "DIR|FILE.tar", conflicts_with = "output")]
    pub(crate) image: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) arch: ForArch,
    /// The bootstrap for it; by default the first bootstrap-ARCH in $FUNCSERVER_BOOTSTRAP_DIR, beside this
    /// program, or in dist/ of this folder or one above it, else the one that a released program carries
    #[arg(long, value_name = "PATH")]
    pub(crate) bootstrap: Option<PathBuf>,
    /// Print a description of the zip or image as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) component: ComponentArgs,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the function, file and line of these offsets from the log of a crash, such as 0x1b3f
    #[arg(long, value_name = "OFFSET", num_args = 1.., value_parser = offset)]
    pub(crate) at: Vec<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ComponentArgs {
    /// The component, .wasm or .cwasm; by default the one that funcserver.toml names, else the built-in example
    #[arg(value_name = "COMPONENT")]
    pub(crate) path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ForArch {
    /// The architecture of the Lambda function: x86_64 or arm64; by default this machine's, or the one of the .cwasm
    #[arg(long, value_name = "ARCH", value_parser = arch)]
    pub(crate) arch: Option<Arch>,
}

#[derive(Debug, Args)]
pub(crate) struct Timeout {
    /// The function's timeout in seconds, as set in Lambda (up to 900)
    #[arg(long = "timeout", value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    timeout: Duration,
}

impl Timeout {
    pub(crate) fn duration(&self) -> Duration {
        self.timeout
    }
}

/// The text of `--version`: our version, wasmtime's and the target.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(funcserver_function::version);
    &VERSION
}

/// Whole seconds, as in Lambda, with or without their unit.
fn seconds(text: &str) -> Result<Duration, String> {
    let time = match duration(text) {
        Err(DurationError::NoUnit(number)) => number.parse().ok().map(Duration::from_secs),
        other => other.ok(),
    };
    let fits = |time: &Duration| (1..=900).contains(&time.as_secs()) && time.subsec_nanos() == 0;
    time.filter(fits).ok_or_else(|| "give whole seconds from 1 to 900, as in Lambda".to_owned())
}

/// A number as the log writes it, `0x1b3f`, or a decimal one.
fn offset(text: &str) -> Result<u64, String> {
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "an offset is a number such as 0x1b3f".to_owned())
}

fn arch(text: &str) -> Result<Arch, String> {
    text.parse().map_err(|_| "Lambda has the architectures x86_64 and arm64".to_owned())
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 error, 2 wrong usage, 3 the invocation was an error (invoke), \
                          4 a reply is not the recorded one (invoke --diff)";

const OVERVIEW: &str = "\
Without COMPONENT, a subcommand uses the one that funcserver.toml in this folder names, else the built-in example.

Examples:
  funcserver init                     writes funcserver.toml for the app in this folder
  funcserver new hello --language go  creates a project in hello/
  funcserver serve                    serves the built-in example on http://127.0.0.1:8080
  funcserver serve router.wasm        serves your component
  funcserver serve --watch            serves your project, and rebuilds it when a source changes
  funcserver inspect router.wasm      shows what a component imports, and whether it will run
  funcserver bundle router.wasm       writes function.zip for Lambda

Exit codes:
  0  done
  1  error: stderr names the file and the fix
  2  wrong usage
  3  the invocation was an error (invoke)
  4  a reply is not the recorded one (invoke --diff)";

const BUILD: &str = "\
Compiled components are cached in ${XDG_CACHE_HOME:-~/.cache}/funcserver/components.

Examples:
  funcserver build router.wasm
  funcserver build router.wasm -o dist/router.cwasm --arch arm64";

const BUNDLE: &str = "\
The zip contains bootstrap, handler.cwasm, handler.cwasm.json, and the settings of funcserver.toml that the host reads, if \
there are any. An image has the same files in /var/task, and root certificates; docs/images.md says how to deploy it. The same \
inputs give the same bytes. A released funcserver carries the bootstrap for both architectures; for one that was built from \
source, scripts/build-bootstrap makes it.

Examples:
  funcserver bundle router.wasm
  funcserver bundle router.wasm -o arm.zip --arch arm64
  funcserver bundle router.cwasm --bootstrap ./bootstrap-x86_64
  funcserver bundle --image build-output/image.tar";

const INSPECT: &str = "\
The exit code is 1 if the component will not run here, or if an offset is not in its code. The log record of a crash has \
offsets in its fields \"at\" and \"backtrace\". For --at, name the .wasm that was built or bundled, with its debug \
information, and use the version of funcserver that built it.

Examples:
  funcserver inspect router.wasm
  funcserver inspect router.wasm --at 0x1b3f 0x1c00
  funcserver inspect handler.cwasm --json";

const DOCTOR: &str = "\
It lists this program, the bootstraps for Lambda, the cache, and the languages' programs with their versions. A line with !! is \
a problem and says what to do; one with -- is not here, and nothing here needs it. The exit code is 1 if there is a problem. \
It runs no program of the project.

Examples:
  funcserver doctor
  funcserver doctor --json";

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_subcommand_has_examples() {
        for command in Cli::command().get_subcommands().filter(|command| command.get_name() != "help") {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Examples:\n"), "{}", command.get_name());
        }
    }
}
