//! The imports that only funcserver's host has. Without the feature `host-imports` they are missing, and the acts that
//! use them are bad instructions.

#[cfg(not(feature = "host-imports"))]
pub use absent::{config, context, log};
#[cfg(feature = "host-imports")]
pub use present::{config, context, log};

#[cfg(feature = "host-imports")]
mod present {
    use bindings::funcserver::lambda::context as facts;
    use bindings::wasi::config::store;
    use bindings::wasi::logging::logging::{self, Level};
    use serde_json::json;

    use crate::answer::Answer;

    /// The facts of `funcserver:lambda/context`, with their names in WIT, but with underscores.
    pub fn context() -> Answer {
        Answer::json(&json!({
            "request_id": facts::request_id(),
            "deadline_ms": facts::deadline_ms(),
            "trace_id": facts::trace_id(),
            "function_arn": facts::function_arn(),
            "target_group_arn": facts::target_group_arn(),
            "multi_value_headers": facts::multi_value_headers(),
            "client_address": facts::client_address(),
            "tenant_id": facts::tenant_id(),
            "event_source": facts::event_source(),
        }))
    }

    /// `value`, the value of `key` in `wasi:config/store` (null if there is none), or `error`; and `keys`, all keys.
    pub fn config(key: &str) -> Answer {
        let keys = store::get_all().map(|all| all.into_iter().map(|(key, _)| key).collect::<Vec<_>>());
        match (store::get(key), keys) {
            (Ok(value), Ok(keys)) => Answer::json(&json!({ "value": value, "keys": keys })),
            (Err(error), _) | (_, Err(error)) => Answer::json(&json!({ "error": error.to_string() })),
        }
    }

    /// Logs through `wasi:logging`: `LEVEL TIMES`, a message of that level so many times, with the context `shop`.
    pub fn log(argument: &str) -> Answer {
        let (level, times) = argument.split_once(' ').unwrap_or((argument, "1"));
        let level = match level {
            "trace" => Level::Trace,
            "debug" => Level::Debug,
            "info" => Level::Info,
            "warn" => Level::Warn,
            "error" => Level::Error,
            "critical" => Level::Critical,
            other => return Answer::bad_instruction(format!("no level: {other}")),
        };
        let Ok(times) = times.parse::<usize>() else { return Answer::bad_instruction(argument.to_owned()) };
        for time in 0..times {
            logging::log(level, "shop", &format!("message {time}\nwith a second line"));
        }
        Answer::json(&json!({ "logged": times }))
    }

    mod bindings {
        wit_bindgen::generate!({
            path: ["../../../wit", "../../../wit/logging"],
            inline: "
                package funcserver:test-guest;
                world host-imports {
                    import funcserver:lambda/context@0.1.0;
                    import wasi:config/store@0.2.0-rc.1;
                    import wasi:logging/logging@0.1.0-draft;
                }
            ",
            world: "funcserver:test-guest/host-imports",
            generate_all,
        });
    }
}

#[cfg(not(feature = "host-imports"))]
mod absent {
    use crate::answer::Answer;

    pub fn context() -> Answer {
        Answer::bad_instruction("context needs the feature host-imports".to_owned())
    }

    pub fn log(_argument: &str) -> Answer {
        Answer::bad_instruction("log needs the feature host-imports".to_owned())
    }

    pub fn config(_key: &str) -> Answer {
        Answer::bad_instruction("config needs the feature host-imports".to_owned())
    }
}
