//! `funcserver new`.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _};

use super::Cli;
use crate::command::{Name, Template};

#[derive(Debug, Args)]
pub(crate) struct New {
    /// The project's name, and the folder to create
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<Name>,
    /// The language; also py, js, ts, typescript, node, golang, rs and c++
    #[arg(short, long, value_name = "LANG", value_parser = languages(), ignore_case = true)]
    pub(crate) language: Option<&'static Template>,
    /// The framework, which implies the language
    #[arg(short, long, value_name = "NAME", value_parser = frameworks(), ignore_case = true)]
    pub(crate) framework: Option<&'static Template>,
    /// Print the templates instead of creating a project
    #[arg(long, conflicts_with_all = ["name", "language", "framework"])]
    pub(crate) list: bool,
    /// Print the written files, or the templates, as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) const USAGE: &str = "funcserver new [NAME] [--language <LANG>] [--framework <NAME>] [--json]\n       \
                                funcserver new --list [--json]";

pub(super) const HELP: &str = "\
The project is a copy of an example in funcserver's repository. Of an app in Python, JavaScript or Go its funcserver.toml names \
the app; of the others it names the build command, which installs the tools that it needs, besides those of the language, into build-output/. \
No existing file is overwritten. At a terminal it asks for what is missing.

Examples:
  funcserver new
  funcserver new shop --framework fastapi
  cd shop && funcserver serve --watch     serves the project, and reloads it after each change
  funcserver bundle                       builds the project and writes function.zip for Lambda
  funcserver new hello --language rust
  funcserver new --list";

/// Ends the process with an error of the command line.
pub(crate) fn wrong_usage(what: &str) -> ! {
    let mut command = Cli::command();
    command.build();
    let mut new = command.find_subcommand("new").cloned().unwrap_or(command);
    new.error(ErrorKind::MissingRequiredArgument, what).exit()
}

fn languages() -> impl TypedValueParser<Value = &'static Template> {
    parser(Template::all().iter().map(|template| {
        let value = PossibleValue::new(template.name).help(template.title()).aliases(template.aliases());
        value.hide(!template.is_for_a_language())
    }))
}

fn frameworks() -> impl TypedValueParser<Value = &'static Template> {
    parser(Template::frameworks().map(|(name, template)| PossibleValue::new(name).help(template.title())))
}

fn parser(values: impl Iterator<Item = PossibleValue>) -> impl TypedValueParser<Value = &'static Template> {
    PossibleValuesParser::new(values)
        .try_map(|name| Template::named(&name).ok_or_else(|| format!("there is no template for {name}")))
}
