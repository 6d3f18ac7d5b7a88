//! Finds the component among the files that Lambda unpacked.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Config, LambdaEnv};

/// The error for a missing component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFound {
    /// The files that were tried, in order. It is empty if `LAMBDA_TASK_ROOT` is not set.
    pub tried: Vec<PathBuf>,
    /// Whether the configuration named the file.
    pub configured: bool,
}

/// The first existing file of these: the configured path (`FUNCSERVER_COMPONENT`) and, if it is set, no other; then, in
/// `LAMBDA_TASK_ROOT`, the handler if it ends in `.cwasm`, the handler with `.cwasm` appended, and `handler.cwasm`.
///
/// The bare handler is never tried, because it is usually `bootstrap`, the host itself.
///
/// # Errors
/// The files that were tried, if none of them exists.
pub fn find_component(
    lambda: &LambdaEnv,
    config: &Config,
    exists: &dyn Fn(&Path) -> bool,
) -> Result<PathBuf, NotFound> {
    let configured = config.component.path.clone();
    let not_found = NotFound { configured: configured.is_some(), tried: candidates(lambda, configured) };
    not_found.tried.iter().find(|path| exists(path)).cloned().ok_or(not_found)
}

fn candidates(lambda: &LambdaEnv, configured: Option<PathBuf>) -> Vec<PathBuf> {
    if let Some(path) = configured {
        return vec![path];
    }
    let Some(root) = &lambda.task_root else { return Vec::new() };
    let mut candidates = Vec::new();
    if let Some(handler) = &lambda.handler {
        let name = if handler.ends_with(".cwasm") { handler.clone() } else { format!("{handler}.cwasm") };
        candidates.push(root.join(name));
    }
    candidates.push(root.join("handler.cwasm"));
    candidates.dedup();
    candidates
}

impl fmt::Display for NotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tried: Vec<_> = self.tried.iter().map(|path| path.display().to_string()).collect();
        match (self.configured, tried.is_empty()) {
            (true, _) => {
                write!(f, "no component at {}, which FUNCSERVER_COMPONENT or funcserver.toml names", tried.join(", "))
            }
            (false, true) => f.write_str("no component: LAMBDA_TASK_ROOT is not set; set it or FUNCSERVER_COMPONENT"),
            (false, false) => write!(
                f,
                "no component: tried {}; `funcserver bundle` makes a zip that has one, FUNCSERVER_COMPONENT names another file",
                tried.join(", ")
            ),
        }
    }
}

impl std::error::Error for NotFound {}

#[cfg(test)]
mod tests {
    use super::*;

    fn lambda(handler: &str) -> LambdaEnv {
        LambdaEnv {
            runtime_api: http::Uri::from_static("127.0.0.1:9001"),
            memory: 128 << 20,
            concurrency: 1,
            snapshot: false,
            task_root: Some("/var/task".into()),
            handler: Some(handler.into()),
        }
    }

    fn configured(path: &str) -> Config {
        let mut config = Config::default();
        config.component.path = Some(path.into());
        config
    }

    fn find(handler: &str, config: &Config, files: &[&str]) -> Result<PathBuf, NotFound> {
        find_component(&lambda(handler), config, &|path| files.iter().any(|file| path == Path::new(file)))
    }

    #[test]
    fn the_first_match_in_the_task_root() {
        let all =
            ["/var/task/bootstrap", "/var/task/bootstrap.cwasm", "/var/task/shop.cwasm", "/var/task/handler.cwasm"];
        for (handler, expected) in [
            ("shop.cwasm", "/var/task/shop.cwasm"),
            ("shop", "/var/task/shop.cwasm"),
            ("bootstrap", "/var/task/bootstrap.cwasm"),
            ("index.handler", "/var/task/handler.cwasm"),
            ("handler", "/var/task/handler.cwasm"),
        ] {
            assert_eq!(find(handler, &Config::default(), &all), Ok(expected.into()), "{handler}");
        }
    }

    #[test]
    fn a_configured_path_is_the_only_candidate() {
        let files = ["/opt/shop.cwasm", "/var/task/handler.cwasm"];
        assert_eq!(find("bootstrap", &configured("/opt/shop.cwasm"), &files), Ok("/opt/shop.cwasm".into()));
        let error = find("bootstrap", &configured("/opt/shoe.cwasm"), &files).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no component at /opt/shoe.cwasm, which FUNCSERVER_COMPONENT or funcserver.toml names"
        );
    }

    #[test]
    fn the_executable_is_not_taken_for_a_component() {
        let error = find("bootstrap", &Config::default(), &["/var/task/bootstrap"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no component: tried /var/task/bootstrap.cwasm, /var/task/handler.cwasm; \
             `funcserver bundle` makes a zip that has one, FUNCSERVER_COMPONENT names another file"
        );
    }

    #[test]
    fn each_file_is_tried_once() {
        let error = find("handler", &Config::default(), &[]).unwrap_err();
        assert_eq!(error.tried, [PathBuf::from("/var/task/handler.cwasm")]);
    }

    #[test]
    fn without_a_task_root_only_a_configured_path_counts() {
        let lambda = LambdaEnv { task_root: None, ..lambda("bootstrap") };
        let error = find_component(&lambda, &Config::default(), &|_| true).unwrap_err();
        assert_eq!(error.to_string(), "no component: LAMBDA_TASK_ROOT is not set; set it or FUNCSERVER_COMPONENT");
        assert_eq!(find_component(&lambda, &configured("a.cwasm"), &|_| true), Ok("a.cwasm".into()));
    }
}
