//! The results as a Markdown document.

use std::fmt::Write as _;

use crate::figures::Summary;
use crate::results::{Results, Row};

/// The whole document.
pub(crate) fn of(results: &Results) -> String {
    let mut text = String::from("# Cold and warm, side by side\n\n");
    for (name, value) in &results.machine {
        let _ = writeln!(text, "- {name}: {value}");
    }
    let plan = results.plan;
    let _ = writeln!(text, "- {} cold starts and {} warm invocations each", plan.cold, plan.rounds * plan.warm);
    let _ = writeln!(text, "- order of the rounds from seed {}\n", results.seed);
    text += HEAD;
    for row in &results.contenders {
        let title = &row.contender.title;
        match &row.summary {
            Some(summary) => text += &line(title, summary),
            None => {
                let _ = writeln!(text, "| {title} | not measured | | | | | | | | |");
            }
        }
    }
    text += LEGEND;
    for row in &results.contenders {
        text += &made(row);
    }
    text += "\n## Targets\n\n";
    for verdict in &results.targets {
        let _ = writeln!(text, "- {}", verdict.line());
    }
    text
}

const HEAD: &str = "\
| | start ms | first ms | cold ms | warm p50 µs | p99 µs | CPU µs | peak MB | disk MB | zip MB |\n\
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";

const LEGEND: &str = "
Medians. Start: from the start of the process to its first request for an event. First: the first invocation, until the reply is
posted. Cold: the sum of both. CPU: processor time of all its processes a warm invocation. Peak: resident memory of all its
processes. Interpreters are not in the sizes, as Lambda brings them. MB are 10⁶ bytes.

## What they are

";

fn line(title: &str, summary: &Summary) -> String {
    let Summary { init_ms, first_ms, cold_ms, p50_us, p99_us, processor_us, peak_mb, disk_mb, zip_mb, .. } = summary;
    format!(
        "| {title} | {init_ms:.2} | {first_ms:.2} | {cold_ms:.2} | {p50_us:.0} | {p99_us:.0} | {processor_us:.0} \
         | {peak_mb:.1} | {disk_mb:.2} | {zip_mb:.2} |\n"
    )
}

fn made(row: &Row) -> String {
    let mut text = format!("- **{}** (`{}`): {}", row.contender.title, row.contender.name, row.contender.made);
    if let Some(note) = &row.note {
        let _ = write!(text, "; {note}");
    }
    if let Some(reason) = &row.not_measured {
        let _ = write!(text, ". Not measured: {}", reason.replace('\n', " "));
    }
    text + "\n"
}
