//! Programs on the PATH, and what they say of themselves.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use funcserver_function::config::Env;

/// How long a program may take to print its version. Some start a virtual machine first.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest output that is read.
const MOST: u64 = 64 << 10;

/// The first program of this name on the PATH. Folders that are relative are skipped: what is in them depends on the
/// working folder, which may be an untrusted project's.
pub(super) fn find(name: &str, env: &dyn Env) -> Option<PathBuf> {
    let folders = env.get("PATH")?.split(':').map(Path::new).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(|path| {
        path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
    })
}

/// What a program prints on stdout, if it ends well and in time. It runs in the root folder, so that no settings of a
/// project apply.
pub(super) fn printed(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    // rustup would install a toolchain that is missing, and Go would download one.
    command.env("RUSTUP_AUTO_INSTALL", "0").env("GOTOOLCHAIN", "local");
    command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let stdout = child.stdout.take()?;
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        let _ = stdout.take(MOST).read_to_end(&mut text);
        text
    });
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().ok()? {
            // A process that it left behind may hold the pipe: then the reader is not waited for.
            while !reader.is_finished() && begin.elapsed() < PATIENCE {
                thread::sleep(Duration::from_millis(2));
            }
            let text = if reader.is_finished() { reader.join().ok()? } else { return None };
            return status.success().then(|| String::from_utf8_lossy(&text).trim().to_owned());
        }
        if begin.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// The first number with dots in a text such as `go version go1.26.8 linux/amd64`.
pub(super) fn version(text: &str) -> Option<&str> {
    let start = text.find(|char: char| char.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches('.'))
}

/// Whether a version is at least another. A part that is missing is 0.
pub(super) fn at_least(version: &str, oldest: (u32, u32)) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= oldest
}

#[cfg(test)]
mod tests {
    use funcserver_function::config::Variables;

    use super::*;

    #[test]
    fn versions_are_found_and_compared() {
        for (text, expected) in [
            ("Python 3.11.7", "3.11.7"),
            ("v20.20.2", "20.20.2"),
            ("go version go1.26.8 linux/amd64", "1.26.8"),
            ("cargo 1.95.0 (abc 2026-01-01)", "1.95.0"),
            ("go version go1.27rc1 linux/amd64", "1.27"),
        ] {
            assert_eq!(version(text), Some(expected));
        }
        assert_eq!(version("none"), None);
        assert!(at_least("3.10.0", (3, 10)) && at_least("4", (3, 10)) && !at_least("3.9.1", (3, 10)));
    }

    #[test]
    fn relative_folders_of_the_path_are_skipped() {
        let path = |text: &str| [("PATH", text)].into_iter().collect::<Variables>();
        assert!(find("sh", &path("/usr/bin:/bin")).is_some());
        assert_eq!(find("Cargo.toml", &path(".:")), None);
        assert_eq!(find("no-such-program", &path("/usr/bin:/bin")), None);
    }

    #[test]
    fn what_fails_has_no_output() {
        let shell = Path::new("/bin/sh");
        assert_eq!(printed(shell, &["-c", "echo 1.2"]).as_deref(), Some("1.2"));
        assert_eq!(printed(shell, &["-c", "echo 1.2; exit 1"]), None);
        assert_eq!(printed(Path::new("/no/such/program"), &[]), None);
    }
}
