//! The facts about the function in Lambda's reserved environment variables.
//! <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>

use std::path::PathBuf;

use http::Uri;

use super::env::Env;
use super::error::shown;

const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";
const MEMORY: &str = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE";
const TASK_ROOT: &str = "LAMBDA_TASK_ROOT";
const HANDLER: &str = "_HANDLER";
const INITIALIZATION: &str = "AWS_LAMBDA_INITIALIZATION_TYPE";
const SNAP_START: &str = "snap-start";
const CONCURRENCY: &str = "AWS_LAMBDA_MAX_CONCURRENCY";

/// The most concurrent events that are accepted, because each may use an instance's memory.
const MAX_AT_ONCE: usize = 1000;

/// The function as Lambda describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaEnv {
    /// The address of the Runtime API: host and port, usually without a scheme.
    pub runtime_api: Uri,
    /// The function's memory, in bytes. (Lambda states it in MiB, which it calls MB.)
    pub memory: usize,
    /// The number of events that Lambda sends at once. Only Lambda Managed Instances send more than one.
    pub concurrency: usize,
    /// Whether Lambda takes a snapshot of the process after its start (SnapStart).
    pub snapshot: bool,
    /// The folder of the unpacked zip. Emulators of Lambda may omit it.
    pub task_root: Option<PathBuf>,
    /// The function's configured handler, usually `bootstrap`.
    pub handler: Option<String>,
}

/// The reason why a function cannot run in this environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LambdaEnvError {
    /// There is no Runtime API: this process was not started by Lambda.
    #[error("AWS_LAMBDA_RUNTIME_API is not set, so this is not Lambda")]
    Outside,
    /// There is a Runtime API, but its address is not usable.
    #[error("AWS_LAMBDA_RUNTIME_API is \"{0}\", which is not a host and port")]
    RuntimeApi(String),
    /// There is a Runtime API, to which this can be reported, but other variables are missing or wrong.
    #[error("{}", .problems.join("; "))]
    Incomplete {
        /// The address of the Runtime API.
        runtime_api: Uri,
        /// One text for each variable that is missing or wrong.
        problems: Vec<String>,
    },
}

impl LambdaEnv {
    /// Reads Lambda's variables. An empty variable counts as not set.
    ///
    /// # Errors
    /// The missing Runtime API, or else everything that is missing or wrong.
    pub fn read(env: &dyn Env) -> Result<LambdaEnv, LambdaEnvError> {
        let get = |name| env.get(name).filter(|value| !value.is_empty());
        let runtime_api = runtime_api(get(RUNTIME_API).ok_or(LambdaEnvError::Outside)?)?;

        let mut problems = Vec::new();
        let memory = match get(MEMORY) {
            Some(value) => memory_bytes(value)
                .ok_or_else(|| format!("{MEMORY} is \"{}\", which is not a number of megabytes", shown(value))),
            None => Err(format!("{MEMORY} is not set, but Lambda always sets it")),
        };
        let memory = memory.unwrap_or_else(|problem| {
            problems.push(problem);
            0
        });
        let concurrency = get(CONCURRENCY).map_or(Some(1), at_once).unwrap_or_else(|| {
            let value = shown(get(CONCURRENCY).unwrap_or_default());
            problems.push(format!("{CONCURRENCY} is \"{value}\", which is not a number from 1 to {MAX_AT_ONCE}"));
            1
        });
        if !problems.is_empty() {
            return Err(LambdaEnvError::Incomplete { runtime_api, problems });
        }
        Ok(LambdaEnv {
            runtime_api,
            memory,
            concurrency,
            snapshot: get(INITIALIZATION) == Some(SNAP_START),
            task_root: get(TASK_ROOT).map(PathBuf::from),
            handler: get(HANDLER).map(str::to_owned),
        })
    }
}

fn runtime_api(value: &str) -> Result<Uri, LambdaEnvError> {
    let uri = value.parse().ok().filter(|uri: &Uri| uri.authority().is_some());
    uri.ok_or_else(|| LambdaEnvError::RuntimeApi(shown(value)))
}

/// Parses a number of MiB that is far above Lambda's own limit at most.
fn memory_bytes(mib: &str) -> Option<usize> {
    let mib = mib.parse::<i32>().ok().filter(|mib| *mib > 0)?;
    usize::try_from(mib).ok()?.checked_mul(1024 * 1024)
}

fn at_once(value: &str) -> Option<usize> {
    value.parse().ok().filter(|count| (1..=MAX_AT_ONCE).contains(count))
}

#[cfg(test)]
mod tests {
    use super::super::Variables;
    use super::*;

    const COMPLETE: [(&str, &str); 4] =
        [(RUNTIME_API, "127.0.0.1:9001"), (MEMORY, "128"), (TASK_ROOT, "/var/task"), (HANDLER, "bootstrap")];

    /// The complete environment, with `changed` set to other values.
    fn read_with(changed: &[(&'static str, &'static str)]) -> Result<LambdaEnv, LambdaEnvError> {
        LambdaEnv::read(&COMPLETE.iter().chain(changed).copied().collect::<Variables>())
    }

    #[test]
    fn a_complete_environment() {
        let lambda = read_with(&[]).unwrap();
        assert_eq!(lambda.runtime_api.authority().unwrap(), "127.0.0.1:9001");
        assert_eq!(lambda.memory, 128 * 1024 * 1024);
        assert_eq!(lambda.task_root, Some("/var/task".into()));
        assert_eq!(lambda.handler.as_deref(), Some("bootstrap"));
    }

    #[test]
    fn without_a_runtime_api_it_is_not_lambda() {
        assert_eq!(read_with(&[(RUNTIME_API, "")]), Err(LambdaEnvError::Outside));
        assert_eq!(LambdaEnv::read(&Variables::default()), Err(LambdaEnvError::Outside));
    }

    #[test]
    fn the_runtime_api_is_host_and_port_or_a_whole_address() {
        for value in ["localhost:9001", "http://127.0.0.1:9000/base", "[::1]:9001"] {
            assert!(read_with(&[(RUNTIME_API, value)]).is_ok(), "{value}");
        }
        for value in ["/path", "not an address", "host:port:more", "\u{fffd}"] {
            assert_eq!(read_with(&[(RUNTIME_API, value)]), Err(LambdaEnvError::RuntimeApi(value.into())), "{value}");
        }
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let env = [(RUNTIME_API, "127.0.0.1:9001"), (CONCURRENCY, "many")];
        let error = LambdaEnv::read(&env.into_iter().collect::<Variables>()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE is not set, but Lambda always sets it; \
             AWS_LAMBDA_MAX_CONCURRENCY is \"many\", which is not a number from 1 to 1000"
        );
    }

    #[test]
    fn only_necessary_variables_are_read() {
        let env = [(RUNTIME_API, "127.0.0.1:9001"), (MEMORY, "128")].into_iter().collect::<Variables>();
        assert!(LambdaEnv::read(&env).is_ok());
    }

    #[test]
    fn memory_is_a_positive_number() {
        for value in ["lots", "0", "-1", "128MB", "2147483648"] {
            let error = read_with(&[(MEMORY, value)]).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("AWS_LAMBDA_FUNCTION_MEMORY_SIZE is \"{value}\", which is not a number of megabytes")
            );
        }
    }

    #[test]
    fn concurrency_is_one_unless_lambda_says_more() {
        assert_eq!(read_with(&[]).unwrap().concurrency, 1);
        assert_eq!(read_with(&[(CONCURRENCY, "50")]).unwrap().concurrency, 50);
        for value in ["0", "-1", "many", "1001"] {
            let error = read_with(&[(CONCURRENCY, value)]).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("AWS_LAMBDA_MAX_CONCURRENCY is \"{value}\", which is not a number from 1 to 1000")
            );
        }
    }

    #[test]
    fn emulators_may_omit_task_root_and_handler() {
        let lambda = read_with(&[(TASK_ROOT, ""), (HANDLER, "")]).unwrap();
        assert_eq!((lambda.task_root, lambda.handler), (None, None));
    }
}
