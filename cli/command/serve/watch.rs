//! `--watch`: a changed component takes the place of the old one between two requests. With a build command a change of
//! a source makes it first.
//!
//! The last good component goes on being served, whatever fails.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::time::sleep;

use super::behind::Slot;
use super::generated::Generated;
use super::loader::{Loader, blocking};
use super::snapshot::{Snapshot, sources};
use crate::build_command::BuildCommand;
use crate::component::ComponentSource;
use crate::local::LocalFunction;
use crate::project::{FILE, Project};
use crate::{output, report};

/// How often the files are looked at. A change counts when nothing else has changed for as long.
const PAUSE: Duration = Duration::from_millis(100);

/// After so long a change counts even if there is no end to it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Looking takes no more than this part of the time.
const SHARE: u32 = 20;

/// What is watched, and what was seen last.
pub(super) struct Watch {
    plan: Arc<Plan>,
    /// What was last acted upon.
    seen: Arc<Seen>,
    /// What the component that is served was made of.
    served: Option<Snapshot>,
    generated: Generated,
}

/// What the project asks for.
struct Plan {
    loader: Loader,
    project: Project,
    component: PathBuf,
    build: Option<BuildCommand>,
}

#[derive(Default)]
struct Seen {
    /// The component and the settings.
    files: Snapshot,
    /// The sources, where there is a build command.
    sources: Snapshot,
}

impl Watch {
    /// Builds the component if there is a command for it, and loads it. Where the build fails, the component of an earlier
    /// one will do.
    pub(super) async fn start(loader: Loader) -> Result<(Watch, LocalFunction, ComponentSource)> {
        let plan = Arc::new(Plan::of(loader)?);
        let before = look(&plan, &Arc::default()).await;
        let built = plan.build().await;
        let seen = look(&plan, &before).await;
        let loading = Arc::clone(&plan);
        let loaded = blocking(move || loading.loader.load(&loading.project)).await;
        let (function, origin) = match (built, loaded) {
            (Ok(()), loaded) => loaded?,
            (Err(error), Err(_)) => return Err(error),
            (Err(error), Ok(loaded)) => {
                report(&error);
                output::note("serving the component that was built before");
                loaded
            }
        };
        plan.announce();
        let served = Some(seen.files.clone());
        let seen = Arc::new(Seen { files: seen.files.clone(), sources: before.sources.clone() });
        Ok((Watch { plan, seen, served, generated: Generated::default() }, function, origin))
    }

    /// Watches until this future is dropped, and puts what is new into `slot`.
    pub(super) async fn run(mut self, slot: Slot) -> Infallible {
        loop {
            let (seen, changes) = self.change().await;
            output::note(format_args!("changed: {}", listed(&changes)));
            if let Err(error) = self.act(seen, &changes, &slot).await {
                report(&error);
                output::note("still serving the component of before");
            }
        }
    }

    /// Waits for a change, and for it to be over.
    async fn change(&self) -> (Arc<Seen>, Vec<PathBuf>) {
        let mut last = Vec::new();
        let mut seen = Arc::clone(&self.seen);
        let mut first = None;
        loop {
            let begin = Instant::now();
            let now = look(&self.plan, &seen).await;
            sleep(PAUSE.max(begin.elapsed() * SHARE)).await;
            let changes = self.changes(&now);
            let over = now.files == seen.files && now.sources == seen.sources && changes == last;
            if changes.is_empty() {
                first = None;
            } else if over || first.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                return (now, changes);
            }
            (seen, last) = (now, changes);
        }
    }

    fn changes(&self, now: &Seen) -> Vec<PathBuf> {
        let mut changes = now.sources.changes(&self.seen.sources);
        changes.retain(|path| !self.generated.has(path));
        changes.extend(now.files.changes(&self.seen.files));
        changes.sort();
        changes.dedup();
        changes
    }

    async fn act(&mut self, seen: Arc<Seen>, changes: &[PathBuf], slot: &Slot) -> Result<()> {
        self.seen = Arc::clone(&seen);
        if changes.iter().any(|path| path == Path::new(FILE)) {
            self.plan = Arc::new(Plan::of(self.plan.loader.clone())?);
            // It may name other files than before.
            self.seen = look(&self.plan, &seen).await;
        }
        let only_component = changes.iter().all(|path| *path == self.plan.component);
        if self.plan.build.is_some() && !only_component {
            let built = self.plan.build().await;
            // Also what a build that failed has left or taken away is no news any more: its own error is what is told.
            self.learn().await;
            built?;
            if self.served.as_ref() == Some(&self.seen.files) {
                output::note(format_args!("{} is the same as before", self.plan.component.display()));
                return Ok(());
            }
        }
        self.reload(slot).await
    }

    /// What has changed during the build is the next change, or what the build makes.
    async fn learn(&mut self) {
        let after = look(&self.plan, &self.seen).await;
        for path in self.generated.count(after.sources.changes(&self.seen.sources)) {
            output::note(format_args!(
                "{} is no longer watched: the build command writes it each time; a folder like dist/ would be left out too",
                path.display()
            ));
        }
        self.seen = Arc::new(Seen { files: after.files.clone(), sources: self.seen.sources.clone() });
    }

    async fn reload(&mut self, slot: &Slot) -> Result<()> {
        let begin = Instant::now();
        // Until it is loaded, nothing is known to be good.
        self.served = None;
        let plan = Arc::clone(&self.plan);
        let function = blocking(move || plan.loader.load_again(&plan.project)).await?;
        slot.put(function);
        self.served = Some(self.seen.files.clone());
        output::note(format_args!(
            "serving the new {}, loaded in {:.2} s",
            self.plan.component.display(),
            begin.elapsed().as_secs_f64()
        ));
        Ok(())
    }
}

impl Plan {
    fn of(loader: Loader) -> Result<Plan> {
        let project = loader.project()?;
        let Some(component) = loader.argument().or(project.config.component.path.as_deref()) else {
            bail!(
                "there is nothing to watch: the built-in example does not change; name a component, or set component.path in \
                 {FILE}"
            );
        };
        let component = component.to_owned();
        Ok(Plan { component, build: BuildCommand::of(loader.argument(), &project), project, loader })
    }

    async fn build(&self) -> Result<()> {
        match &self.build {
            Some(build) => build.run_watched().await,
            None => Ok(()),
        }
    }

    fn announce(&self) {
        match &self.build {
            Some(_) => output::note("watching the sources in this folder"),
            None => output::note(format_args!("watching {}", self.component.display())),
        }
    }
}

/// Looks at all files, apart from the tasks that answer requests.
async fn look(plan: &Arc<Plan>, before: &Arc<Seen>) -> Arc<Seen> {
    let (plan, earlier) = (Arc::clone(plan), Arc::clone(before));
    let looked = blocking(move || {
        let mut sources = if plan.build.is_some() { sources(Path::new(".")) } else { Vec::new() };
        sources.retain(|path| !plan.loader.writes(path));
        Ok(Seen {
            files: Snapshot::of([plan.component.clone(), FILE.into()], &earlier.files),
            sources: Snapshot::of(sources, &earlier.sources),
        })
    });
    looked.await.map_or_else(|_| Arc::clone(before), Arc::new)
}

/// The first names, and how many more there are.
fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths.iter().take(3).map(|path| path.display().to_string()).collect();
    let more = paths.len() - names.len();
    match more {
        0 => names.join(", "),
        _ => format!("{} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_is_short() {
        let paths: Vec<PathBuf> = ["a", "b", "c", "d", "e"].map(PathBuf::from).into();
        assert_eq!(listed(&paths[..1]), "a");
        assert_eq!(listed(&paths), "a, b, c and 2 more");
    }
}
