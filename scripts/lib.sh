# shellcheck shell=bash
# Functions that the scripts share: paths, messages, and the installation of missing tools.
# Sourced, never run. It changes to the root of the repository, where rustup and cargo find the pinned toolchain; $from
# is the user's folder.
set -euo pipefail

from=$PWD
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
# Our own tools, separate from the user's: each in a folder with its version in the name.
tools=${XDG_CACHE_HOME:-$HOME/.cache}/funcserver/tools
# A relative target folder is relative to the user's folder.
if [[ -n ${CARGO_TARGET_DIR:-} && $CARGO_TARGET_DIR != /* ]]; then export CARGO_TARGET_DIR=$from/$CARGO_TARGET_DIR; fi
cd -- "$root"

say() { printf '==> %s\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

# leave_out WHAT: reports what is not checked because a tool is missing. With CI=true it fails instead.
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

# The toolchain that rust-toolchain.toml pins, with its targets. Quick and offline if it is installed.
need_rust() {
    command -v cc >/dev/null || die "no C compiler (cc) to link with: install one, for example: apt-get install gcc"
    if command -v rustup >/dev/null; then
        RUSTUP_AUTO_INSTALL=0 rustup which cargo >/dev/null 2>&1 || say "installing the toolchain of rust-toolchain.toml"
        rustup --quiet toolchain install || die "rustup could not install the toolchain of rust-toolchain.toml"
    else
        command -v cargo >/dev/null || die "no Rust: install rustup from https://rustup.rs, then run this again"
        say "no rustup: using the cargo on the PATH, $(cargo --version); rust-toolchain.toml says which version it should be"
    fi
}

need_python() {
    command -v python3 >/dev/null || die "no python3, which $1: install it, for example: apt-get install python3"
}

# need_program PROGRAM PACKAGE: a program, from Debian's package of that name if it is missing.
need_program() { command -v "$1" >/dev/null || install_packages "$2"; }

# install_packages PACKAGE...: installs Debian's packages, or reports that they are missing. A CI machine's user may have
# sudo for it.
install_packages() {
    local as_root=()
    if [[ $EUID -ne 0 && ${CI:-} == true ]] && sudo --non-interactive true 2>/dev/null; then as_root=(sudo); fi
    if [[ $EUID -ne 0 && ${#as_root[@]} -eq 0 ]] || ! command -v apt-get >/dev/null; then
        die "missing: $*: install it, for example as root on Debian: apt-get install $*"
    fi
    say "installing $*"
    { "${as_root[@]}" apt-get update && "${as_root[@]}" apt-get install --yes --no-install-recommends "$@"; } >/dev/null || die "apt-get could not install $*"
}

# need_wheels NAME PACKAGE==VERSION...: prints the folder of the programs in these Python packages, installed on first
# use.
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

# need_requirements FILE...: prints the folder of the programs in an environment with these requirements, which is made
# again when one of the files changes.
need_requirements() {
    local folder arguments=() file
    folder=$tools/requirements-$(cat -- "$@" | sha256sum | head -c 16)
    if [[ ! -e $folder/complete ]]; then
        need_python "installs Python packages"
        say "installing $*"
        rm -rf -- "$folder"
        python3 -m venv "$folder" >&2 || die "python3 cannot make a venv: install it, for example: apt-get install python3-venv"
        for file in "$@"; do arguments+=(-r "$file"); done
        "$folder/bin/pip" install --quiet --disable-pip-version-check "${arguments[@]}" >&2 || die "pip could not install $*"
        touch -- "$folder/complete"
    fi
    printf '%s\n' "$folder/bin"
}

# need_crate NAME VERSION: prints the folder of the program of this crate, which is compiled on first use.
need_crate() {
    local folder=$tools/$1-$2
    if [[ ! -e $folder/complete ]]; then
        say "installing $1 $2 into $folder: compiled, which takes minutes"
        rm -rf -- "$folder"
        # In a target folder of its own, so that it does not fill ours.
        CARGO_TARGET_DIR=$folder/target cargo install --quiet --locked --root "$folder" "$1@$2" >&2 || die "cargo could not install $1 $2"
        rm -rf -- "$folder/target"
        touch -- "$folder/complete"
    fi
    printf '%s\n' "$folder/bin"
}

# need_go_program MODULE VERSION: prints the path of the program of this Go package, which is compiled on first use. It
# comes from the Go module proxy.
need_go_program() {
    local name=${1##*/} folder
    folder=$tools/$name-$2
    if [[ ! -x $folder/$name ]]; then
        say "building $name $2 into $folder"
        GOBIN=$folder GOFLAGS='' GOOS='' GOARCH='' go install "$1@v$2" >&2 || die "go could not install $1"
    fi
    printf '%s\n' "$folder/$name"
}

# need_pydantic_core: prints the path of the wheel of scripts/build-pydantic-core, which is built on first use.
need_pydantic_core() {
    local version wheel
    version=$(sed -n '/^pydantic-core==/{s/^pydantic-core==\([^ ]*\).*/\1/p;q}' guest-sdk/python-pydantic-core/sdists.txt)
    wheel=$root/dist/funcserver_lambda_pydantic_core-$version-py3-none-any.whl
    [[ -e $wheel ]] || scripts/build-pydantic-core >/dev/null
    printf '%s\n' "$wheel"
}

# find_pydantic_core: lets pip find that wheel in dist/.
find_pydantic_core() {
    need_pydantic_core >/dev/null
    export PIP_FIND_LINKS="$root/dist ${PIP_FIND_LINKS:-}"
}

# Cargo's target folder, whether it is set in the environment, in cargo's configuration or not at all.
target_folder() {
    cargo metadata --no-deps --format-version 1 | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

# build_example NAME [--lambda-context]: builds guest-example/NAME and prints the component's path: with its script
# `build`, or with the tool if funcserver.toml names an app, which has no --lambda-context. TOOL is the tool; without it,
# cargo builds one.
build_example() {
    local name=$1 project
    if [[ -x guest-example/$name/build ]]; then
        CARGO_TARGET_DIR=$(target_folder)/guests "guest-example/$name/build" "${@:2}" | tail -n 1
        return
    fi
    names_app "guest-example/$name" || die "guest-example/$name has no script \`build\`, and no funcserver.toml with component.app"
    [[ $# -eq 1 ]] || die "guest-example/$name is an app, which has no ${*:2}"
    project=$(target_folder)/examples/$name
    copy_project "guest-example/$name" "$project"
    if [[ -z ${TOOL:-} ]]; then cargo build --locked --package funcserver >&2; fi
    (cd -- "$project" && "${TOOL:-$(target_folder)/debug/funcserver}" build --output build-output/handler.cwasm >&2) || return 1
    printf '%s\n' "$project/build-output/handler.wasm"
}

# names_app FOLDER: whether the tool makes the component, because its funcserver.toml has component.app.
names_app() { grep -qsE '^app *=' "$1/funcserver.toml"; }

# copy_project FOLDER PROJECT: the files of an example or an app without its links, as `funcserver new` copies them, in a
# folder that keeps what was installed there.
copy_project() {
    mkdir -p -- "$2"
    find "$2" -mindepth 1 -maxdepth 1 ! -name build-output ! -name node_modules -exec rm -rf -- {} +
    tar --create --dereference --exclude=build-output --exclude=node_modules --exclude=.venv --exclude=__pycache__ \
        --exclude=target --directory "$1" . | tar --extract --directory "$2"
}

# install_node_packages [ARGUMENTS OF npm]: those of the package.json of this folder.
install_node_packages() {
    command -v npm >/dev/null || die "no npm: install Node.js 20 or later from https://nodejs.org"
    if [[ -f package-lock.json || -f npm-shrinkwrap.json ]]; then set -- ci "$@"; else set -- install --no-package-lock "$@"; fi
    npm "$@" --no-audit --no-fund --loglevel=error >&2 || die "npm could not install the packages of $PWD"
}

# The guests, which are workspaces of their own because they are compiled for another target.
guest_manifests() {
    find guest-example guest-sdk host tests/apps \( -name node_modules -o -name target -o -name build-output -o -name fuzz \) -prune -o -name Cargo.toml -exec grep -l '^\[workspace\]' {} + | sort
}
