//! The machine of a run.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

/// The machine and its tools. Unknown facts are omitted.
pub(crate) fn facts() -> BTreeMap<&'static str, String> {
    let programs = [
        ("date", &["date", "-u", "+%F %R UTC"][..]),
        ("rustc", &["rustc", "--version"]),
        ("go", &["go", "version"]),
        ("node", &["node", "--version"]),
        ("python", &["python3", "--version"]),
        ("commit", &["git", "describe", "--always", "--dirty", "--abbrev=12"]),
    ];
    let mut facts: BTreeMap<_, _> =
        programs.into_iter().filter_map(|(name, command)| Some((name, first_line(command)?))).collect();
    facts.extend(file("/proc/sys/kernel/osrelease").map(|kernel| ("kernel", kernel)));
    facts.extend(field("/proc/cpuinfo", "model name").map(|model| ("processor", model)));
    facts.extend(field("/proc/meminfo", "MemTotal").map(|memory| ("memory", memory)));
    facts.extend(std::thread::available_parallelism().ok().map(|cores| ("cores", cores.to_string())));
    facts.extend(file("/proc/loadavg").map(|load| ("load before", load)));
    facts
}

fn first_line(command: &[&str]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_owned())
}

fn file(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let (_, value) = text.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim() == name)?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_a_kernel_and_cores() {
        let facts = facts();
        assert!(facts.contains_key("kernel") && facts.contains_key("cores"), "{facts:?}");
    }
}
