//! Checks that the pages that list the error kinds agree with the code.

use std::collections::BTreeSet;

use funcserver_function::failure::Kind;

const TROUBLESHOOTING: &str = include_str!("../../../../docs/troubleshooting.md");
const README: &str = include_str!("../../../../README.md");

/// The name of a kind and its status.
type Entry = (String, String);

fn kinds() -> BTreeSet<Entry> {
    Kind::ALL.iter().map(|kind| (kind.name().to_owned(), kind.status().as_str().to_owned())).collect()
}

/// The rows of the table with this head, split into cells.
fn rows<'a>(page: &'a str, head: &str) -> Vec<Vec<&'a str>> {
    let lines = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = lines.map_while(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect()).collect()
}

/// The texts between backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// Each name in the first cell, with the status in the second.
fn entries(rows: &[Vec<&str>]) -> Vec<Entry> {
    let status = |cell: &str| cell.chars().take(3).collect::<String>();
    rows.iter().flat_map(|row| quoted(row[0]).map(move |name| (name.to_owned(), status(row[1])))).collect()
}

#[track_caller]
fn lists_every_kind_once(page: &str, head: &str) {
    let entries = entries(&rows(page, head));
    assert_eq!(entries.iter().cloned().collect::<BTreeSet<_>>(), kinds(), "{head}");
    assert_eq!(entries.len(), Kind::ALL.len(), "{head} has a kind twice");
}

#[test]
fn troubleshooting_has_each_kind_with_its_status_and_a_remedy() {
    let head = "| kind | status |";
    lists_every_kind_once(TROUBLESHOOTING, head);
    for row in rows(TROUBLESHOOTING, head) {
        assert_eq!(row.len(), 4, "{row:?}");
        assert!(row.iter().all(|cell| !cell.is_empty()), "{row:?}");
    }
}

#[test]
fn the_readme_has_each_kind_with_its_status() {
    lists_every_kind_once(README, "| kinds | status |");
}
