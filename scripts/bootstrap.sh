# shellcheck shell=bash
# How the bootstrap is compiled, for those that build it with and without counters. Sourced after scripts/lib.sh, never run.

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

# compile_bootstrap TARGET-FOLDER FLAG...: builds it into that folder, and prints the path of the executable.
compile_bootstrap() {
    local folder=$1 bin
    shift
    if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$triple"; then
        rustup target add "$triple" || die "rustup could not add the target $triple"
    fi
    bin=$(need_wheels zigbuild-0.24.1-zig-0.17.1 cargo-zigbuild==0.24.1 ziglang==0.17.1)
    local -x RUSTFLAGS
    # No path of the builder's in the file: it tells nobody anything, and would make every machine's file another one.
    RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$root=/funcserver"
    # Neither libraries to be found and bound at every start, nor ten thousand addresses to be written (SECURITY.md has the price).
    RUSTFLAGS+=" -C target-feature=+crt-static -C relocation-model=static"
    # Unwind tables are a fifth smaller where functions keep frame pointers, which perf can follow too.
    RUSTFLAGS+=" -C force-frame-pointers=yes"
    # A profile counts before LLVM inlines anything, so that it fits whatever level a crate is optimised at.
    RUSTFLAGS+=" -C llvm-args=-disable-preinline $*"
    PATH=$bin:$PATH cargo zigbuild --locked --release -p funcserver-bootstrap --target "$triple" --target-dir "$folder" >&2
    printf '%s\n' "$folder/$triple/release/bootstrap"
}

# What the names of functions in a profile go by: the compiler, the crates with their versions and features, and the
# settings that they are compiled with. One line, the same on every machine.
profile_made_for() {
    {
        rustc --version
        cargo tree --locked --package funcserver-bootstrap --edges normal,build --target "$triple" --prefix none --format '{p}|{f}' \
            | sed 's/ (\/[^)]*)//; s/ (\*)//' | LC_ALL=C sort -u
        # The lines of the release profile: tables begin with a bracket.
        awk '/^\[/ { release = /^\[profile\.release[].]/ } release && !/^(#|$)/' "$root/Cargo.toml"
    } | sha256sum | cut -d ' ' -f 1
}

# Warns where the profile is not of what is built here. The bootstrap works with it; docs/performance.md has how the cost was
# measured.
warn_unless_profile_fits() {
    [[ $(profile_made_for) == "$(<"$profile.made-for")" ]] && return
    say "warning: the profile for $arch is of other crates or settings, and optimises only what is still the same: one of other" \
        "features of wasmtime cost 1.30 times the instructions of a start and 1.20 of a warm request." \
        "For a release, scripts/profile $arch makes a new one"
}
