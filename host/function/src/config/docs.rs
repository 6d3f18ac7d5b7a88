//! Checks that docs/configuration.md agrees with the code.

use funcserver_engine::{PROPOSALS, Proposal};

use super::{Fallback, OTHER_VARIABLES, SETTINGS};

const PAGE: &str = include_str!("../../../../docs/configuration.md");
const SECRETS: &str = include_str!("../../../../docs/secrets.md");
const DEPLOY: &str = include_str!("../../../../docs/deploy.md");

/// The table of settings as the page must show it.
fn table() -> String {
    let mut table =
        String::from("| key | variable | default | allowed | what it does |\n| --- | --- | --- | --- | --- |\n");
    for setting in SETTINGS {
        let default = match setting.default {
            Fallback::Value(value) => format!("`{value}`"),
            Fallback::Rule(rule) => rule.to_owned(),
        };
        let (allowed, doc) = (setting.allowed(), setting.doc);
        table += &format!("| `{}` | `{}` | {default} | {allowed} | {doc} |\n", setting.key, setting.variable);
    }
    table
}

#[test]
fn the_page_shows_the_table() {
    assert!(PAGE.contains(&table()), "docs/configuration.md lacks this table:\n{}", table());
}

#[test]
fn the_page_shows_the_other_variables() {
    for (name, doc) in OTHER_VARIABLES {
        let row = format!("| `{name}` | {doc} |\n");
        assert!(PAGE.contains(&row), "docs/configuration.md lacks this row:\n{row}");
    }
}

#[test]
fn the_page_shows_the_proposals() {
    for Proposal { name, adds } in PROPOSALS {
        let row = format!("| `{name}` | {adds} |\n");
        assert!(PAGE.contains(&row), "docs/configuration.md lacks this row:\n{row}");
    }
}

#[test]
fn the_page_names_no_variable_that_does_not_exist() {
    let known = |name: &str| {
        SETTINGS.iter().any(|setting| setting.variable == name)
            || OTHER_VARIABLES.iter().any(|(other, _)| *other == name)
    };
    let words = PAGE.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    let named: Vec<_> = words.filter(|word| word.len() > 11 && word.starts_with("FUNCSERVER_")).collect();
    assert!(named.len() >= SETTINGS.len());
    for name in named {
        assert!(known(name), "{name}");
    }
}

#[test]
fn the_examples_of_the_pages_are_valid() {
    let examples = |page: &'static str| page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let examples: Vec<_> = [PAGE, SECRETS, DEPLOY].into_iter().flat_map(examples).collect();
    assert!(examples.len() > 3);
    for example in examples {
        let read = super::Config::read(Some(("funcserver.toml".as_ref(), example)), &super::Variables::default());
        assert!(read.is_ok(), "{example}\n{read:?}");
    }
}
