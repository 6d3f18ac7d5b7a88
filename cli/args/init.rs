//! `funcserver init`.

use clap::Args;
use funcserver_function::config::App;

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// The app, if there are several: as the error lists them: MODULE:NAME in Python, a path in JavaScript and Go
    #[arg(long, value_name = "APP", value_parser = app)]
    pub(crate) app: Option<App>,
    /// Print what was found as JSON on stdout
    #[arg(long)]
    pub(crate) json: bool,
}

pub(super) const HELP: &str = "\
It reads the sources in this folder, says what it found, and writes funcserver.toml. It changes nothing else, and overwrites \
nothing. In Python it finds apps of Flask, FastAPI, Starlette, Django, Falcon and Bottle; in JavaScript and TypeScript those of \
Hono, Express, Koa, Fastify and node:http, and default exports with fetch; in Go programs that call guest.Serve; in Rust handlers. \
It also finds what they read of the environment, and what of that is read while an app is imported.

Examples:
  cd shop && funcserver init
  funcserver init --app shop.wsgi:app
  funcserver init --app src/app.ts
  funcserver serve --watch               then serves the app, and reloads it after each change";

fn app(text: &str) -> Result<App, String> {
    text.parse().map_err(|_| "give the module and the name in it, as in shop.wsgi:app or shop:create_app(), a module's path as in src/app.ts, or a \
         folder with a program in Go as in ./cmd/shop".to_owned())
}
