# shellcheck shell=bash
# The programs from crates.io that the benchmarks use or compare with, with pinned versions. Source this after
# scripts/lib.sh; it cannot be run.

# need_crate NAME VERSION [CARGO-ARGUMENT...]: prints the folder of the crate's programs, and builds them on first use.
need_crate() {
    # shellcheck disable=SC2154 # scripts/lib.sh says where tools are
    local folder=$tools/${1//_/-}-$2
    if [[ ! -e $folder/complete ]]; then
        say "building $1 $2, once for this machine: some minutes"
        # The settings of the crate's own release profile, without those of this repository.
        cargo install --quiet --locked --root "$folder" "${@:3}" "$1@$2" >&2 || die "cargo could not install $1 $2"
        touch -- "$folder/complete"
    fi
    printf '%s\n' "$folder/bin"
}

need_adapter() { printf '%s/lambda-adapter\n' "$(need_crate lambda_web_adapter 1.0.0-rc1)"; }

need_oha() { printf '%s/oha\n' "$(need_crate oha 1.16.0)"; }

# The release that funcserver is built on. Of its features those that serving and compiling use; the rest of them would
# only make the program larger.
need_wasmtime() {
    local features=run,serve,compile,component-model,component-model-async,pooling-allocator,parallel-compilation
    features+=,threads,gc,gc-copying,wasi-config,demangle
    printf '%s/wasmtime\n' "$(need_crate wasmtime-cli 48.0.8 --no-default-features --features "$features")"
}
