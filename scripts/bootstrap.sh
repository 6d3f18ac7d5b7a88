# shellcheck shell=bash
# Compiles the bootstrap, for the scripts that build it with and without counters, and what the tool of a release has in
# common with it. Sourced after scripts/lib.sh, never run.

# Without paths of the building machine in them, every machine builds the same executables. The example in the tool is
# compiled by a cargo within cargo, which leaves this path out too if it is set.
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo}

# choose_architecture NAME: sets arch and triple.
choose_architecture() {
    case $1 in
        x86_64 | amd64) arch=x86_64 triple=x86_64-unknown-linux-musl ;;
        arm64 | aarch64) arch=arm64 triple=aarch64-unknown-linux-musl ;;
        *) die "no such architecture on Lambda: $1 (x86_64 or arm64)" ;;
    esac
    # shellcheck disable=SC2154 # scripts/lib.sh says where the root is
    profile=$root/host/bootstrap/profile/$arch
}

# need_zig: prints the folder of cargo-zigbuild, which compiles for other systems than this machine's.
need_zig() { need_wheels zigbuild-0.24.1-zig-0.17.1 cargo-zigbuild==0.24.1 ziglang==0.17.1; }

# need_target: the standard library for $triple.
need_target() {
    if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$triple"; then
        rustup target add "$triple" >&2 || die "rustup could not add the target $triple"
    fi
}

# path_flags TARGET-FOLDER: the compiler's flags that replace this machine's paths. The last one that fits counts: the
# target folder may be anywhere, and generated code is there. The compiler finds the standard library's sources by itself,
# if rustup has installed them: its files get the names that they have without.
path_flags() {
    local sysroot commit each
    sysroot=$(rustc --print sysroot)
    commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
    printf '%s' "--remap-path-prefix=$CARGO_HOME=/cargo --remap-path-prefix=$root=/funcserver" \
        " --remap-path-prefix=$1=/funcserver/target"
    # A toolchain may be a link to another one.
    for each in "$sysroot" "$(realpath -- "$sysroot")"; do
        printf '%s' " --remap-path-prefix=$each/lib/rustlib/src/rust=/rustc/$commit"
    done
}

# need_auditable: prints the path of the program that `audited` runs.
need_auditable() { printf '%s/cargo-auditable\n' "$(need_crate cargo-auditable 0.7.7)"; }

# audited PROGRAM COMMAND...: runs cargo so that each executable names the crates that are in it, as `cargo auditable`
# does. By itself that is the wrapper for the crates of the workspace, and its path becomes a part of their symbols: a
# release would not be the same in another home folder, and no profile would fit. Cargo does not notice this wrapper:
# clean_unless_audited comes first.
audited() {
    RUSTC_WRAPPER=$1 CARGO_AUDITABLE_ORIG_ARGS='{"offline":false,"locked":true,"frozen":false,"config":[]}' "${@:2}"
}

# has_crate_list FILE: whether it was built by `audited`.
has_crate_list() { LC_ALL=C grep -aqF .dep-v0 -- "$1"; }

# clean_unless_audited FILE ARGUMENTS OF cargo clean: removes an executable that was built without a list of its crates.
clean_unless_audited() {
    if [[ ! -e $1 ]] || has_crate_list "$1"; then return; fi
    cargo clean --quiet --locked --target "$triple" "${@:2}" >&2
}

# check_executable FILE TARGET-FOLDER: ends the script if it would not run or not be the same on another machine.
check_executable() {
    local path sysroot
    sysroot=$(rustc --print sysroot)
    if LC_ALL=C grep -aqE '/ld-(linux|musl)' -- "$1"; then die "$1 is not static: it names a dynamic loader"; fi
    # shellcheck disable=SC2154 # scripts/lib.sh sets it
    for path in "$root" "$CARGO_HOME" "$2" "$tools" "$sysroot" "$(realpath -- "$sysroot")"; do
        # A short one, such as /src, is a part of others.
        if [[ $path == /*/* ]] && LC_ALL=C grep -aqF -e "$path/" -- "$1"; then
            die "$1 contains the path $path of this machine: it would not be the same elsewhere"
        fi
    done
}

# compile_bootstrap TARGET-FOLDER FLAG...: builds it into that folder, and prints the path of the executable. With
# crate_list=yes the executable names its crates.
compile_bootstrap() {
    local folder=$1 bin build=() built=$1/$triple/release/bootstrap
    shift
    need_target
    bin=$(need_zig)
    if [[ ${crate_list-} == yes ]]; then
        build=(audited "$(need_auditable)")
        clean_unless_audited "$built" --release -p funcserver-bootstrap --target-dir "$folder"
    fi
    local -x RUSTFLAGS
    RUSTFLAGS=$(path_flags "$folder")
    # Static and not relocatable: no libraries to bind and no ten thousand addresses to write at every start.
    # SECURITY.md has the price.
    RUSTFLAGS+=" -C target-feature=+crt-static -C relocation-model=static"
    # Unwind tables are a fifth smaller if functions keep frame pointers; perf can follow these too.
    RUSTFLAGS+=" -C force-frame-pointers=yes"
    # A profile counts before LLVM inlines anything, so that it fits whatever level a crate is optimised at.
    RUSTFLAGS+=" -C llvm-args=-disable-preinline $*"
    # The assertions of code in C name its file.
    CFLAGS="-ffile-prefix-map=$CARGO_HOME=/cargo" PATH=$bin:$PATH "${build[@]}" \
        cargo zigbuild --locked --release -p funcserver-bootstrap --target "$triple" --target-dir "$folder" >&2
    printf '%s\n' "$built"
}

# A hash of everything that the names of functions in a profile depend on: the compiler, the crates with their versions
# and features, and their settings. One line, the same on every machine.
profile_made_for() {
    {
        rustc --version
        cargo tree --locked --package funcserver-bootstrap --edges normal,build --target "$triple" --prefix none --format '{p}|{f}' \
            | sed 's/ (\/[^)]*)//; s/ (\*)//' | LC_ALL=C sort -u
        # The lines of the release profile: tables begin with a bracket.
        awk '/^\[/ { release = /^\[profile\.release[].]/ } release && !/^(#|$)/' "$root/Cargo.toml"
    } | sha256sum | cut -d ' ' -f 1
}

# Warns if the profile is of other crates or settings. The bootstrap works with it; docs/performance.md has the cost.
warn_unless_profile_fits() {
    [[ $(profile_made_for) == "$(<"$profile.made-for")" ]] && return
    say "warning: the profile for $arch is of other crates or settings, and optimises only the code that is still the same:" \
        "a profile with other features of wasmtime cost 1.30 times the instructions of a start and 1.20 of a warm request." \
        "For a release, make a new one: scripts/profile $arch"
}
