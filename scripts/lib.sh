# shellcheck shell=bash
# What the scripts share: where things are, how they speak, and how what is missing is set up. Sourced, never run.
# It moves to the root of the repository, where rustup and cargo find the pinned toolchain; $from is where the user was.
set -euo pipefail

from=$PWD
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# Tools of ours, apart from the user's own: each in a folder that names its version.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/funcserver/tools
# A relative target folder is meant from where the user stands.
if [[ -n ${CARGO_TARGET_DIR:-} && $CARGO_TARGET_DIR != /* ]]; then export CARGO_TARGET_DIR=$from/$CARGO_TARGET_DIR; fi
cd -- "$root"

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# leave_out WHAT: says what a missing tool leaves unchecked. Where CI=true, nothing is left out: it fails.
leave_out() {
    [[ ${CI:-} != true ]] || die "$1"
    say "    LEFT OUT: $1"
}

# --help prints the comment at the head of the script.
help_if_asked() {
    local argument
    for argument in "$@"; do
        if [[ $argument == -h || $argument == --help ]]; then
            sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$0"
            exit 0
        fi
    done
}

# The toolchain that rust-toolchain.toml pins, with its targets. Quick and offline when it is there.
need_rust() {
    command -v cc >/dev/null || die "no C compiler (cc) to link with: install one, for example: apt-get install gcc"
    if command -v rustup >/dev/null; then
        RUSTUP_AUTO_INSTALL=0 rustup which cargo >/dev/null 2>&1 || say "installing the toolchain of rust-toolchain.toml"
        rustup --quiet toolchain install || die "rustup could not install the toolchain of rust-toolchain.toml"
    else
        command -v cargo >/dev/null || die "no Rust: install rustup from https://rustup.rs, then run this again"
        say "no rustup: taking the cargo on the PATH, $(cargo --version); rust-toolchain.toml says what it should be"
    fi
}

need_python() {
    command -v python3 >/dev/null || die "no python3, which $1: install it, for example: apt-get install python3"
}

# need_program PROGRAM PACKAGE: a program that Debian's package of that name has.
need_program() { command -v "$1" >/dev/null || install_packages "$2"; }

# install_packages PACKAGE...: installs Debian's packages, or says that they are missing.
install_packages() {
    if [[ $EUID -ne 0 ]] || ! command -v apt-get >/dev/null; then
        die "missing: $*: install it, for example as root on Debian: apt-get install $*"
    fi
    say "installing $*"
    { apt-get update && apt-get install --yes --no-install-recommends "$@"; } >/dev/null || die "apt-get could not install $*"
}

# need_wheels NAME PACKAGE==VERSION...: prints the folder of the programs in these Python packages, installed on first use.
need_wheels() {
    local folder=$tools/$1
    shift
    if [[ ! -e $folder/complete ]]; then
        need_python "installs $*"
        say "installing $* into $folder"
        rm -rf -- "$folder"
        python3 -m venv "$folder" >&2 || die "python3 cannot make a venv: install it, for example: apt-get install python3-venv"
        "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >&2 || die "pip could not install $*"
        touch -- "$folder/complete"
    fi
    printf '%s\n' "$folder/bin"
}

# Where cargo puts what it builds, whether the environment, cargo's configuration or nothing says so.
target_folder() {
    cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# The crates that are workspaces of their own: the guests, which are compiled for another target.
guest_manifests() {
    find guest-example host \( -name target -o -name build-output -o -name fuzz \) -prune -o -name Cargo.toml -exec grep -l '^\[workspace\]' {} + | sort
}
