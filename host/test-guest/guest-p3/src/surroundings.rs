use serde_json::json;
use wasip3::cli::environment;
use wasip3::filesystem::preopens;

use crate::answer::Answer;

/// What the host lets the guest see of its surroundings: `environment` (pairs of name and value), `arguments`, `cwd`
/// (null if there is none) and `preopens`, the number of folders.
pub fn answer() -> Answer {
    Answer::json(&json!({
        "environment": environment::get_environment(),
        "arguments": environment::get_arguments(),
        "cwd": environment::get_initial_cwd(),
        "preopens": preopens::get_directories().len(),
    }))
}
