//! `--watch`: a changed component replaces the old one between two requests. If there is a build command, a changed
//! source runs it first. An app is served from its sources, unless it is to be optimised.
//!
//! If anything fails, the last good component stays.

mod development;
mod generated;
mod snapshot;
mod source_copy;

use std::borrow::Cow;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use funcserver_engine::compile::Optimization;
use tokio::time::sleep;

use super::backend::Slot;
use super::loader::{Loader, blocking};
use crate::builder::Builder;
use crate::component::ComponentSource;
use crate::local::LocalFunction;
use crate::project::{DOTENV, FILE, Project};
use crate::subprocess::Subprocesses;
use crate::{output, report, sources};
use development::{Development, Loaded};
use generated::Generated;
use snapshot::Snapshot;

/// How often the files are polled. A change is complete when nothing else has changed for this long.
const PAUSE: Duration = Duration::from_millis(100);

/// After this long a change is used even if files still change.
const PATIENCE: Duration = Duration::from_secs(2);

/// Polling takes at most one part in this many of the time.
const SHARE: u32 = 20;

/// The watched project, and the state of its files.
pub(super) struct Watch {
    plan: Arc<Plan>,
    /// The state that was last handled.
    seen: Arc<Seen>,
    /// The state of the files of the component that is served.
    served: Option<Snapshot>,
    generated: Generated,
    /// Whether the app that is served cannot be imported, and so answers each request with 500.
    broken: bool,
}

/// The settings of the project.
struct Plan {
    loader: Loader,
    project: Project,
    /// The component's file, unless an app is served from its sources.
    component: Option<PathBuf>,
    build: Option<Builder>,
    app: Option<Development>,
}

#[derive(Default)]
struct Seen {
    /// The component, the settings, and values of secrets.
    files: Snapshot,
    /// The sources, if the component is made of them.
    sources: Snapshot,
}

impl Watch {
    /// Builds the component if there is a build command, and loads it. If the build fails, loads the component of an
    /// earlier build.
    pub(super) async fn start(loader: Loader) -> Result<(Watch, LocalFunction, ComponentSource)> {
        let plan = Arc::new(Plan::of(loader, None)?);
        let before = look(&plan, &Arc::default()).await;
        if let Some(app) = plan.app.clone() {
            return Watch::start_app(plan, app, before).await;
        }
        let built = plan.build().await;
        let seen = look(&plan, &before).await;
        let loading = Arc::clone(&plan);
        let loaded = blocking(move || loading.loader.load(&loading.project)).await;
        let (function, origin) = match (built, loaded) {
            (Ok(()), loaded) => loaded?,
            (Err(error), Err(_)) => return Err(error),
            (Err(error), Ok(loaded)) => {
                report(&error);
                output::note("serving the component of the last successful build");
                loaded
            }
        };
        plan.announce();
        let served = Some(seen.files.clone());
        let seen = Arc::new(Seen { files: seen.files.clone(), sources: before.sources.clone() });
        Ok((Watch { plan, seen, served, generated: Generated::default(), broken: false }, function, origin))
    }

    /// Serves an app from its sources. One that cannot be imported is served too: its author is about to change it.
    async fn start_app(
        plan: Arc<Plan>,
        app: Development,
        seen: Arc<Seen>,
    ) -> Result<(Watch, LocalFunction, ComponentSource)> {
        let origin = ComponentSource::App(app.name().clone());
        let Loaded { function, imported } = load_app(&plan, app).await?;
        let broken = imported.is_err();
        if let Err(error) = imported {
            report(&error);
            output::note(BROKEN);
        }
        plan.announce();
        Ok((Watch { plan, seen, served: None, generated: Generated::default(), broken }, function, origin))
    }

    /// Watches until this future is dropped, and puts each new component into `slot`.
    pub(super) async fn run(mut self, slot: Slot) -> Infallible {
        loop {
            let (seen, changes) = self.change().await;
            if !self.plan.is_app() {
                output::note(format_args!("changed: {}", listed(&changes)));
            }
            if let Err(error) = self.act(seen, &changes, &slot).await {
                report(&error);
                output::note(self.what_is_served());
            }
        }
    }

    /// Waits for a change, and until it is complete.
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
            self.plan = Arc::new(Plan::of(self.plan.loader.clone(), self.plan.app.as_ref())?);
            // The new settings may name other files.
            self.seen = look(&self.plan, &seen).await;
        }
        if let Some(app) = self.plan.app.clone() {
            return self.reload_app(app, changes, slot).await;
        }
        let begin = Instant::now();
        let only_component = changes.iter().all(|path| Some(path) == self.plan.component.as_ref());
        if self.plan.build.is_some() && !only_component {
            let built = self.plan.build().await;
            // The files that a failed build has left or removed are not a new change: its error is reported once.
            self.learn().await;
            built?;
            if self.served.as_ref() == Some(&self.seen.files) {
                output::note(format_args!("{} has not changed", self.plan.component_name()));
                return Ok(());
            }
        }
        let loading = Instant::now();
        self.reload(slot).await?;
        match self.plan.is_app() {
            // It includes the build, which is the longer part.
            true => tell_reload(changes, begin),
            false => output::note(format_args!(
                "serving the new {}, loaded in {:.2} s",
                self.plan.component_name(),
                loading.elapsed().as_secs_f64()
            )),
        }
        Ok(())
    }

    /// A file that has changed during the build is either the next change, or generated by the build.
    async fn learn(&mut self) {
        let after = look(&self.plan, &self.seen).await;
        for path in self.generated.count(after.sources.changes(&self.seen.sources)) {
            output::note(format_args!(
                "{} is no longer watched: the build command writes it each time; write it to dist/, or add it to .gitignore",
                path.display()
            ));
        }
        self.seen = Arc::new(Seen { files: after.files.clone(), sources: self.seen.sources.clone() });
    }

    async fn reload(&mut self, slot: &Slot) -> Result<()> {
        // Unknown until the component is loaded.
        self.served = None;
        let plan = Arc::clone(&self.plan);
        let function = blocking(move || plan.loader.load_again(&plan.project)).await?;
        slot.put(function);
        self.served = Some(self.seen.files.clone());
        self.broken = false;
        Ok(())
    }

    async fn reload_app(&mut self, app: Development, changes: &[PathBuf], slot: &Slot) -> Result<()> {
        let begin = Instant::now();
        let Loaded { function, imported } = load_app(&self.plan, app).await?;
        imported?;
        slot.put(function);
        self.broken = false;
        tell_reload(changes, begin);
        Ok(())
    }

    fn what_is_served(&self) -> &'static str {
        match (self.broken, self.plan.is_app()) {
            (true, _) => BROKEN,
            (false, true) => "still serving the app as it was before",
            (false, false) => "still serving the previous component",
        }
    }
}

/// What becomes of requests while an app cannot be imported that never could.
const BROKEN: &str = "each request is answered with 500 until the app can be imported";

/// Loads an app from its sources. If this future is dropped earlier, all processes that it has started are killed.
async fn load_app(plan: &Arc<Plan>, app: Development) -> Result<Loaded> {
    let (programs, _end) = Subprocesses::watched();
    let plan = Arc::clone(plan);
    blocking(move || app.load(&plan.loader, &plan.project, &programs)).await
}

impl Plan {
    /// `earlier` is the app that was served with the settings before.
    fn of(loader: Loader, earlier: Option<&Development>) -> Result<Plan> {
        let project = loader.project()?;
        loader.check_variables(&project)?;
        if let Some(app) = loader.app(&project) {
            let app = Some(Development::of(app, earlier));
            return Ok(Plan { component: None, build: None, app, project, loader });
        }
        let component = loader.argument().map(Cow::from).or_else(|| project.component());
        let Some(component) = component.map(Cow::into_owned) else {
            bail!(
                "there is nothing to watch, because the built-in example does not change; name a component, or set \
                 component.path in {FILE}; for an app in this folder, funcserver init writes that file"
            );
        };
        Ok(Plan { component: Some(component), build: loader.builder(&project), app: None, project, loader })
    }

    /// The component's file, for messages.
    fn component_name(&self) -> String {
        self.component.as_ref().map(|path| path.display().to_string()).unwrap_or_default()
    }

    /// The component, the settings, and the file with values of secrets, if there are any.
    fn files(&self) -> impl Iterator<Item = PathBuf> {
        let secrets = (!self.project.config.guest.secrets.is_empty()).then(|| DOTENV.into());
        self.component.iter().cloned().chain([FILE.into()]).chain(secrets)
    }

    async fn build(&self) -> Result<()> {
        match &self.build {
            Some(build) => build.run_watched(self.loader.optimization()).await,
            None => Ok(()),
        }
    }

    fn announce(&self) {
        match self.made_of_sources() {
            true => output::note("watching the sources in this folder"),
            false => output::note(format_args!("watching {}", self.component_name())),
        }
        if self.app.is_none() && self.loader.optimization() == Optimization::None {
            output::note("compiled quickly, without optimisation: serve --watch --optimize runs what would be bundled");
        }
    }

    /// Whether the settings name an app, and not a command that builds the component.
    fn is_app(&self) -> bool {
        self.app.is_some() || matches!(self.build, Some(Builder::App(_)))
    }

    fn made_of_sources(&self) -> bool {
        self.build.is_some() || self.app.is_some()
    }
}

/// Takes a snapshot of all files, outside the tasks that answer requests.
async fn look(plan: &Arc<Plan>, before: &Arc<Seen>) -> Arc<Seen> {
    let (plan, earlier) = (Arc::clone(plan), Arc::clone(before));
    let looked = blocking(move || {
        let mut sources = if plan.made_of_sources() { sources::of(Path::new(".")) } else { Vec::new() };
        sources.retain(|path| !plan.loader.writes(path));
        Ok(Seen { files: Snapshot::of(plan.files(), &earlier.files), sources: Snapshot::of(sources, &earlier.sources) })
    });
    looked.await.map_or_else(|_| Arc::clone(before), Arc::new)
}

fn tell_reload(changes: &[PathBuf], begin: Instant) {
    output::note(format_args!("reloaded {} in {:.2} s", listed(changes), begin.elapsed().as_secs_f64()));
}

/// The first names, and the number of the others.
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
