//! What the settings of a project say of its app.

use std::path::PathBuf;
use std::sync::Arc;

use funcserver_function::config::{App, Import, Variables};

use crate::project::Project;

/// An app, and how its component is made.
#[derive(Debug, Clone)]
pub(crate) struct AppSettings {
    pub(crate) app: App,
    pub(crate) import: Import,
    /// The names of the variables that the settings grant.
    pub(crate) granted: Vec<String>,
    /// The component to write.
    pub(crate) component: PathBuf,
    pub(crate) env: Arc<Variables>,
}

impl AppSettings {
    /// Those of the project, if its settings name an app.
    pub(crate) fn of(project: &Project, env: &Variables) -> Option<AppSettings> {
        let (component, guest) = (&project.config.component, &project.config.guest);
        let mut granted = guest.names();
        granted.extend(project.config.network.aws_names());
        Some(AppSettings {
            app: component.app.clone()?,
            import: component.import,
            granted: granted.into_iter().map(str::to_owned).collect(),
            component: project.component()?.into_owned(),
            env: Arc::new(env.clone()),
        })
    }
}
