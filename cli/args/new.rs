//! The arguments of `new`.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::command::{Name, Template};

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The project's name; it is written to a folder of that name
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub(crate) name: Option<Name>,
    /// The language and framework to begin with
    #[arg(short, long, value_name = "LANG", required_unless_present = "list", value_parser = languages())]
    pub(crate) language: Option<&'static Template>,
    /// Print the languages, and write nothing
    #[arg(long, conflicts_with_all = ["name", "language"])]
    pub(crate) list: bool,
    /// Print what was written, or the languages, as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) const USAGE: &str =
    "funcserver new <NAME> --language <LANG> [--json]\n       funcserver new --list [--json]";

pub(super) const HELP: &str = "\
The project is one of the examples of funcserver's repository, with a funcserver.toml that names its build command. What \
that needs besides the language's own tools it installs into build-output/. Nothing that is there is overwritten.

Examples:
  funcserver new hello --language rust
  cd hello && funcserver serve --watch    builds and serves it, and again after each change
  funcserver bundle                       builds it, and makes function.zip for Lambda
  funcserver new --list";

fn languages() -> impl TypedValueParser<Value = &'static Template> {
    let values = Template::all().iter().map(|template| PossibleValue::new(template.language).help(template.title()));
    PossibleValuesParser::new(values)
        .try_map(|language| Template::of(&language).ok_or_else(|| format!("there is no template for {language}")))
}
