//! The processes of a contender, which are those of its process groups.

use std::time::Duration;
use std::{fs, io};

use anyhow::{Context as _, Result, ensure};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// The processes of some groups at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tree(Vec<i32>);

impl Tree {
    /// The processes in the groups of these leaders.
    pub(crate) fn of(leaders: &[u32]) -> io::Result<Tree> {
        let mut members = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let Ok(id) = entry?.file_name().to_string_lossy().parse() else { continue };
            // The process may have ended in the meantime.
            let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else { continue };
            if group(&stat).is_some_and(|group| leaders.contains(&group)) {
                members.push(id);
            }
        }
        members.sort_unstable();
        Ok(Tree(members))
    }

    /// The total processor time of all processes: the precise value of the system, which includes ended threads.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        ensure!(!self.0.is_empty(), "no process is left");
        self.0.iter().map(|id| processor_time(*id)).sum()
    }

    /// The sum of the peak resident memory of each process, in bytes. Shared memory counts for each process.
    pub(crate) fn peak_memory(&self) -> Result<u64> {
        self.0.iter().map(|id| memory(*id, "VmHWM:")).sum()
    }

    /// The same of what each has resident now.
    pub(crate) fn resident_memory(&self) -> Result<u64> {
        self.0.iter().map(|id| memory(*id, "VmRSS:")).sum()
    }
}

/// The process group in a line of `/proc/<id>/stat`. The name before it may contain any character, including a
/// parenthesis.
fn group(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(2)?.parse().ok()
}

fn processor_time(id: i32) -> Result<Duration> {
    let time = clock_getcpuclockid(Pid::from_raw(id)).and_then(clock_gettime);
    Ok(time.with_context(|| format!("process {id} has ended"))?.into())
}

/// A figure of `/proc/<id>/status`.
fn memory(id: i32, name: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kibibytes.with_context(|| format!("process {id} has no {name}"))? * 1024)
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;
    use std::thread::sleep;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_group_has_children_and_their_processor_time() {
        let mut shell =
            Command::new("/bin/sh").args(["-c", "while :; do :; done & wait"]).process_group(0).spawn().unwrap();
        let limit = Instant::now() + Duration::from_secs(10);
        let mut tree = Tree(Vec::new());
        while tree.0.len() < 2 && Instant::now() < limit {
            tree = Tree::of(&[shell.id()]).unwrap();
        }
        let before = tree.processor_time().unwrap();
        sleep(Duration::from_millis(300));
        let (after, peak) = (tree.processor_time().unwrap(), tree.peak_memory().unwrap());
        for id in tree.0.iter().rev() {
            Command::new("/bin/kill").args(["-KILL", &id.to_string()]).status().unwrap();
        }
        shell.wait().unwrap();
        assert_eq!(tree.0.len(), 2);
        assert!(after > before + Duration::from_millis(20), "{before:?} {after:?}");
        assert!(peak > 200_000, "{peak}");
    }

    #[test]
    fn threads_that_ended_count() {
        let id = i32::try_from(std::process::id()).unwrap();
        let before = processor_time(id).unwrap();
        let burn = || {
            let begin = Instant::now();
            while begin.elapsed() < Duration::from_millis(100) {}
        };
        std::thread::spawn(burn).join().unwrap();
        assert!(processor_time(id).unwrap() > before + Duration::from_millis(10));
    }

    #[test]
    fn a_name_with_a_parenthesis_is_no_group() {
        assert_eq!(group("7 (a) b) S 1 42 42 0"), Some(42));
        assert_eq!(group("7 (a"), None);
    }
}
