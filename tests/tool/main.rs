#![forbid(unsafe_code)]
//! The tool as its users run it: the built executable, its exit codes, and its two output streams.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "the panic of a failed test shows its position")]

mod bad_bootstrap;
mod bad_compiled;
mod bad_component;
mod bad_project;
mod build;
mod bundle;
mod doctor;
mod elf;
mod event;
mod exec;
mod fronts;
mod generate;
mod go_app;
mod health;
mod help;
mod http;
mod init;
mod inspect;
mod invoke;
mod javascript_app;
mod javascript_environment;
mod missing_imports;
mod native;
mod new;
mod new_rust;
mod odd_requests;
mod on_lambda_runtime;
mod outputs;
mod proposals;
mod proxy;
mod python_app;
mod python_environment;
mod record;
mod schema;
mod secrets;
mod serve;
mod server;
mod tool;
mod verify;
mod warm_cache;
mod wasm;
mod watch;
mod zip;
