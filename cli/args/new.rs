//! `funcserver new`.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::command::{Name, Template};

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The project's name, and the folder to create
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub(crate) name: Option<Name>,
    /// The language and framework
    #[arg(short, long, value_name = "LANG", required_unless_present = "list", value_parser = languages())]
    pub(crate) language: Option<&'static Template>,
    /// Print the languages instead of creating a project
    #[arg(long, conflicts_with_all = ["name", "language"])]
    pub(crate) list: bool,
    /// Print the written files, or the languages, as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) const USAGE: &str =
    "funcserver new <NAME> --language <LANG> [--json]\n       funcserver new --list [--json]";

pub(super) const HELP: &str = "\
The project is a copy of an example in funcserver's repository, with a funcserver.toml that names its build command. The \
build command installs the tools that it needs, besides those of the language, into build-output/. No existing file is \
overwritten.

Examples:
  funcserver new hello --language rust
  cd hello && funcserver serve --watch    serves the project, and rebuilds it after each change
  funcserver bundle                       builds the project and writes function.zip for Lambda
  funcserver new --list";

fn languages() -> impl TypedValueParser<Value = &'static Template> {
    let values = Template::all().iter().map(|template| PossibleValue::new(template.language).help(template.title()));
    PossibleValuesParser::new(values)
        .try_map(|language| Template::of(&language).ok_or_else(|| format!("there is no template for {language}")))
}
