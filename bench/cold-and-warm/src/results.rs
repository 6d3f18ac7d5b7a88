//! The files of a run: `results.json`, `table.md` and `plot.svg`.

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
    /// The machine.
    pub(crate) machine: BTreeMap<&'static str, String>,
    /// The seed for the order of the rounds.
    pub(crate) seed: u64,
    /// The number of measurements.
    pub(crate) plan: Plan,
    /// The verdict for each target.
    pub(crate) targets: Vec<Verdict>,
    /// The contenders, in the order of `contenders.toml`.
    pub(crate) contenders: Vec<Row>,
}

/// The results of one contender.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// The contender.
    #[serde(flatten)]
    pub(crate) contender: Contender,
    /// The note of its build script.
    pub(crate) note: Option<String>,
    /// The reason why it was not measured.
    pub(crate) not_measured: Option<String>,
    /// The numbers in the table.
    pub(crate) summary: Option<Summary>,
    /// All measurements.
    pub(crate) raw: Option<Figures>,
}

impl Results {
    /// Checks the targets for the contenders whose folders are in `stage`.
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

    /// Writes one line for each contender, so that two runs can be compared with `diff`.
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

/// The facts about the machine, before any contender is started.
pub(crate) fn machine() -> BTreeMap<&'static str, String> {
    machine::facts()
}
