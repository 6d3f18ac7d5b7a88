//! The settings of `[guest]` that `init` writes.

use std::fmt::Write as _;

/// How many requests an instance answers. An instance must not live forever, in case the app leaks.
const REUSE: u32 = 1000;

/// The section with the variables that an app needs, and those that it reads if they are set.
pub(super) fn guest_settings(needed: &[String], optional: &[String]) -> String {
    let mut text = format!(
        "\n[guest]\n\
         # One instance of the app answers up to {REUSE} requests, one after the other. Globals and caches live as \
         long.\n\
         # With 1, each request gets a fresh instance: nothing is shared, and each request is slower.\n\
         reuse = {REUSE}\n"
    );
    if !needed.is_empty() {
        let names: Vec<_> = needed.iter().map(|name| quoted(name)).collect();
        let _ = write!(
            text,
            "# The variables of the function that the app gets. One that is not set is an error at start.\n\
             inherit-env = [{}]\n",
            names.join(", ")
        );
    }
    if !optional.is_empty() {
        let names = optional.join(", ");
        let _ = writeln!(
            text,
            "# The app also reads these if they are set; add them to inherit-env if you use them: {names}"
        );
    }
    text
}

/// A string of TOML.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
