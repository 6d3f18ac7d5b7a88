//! `funcserver init`.

use clap::Args;
use funcserver_function::config::App;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The app, if there are several: MODULE:NAME in Python, as the error lists them
    #[arg(long, value_name = "APP", value_parser = app)]
    pub(crate) app: Option<App>,
    /// Print what was found as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) const HELP: &str = "\
It reads the sources in this folder, says what it found, and writes funcserver.toml. It changes nothing else, and overwrites \
nothing. It finds apps of Flask, FastAPI, Starlette, Django, Falcon and Bottle, and what they read while they are imported; \
of Rust and Go it finds handlers.

Examples:
  cd shop && funcserver init
  funcserver init --app shop.wsgi:app
  funcserver serve --watch               then serves the app, and reloads it after each change";

fn app(text: &str) -> Result<App, String> {
    text.parse().map_err(|_| "give the module and the name in it, as in shop.wsgi:app or shop:create_app()".to_owned())
}
