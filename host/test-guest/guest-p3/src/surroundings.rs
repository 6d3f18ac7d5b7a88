use serde_json::json;
use wasip3::cli::environment;
use wasip3::filesystem::preopens;

use crate::answer::Answer;

/// The environment that the host shows to the guest: `environment` (pairs of name and value), `arguments`, `cwd` (null
/// if there is none) and `preopens`, the number of folders.
pub fn answer() -> Answer {
    Answer::json(&json!({
        "environment": environment::get_environment(),
        "arguments": environment::get_arguments(),
        "cwd": environment::get_initial_cwd(),
        "preopens": preopens::get_directories().len(),
    }))
}
