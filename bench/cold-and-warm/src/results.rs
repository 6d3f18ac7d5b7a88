//! What a run leaves behind: `results.json`, `table.md` and `plot.svg`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;

use crate::contender::Contender;
use crate::figures::{Figures, Summary};
use crate::measure::{Entry, Plan};
use crate::target::{TARGETS, Verdict};
use crate::{machine, plot, table};

/// One run.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// What it ran on.
    pub(crate) machine: BTreeMap<&'static str, String>,
    /// What the order of the rounds came from.
    pub(crate) seed: u64,
    /// How much was measured.
    pub(crate) plan: Plan,
    /// Whether each promise was kept.
    pub(crate) targets: Vec<Verdict>,
    /// In the order of `contenders.toml`.
    pub(crate) contenders: Vec<Row>,
}

/// What a run says of one contender.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Who.
    #[serde(flatten)]
    pub(crate) contender: Contender,
    /// What its build had to say.
    pub(crate) note: Option<String>,
    /// Why it was not measured.
    pub(crate) not_measured: Option<String>,
    /// What is in the table.
    pub(crate) summary: Option<Summary>,
    /// Every single figure.
    pub(crate) raw: Option<Figures>,
}

impl Results {
    /// Judges what was measured, of the contenders whose folders are in `stage`.
    pub(crate) fn of(
        entries: Vec<Entry>,
        stage: &Path,
        seed: u64,
        plan: Plan,
        machine: BTreeMap<&'static str, String>,
    ) -> Self {
        let contenders: Vec<Row> = entries.into_iter().map(|entry| Row::of(entry, stage)).collect();
        let row = |name: &str| contenders.iter().find(|row| row.contender.name == name);
        let targets = TARGETS
            .iter()
            .filter(|target| target.concerns(|name| row(name).is_some()))
            .map(|target| target.judge(|name| row(name)?.summary.as_ref()))
            .collect();
        Results { machine, seed, plan, targets, contenders }
    }

    /// Writes the files to `folder`.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let files =
            [("results.json", self.json()?), ("table.md", table::of(self)), ("plot.svg", plot::of(&self.contenders))];
        for (name, text) in files {
            let path = folder.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// One contender a line, so that two runs can be compared.
    fn json(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?.replace("{\"name\":", "\n{\"name\":") + "\n")
    }
}

impl Row {
    fn of(entry: Entry, stage: &Path) -> Row {
        let note = entry.contender.note(stage);
        let (raw, not_measured) = match entry.outcome {
            Ok(figures) => (Some(figures), None),
            Err(reason) => (None, Some(reason)),
        };
        Row { summary: raw.as_ref().map(Figures::summary), contender: entry.contender, note, not_measured, raw }
    }
}

/// What the run is on, before anything has been started.
pub(crate) fn machine() -> BTreeMap<&'static str, String> {
    machine::facts()
}
