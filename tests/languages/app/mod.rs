//! Apps of people's frameworks give the answers that `tests/apps/README.md` lists: in this process and from the zip by a
//! bootstrap, each with fresh and with reused instances.

mod answer;
mod client;
mod conversations;
pub(crate) mod deployment;
mod framework;
mod records;
mod requests;
pub(crate) mod upload;

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use libtest_mimic::Trial;

use self::client::Client;
use self::deployment::{Deployment, Instances, Place};
use self::framework::Framework;
pub(crate) use self::framework::check_folders;

/// The deployment of an app that all its tests share, and the reason if it cannot be loaded.
pub(crate) type Loaded =
    Arc<LazyLock<Result<Deployment, String>, Box<dyn FnOnce() -> Result<Deployment, String> + Send>>>;

/// The tests of the app in a folder that `scripts/test-languages` makes: `handler.cwasm`, and `function/` with the
/// unpacked zip if there is a bootstrap.
pub(crate) fn trials_of(name: &str, folder: &str) -> Vec<Trial> {
    let framework = Framework::named(name);
    let folder = PathBuf::from(folder);
    let mut trials = Vec::new();
    for place in places(&folder) {
        for instances in [Instances::Fresh, Instances::Reused] {
            trials.extend(trials_in(framework, &place, instances));
        }
        let app = name.to_owned();
        trials.push(Trial::test(format!("{app}::{}::a_slow_handler", place.name()), move || {
            Ok(conversations::slow_handler(&Deployment::load(&place, Instances::Reused, Some("2s"))?)?)
        }));
    }
    trials
}

pub(crate) fn places(folder: &Path) -> Vec<Place> {
    let zip = folder.join("function");
    let mut places = vec![Place::Process(folder.join("handler.cwasm"))];
    places.extend(zip.is_dir().then_some(Place::Zip(zip)));
    places
}

fn trials_in(framework: Framework, place: &Place, instances: Instances) -> Vec<Trial> {
    let deployment = on_demand(place, instances);
    let name = |test: &str| format!("{}::{}::{}::{test}", framework.name, place.name(), instances.name());
    let mut trials = Vec::new();
    for row in requests::all(framework).into_iter().filter(|row| !row.repeats || instances == Instances::Fresh) {
        let deployment = deployment.clone();
        trials.push(Trial::test(name(row.name), move || {
            let mut client = Client::of(loaded(&deployment)?);
            Ok(client.ask(&row.request)?.check(&row.checks)?)
        }));
    }
    for (test, converse) in conversations::all(framework) {
        let deployment = deployment.clone();
        trials.push(Trial::test(name(test), move || Ok(converse(framework, loaded(&deployment)?)?)));
    }
    trials
}

/// A deployment that the first test loads.
pub(crate) fn on_demand(place: &Place, instances: Instances) -> Loaded {
    let place = place.clone();
    let load: Box<dyn FnOnce() -> Result<Deployment, String> + Send> =
        Box::new(move || Deployment::load(&place, instances, None));
    Arc::new(LazyLock::new(load))
}

pub(crate) fn loaded(deployment: &Loaded) -> Result<&Deployment, &str> {
    LazyLock::force(deployment).as_ref().map_err(String::as_str)
}
