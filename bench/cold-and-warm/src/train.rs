//! Trains the profile of the bootstrap: an executable that counts how often each of its parts runs handles typical
//! requests. The compiler then optimises frequently used parts for speed and others for size. Parts that no request
//! uses here are optimised for size.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};

use crate::contender::Contender;
use crate::page::Page;
use crate::session::Session;
use crate::{args, event};

/// Starts with one page each, like most cold starts.
const STARTS: usize = 10;
/// Pages in the session after those.
const WARM: usize = 300;
/// The interval between requests that are not for pages.
const OTHER: usize = 6;
/// The size of the largest body in bytes.
const BODY: usize = 65_536;

/// Trains with each folder, once with an instance for each request and once with one instance for all.
pub(crate) async fn run(args: &args::Train) -> Result<ExitCode> {
    for folder in &args.folders {
        for reuse in ["1", "1000000"] {
            eprintln!("==> {}, {reuse} requests an instance", folder.display());
            let contender = Contender::bootstrap(args.emulator.as_deref(), reuse);
            for _ in 0..STARTS {
                session(&contender, folder, 1).await.with_context(|| folder.display().to_string())?;
            }
            session(&contender, folder, WARM).await.with_context(|| folder.display().to_string())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A start, `pages` pages, and an end at which the counts are written.
async fn session(contender: &Contender, folder: &Path, pages: usize) -> Result<()> {
    let (session, _) = Session::start(contender, folder).await?;
    let mut others = Other::all().into_iter().cycle();
    for (number, page) in Page::ALL.into_iter().cycle().take(pages).enumerate() {
        session.ask(page).await?;
        if number % OTHER == OTHER - 1
            && let Some(other) = others.next()
        {
            other.ask(&session).await?;
        }
    }
    session.ready().await?;
    session.terminate().await
}

/// A request that is not for a page, with its expected response.
#[derive(Clone)]
struct Other {
    event: String,
    status: u64,
    body: Option<Vec<u8>>,
}

impl Other {
    fn all() -> Vec<Other> {
        let text = "One kettle, two cups & a pot of \"tea\" – naïve, but hot.\n".repeat(20);
        let bytes: Vec<u8> = (0..BODY).map(|index| (index * 31 % 251) as u8 | 0x80).collect();
        vec![
            Other { event: event::get_multi("/").to_string(), status: 200, body: None },
            Other { event: event::get("/headers").to_string(), status: 200, body: None },
            Other { event: event::get("/nowhere").to_string(), status: 404, body: None },
            Other::echo("text/plain; charset=utf-8", text.into()),
            Other::echo("image/webp", bytes),
        ]
    }

    fn echo(content_type: &str, body: Vec<u8>) -> Other {
        Other { event: event::post("/echo", content_type, &body).to_string(), status: 200, body: Some(body) }
    }

    async fn ask(&self, session: &Session) -> Result<()> {
        let (reply, _) = session.invoke(self.event.clone()).await?;
        let (status, body) = event::answer(reply.as_ref())?;
        ensure!(status == self.status, "the status is {status}, not {}", self.status);
        ensure!(self.body.as_ref().is_none_or(|expected| *expected == body), "the body came back changed");
        Ok(())
    }
}
