//! The component that a command uses: its argument, else the one in the settings, else the built-in example.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use funcserver_engine::{FileKind, preinit};
use funcserver_function::config::{App, ComponentConfig, GuestConfig, Import};

use crate::cache::{digest, sha256};
use crate::componentize::{asks_preinit, componentize};
use crate::input;
use crate::project::{FILE, Project};
use crate::{frozen, output, progress};

/// The built-in example: `guest-example/rust`.
const EXAMPLE: &[u8] = include_bytes!(env!("FUNCSERVER_EXAMPLE_COMPONENT"));

/// What makes the component of an app.
const BUILD_APP: &str = "funcserver build, or serve the app from its sources: funcserver serve --watch";

/// A component as it was given: to be compiled, or compiled already.
#[derive(Debug)]
pub(crate) struct Component {
    /// Where it comes from.
    pub(crate) origin: ComponentSource,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
    /// Whether the command line names it. A project's settings may be untrusted.
    pub(crate) named: bool,
    /// The core module that it was made of, if that asks for pre-initialisation.
    module: Option<Vec<u8>>,
    /// The names of the variables that the settings grant to it.
    granted: BTreeSet<String>,
}

/// Where a component comes from. Shown as errors name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ComponentSource {
    /// A file.
    File(PathBuf),
    /// An app that reads its own files when an instance starts.
    App(App),
    /// The built-in example.
    Example,
}

impl Component {
    /// Reads the component that the command uses. If the command line does not name it, a line on stderr does.
    pub(crate) fn choose(argument: Option<&Path>, project: &Project) -> Result<Component> {
        let component = Component::find(argument, project)?;
        let app = &project.config.component.app;
        match (&component.origin, app) {
            _ if argument.is_some() => {}
            (ComponentSource::File(path), Some(app)) => {
                output::note(format_args!("the component is {}, which is made of {app}", path.display()));
            }
            (ComponentSource::File(path), None) => output::note(format_args!(
                "the component is {}, which {FILE} or FUNCSERVER_COMPONENT names",
                path.display()
            )),
            (ComponentSource::App(app), _) => output::note(format_args!("the app is {app}")),
            (ComponentSource::Example, _) => output::note("no component given: using the built-in example"),
        }
        Ok(component)
    }

    /// Reads the component that the command uses.
    pub(crate) fn find(argument: Option<&Path>, project: &Project) -> Result<Component> {
        let (settings, guest) = (&project.config.component, &project.config.guest);
        match (argument, project.component(), &settings.build) {
            (Some(path), _, _) => Ok(Component { named: true, ..Component::read(path, None, settings, guest)? }),
            (None, Some(path), build) => {
                let by_tool = settings.app.as_ref().map(|_| BUILD_APP);
                Component::read(&path, build.as_deref().or(by_tool), settings, guest)
            }
            (None, None, Some(_)) => bail!(
                "component.build makes a component, but component.path is not set; set it in {FILE} to the file that the build \
                 command writes"
            ),
            (None, None, None) => Component::of(ComponentSource::Example, EXAMPLE.to_vec(), settings, guest),
        }
    }

    /// The component of an app that reads its own files when an instance starts.
    pub(crate) fn of_app(app: App, wasm: Vec<u8>) -> Component {
        Component {
            origin: ComponentSource::App(app),
            bytes: wasm,
            named: false,
            module: None,
            granted: BTreeSet::new(),
        }
    }

    fn read(path: &Path, build: Option<&str>, settings: &ComponentConfig, guest: &GuestConfig) -> Result<Component> {
        match input::read(path, input::COMPONENT) {
            Ok(bytes) => Component::of(ComponentSource::File(path.to_owned()), bytes, settings, guest),
            Err(error) if error.kind() == io::ErrorKind::NotFound => match build {
                Some(command) => bail!("no such component: {}; build it: {command}", path.display()),
                None => bail!(
                    "no such component: {}; check the path, or omit it to use the built-in example",
                    path.display()
                ),
            },
            Err(_) if path.is_dir() => {
                bail!("{} is a folder; name the component in it, a .wasm or .cwasm file", path.display())
            }
            Err(error) => bail!("cannot read the component {}: {error}", path.display()),
        }
    }

    /// A component; a core module is converted to one.
    fn of(
        origin: ComponentSource,
        bytes: Vec<u8>,
        settings: &ComponentConfig,
        guest: &GuestConfig,
    ) -> Result<Component> {
        if FileKind::of(&bytes) != FileKind::CoreModule {
            return Ok(Component { origin, bytes, named: false, module: None, granted: BTreeSet::new() });
        }
        let component = componentize(&bytes).map_err(|error| anyhow!("{origin}: {error:#}"))?;
        let mut module = asks_preinit(&bytes).then_some(bytes);
        if module.is_some() && settings.import == Import::Start {
            output::note(format_args!(
                "{origin} is initialised in each instance, because component.import is \"start\""
            ));
            module = None;
        }
        if module.is_some() && (guest.assets.is_some() || guest.tmp) {
            output::note(format_args!(
                "{origin} is initialised in each instance: guest.assets or guest.tmp gives it files, which a \
                 pre-initialisation would not see"
            ));
            module = None;
        }
        let granted = guest.names().into_iter().map(str::to_owned).collect();
        Ok(Component { origin, bytes: component, named: false, module, granted })
    }

    /// The same component without pre-initialisation: each instance initialises itself.
    pub(crate) fn uninitialized(self) -> Component {
        Component { module: None, ..self }
    }

    /// The input that determines the compiled result: the component, or the module whose pre-initialisation becomes
    /// part of it.
    pub(crate) fn source(&self) -> &[u8] {
        self.module.as_deref().unwrap_or(&self.bytes)
    }

    /// A hash of the input and of the settings on which the compiled result depends.
    pub(crate) fn key(&self) -> String {
        let source = sha256(self.source());
        match &self.module {
            Some(_) if !self.granted.is_empty() => {
                let granted: Vec<_> = self.granted.iter().map(String::as_str).collect();
                sha256(format!("{source} {}", granted.join(" ")).as_bytes())
            }
            _ => source,
        }
    }

    /// The component, if it is compiled as it was given.
    pub(crate) fn compiled_as_it_is(&self) -> Option<&[u8]> {
        let is_source = FileKind::of(&self.bytes) == FileKind::Component && self.module.is_none();
        is_source.then_some(&self.bytes)
    }

    /// The component to compile. Runs the pre-initialisation if the module asks for one.
    pub(crate) fn initialized(&self) -> Result<Cow<'_, [u8]>> {
        let Some(module) = &self.module else { return Ok(Cow::Borrowed(&self.bytes)) };
        let origin = &self.origin;
        let initialize = || preinit::preinit(module, digest(module));
        let initialized = progress::during(format_args!("initialising {origin}"), initialize).map_err(|error| {
            anyhow!("{origin}: {error}; to initialise it in each instance instead, set component.import = \"start\"")
        })?;
        for line in initialized.output.lines() {
            output::note(format_args!("{origin}: {}", output::printable(line)));
        }
        frozen::check(origin, initialized.reads.as_deref(), &self.granted)?;
        let component = componentize(&initialized.module).map_err(|error| anyhow!("{origin}: {error:#}"))?;
        Ok(Cow::Owned(component))
    }

    /// Its name: the file's, without its extension.
    pub(crate) fn name(&self) -> String {
        match &self.origin {
            ComponentSource::File(path) => path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            ComponentSource::App(app) => app.as_str().split([':', '.']).next().unwrap_or_default().to_owned(),
            ComponentSource::Example => "example".to_owned(),
        }
    }
}

impl fmt::Display for ComponentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ComponentSource::File(path) => write!(f, "{}", path.display()),
            ComponentSource::App(app) => app.fmt(f),
            ComponentSource::Example => f.write_str("the built-in example"),
        }
    }
}
