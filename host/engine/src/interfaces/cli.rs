//! `wasi:cli`: environment variables, which `grants.rs` selects; standard streams, which go to the log; and no
//! terminal.

use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::p2::bindings::cli as p2;
use wasmtime_wasi::p3::bindings::cli as p3;

use super::{Interface, Offer};
use crate::state::State;

pub(super) const INTERFACES: &[Interface] = &[
    Interface {
        name: "wasi:cli/environment",
        offers: &[
            Offer::p2(|linker| p2::environment::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::environment::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/exit",
        offers: &[
            Offer::p2(|linker| p2::exit::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::exit::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/stderr",
        offers: &[
            Offer::p2(|linker| p2::stderr::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::stderr::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/stdin",
        offers: &[
            Offer::p2(|linker| p2::stdin::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::stdin::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/stdout",
        offers: &[
            Offer::p2(|linker| p2::stdout::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::stdout::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/terminal-input",
        offers: &[
            Offer::p2(|linker| p2::terminal_input::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::terminal_input::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/terminal-output",
        offers: &[
            Offer::p2(|linker| p2::terminal_output::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::terminal_output::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/terminal-stderr",
        offers: &[
            Offer::p2(|linker| p2::terminal_stderr::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::terminal_stderr::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/terminal-stdin",
        offers: &[
            Offer::p2(|linker| p2::terminal_stdin::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::terminal_stdin::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    Interface {
        name: "wasi:cli/terminal-stdout",
        offers: &[
            Offer::p2(|linker| p2::terminal_stdout::add_to_linker::<_, WasiCli>(linker, State::cli)),
            Offer::p3(|linker| p3::terminal_stdout::add_to_linker::<_, WasiCli>(linker, State::cli)),
        ],
    },
    // This interface has only types, so there is nothing to link.
    Interface { name: "wasi:cli/types", offers: &[Offer::p3(|_| Ok(()))] },
];
