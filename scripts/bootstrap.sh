# shellcheck shell=bash
# Compiles the bootstrap, for the scripts that build it with and without counters. Sourced after
# scripts/lib.sh, never run.

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

# compile_bootstrap TARGET-FOLDER FLAG...: builds it into that folder, and prints the path of the executable.
compile_bootstrap() {
    local folder=$1 bin
    shift
    if command -v rustup >/dev/null && ! rustup target list --installed | grep -qx "$triple"; then
        rustup target add "$triple" || die "rustup could not add the target $triple"
    fi
    bin=$(need_zig)
    local -x RUSTFLAGS
    # Without paths of the building machine, so that every machine builds the same file.
    RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$root=/funcserver"
    # Static and not relocatable: no libraries to bind and no ten thousand addresses to write at every start.
    # SECURITY.md has the price.
    RUSTFLAGS+=" -C target-feature=+crt-static -C relocation-model=static"
    # Unwind tables are a fifth smaller if functions keep frame pointers; perf can follow these too.
    RUSTFLAGS+=" -C force-frame-pointers=yes"
    # A profile counts before LLVM inlines anything, so that it fits whatever level a crate is optimised at.
    RUSTFLAGS+=" -C llvm-args=-disable-preinline $*"
    PATH=$bin:$PATH cargo zigbuild --locked --release -p funcserver-bootstrap --target "$triple" --target-dir "$folder" >&2
    printf '%s\n' "$folder/$triple/release/bootstrap"
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
