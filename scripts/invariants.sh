# shellcheck shell=bash
# The invariants of the design that a command can check, one function each; scripts/check sources and calls them.
# Each names the violations that it finds.

# direct KINDS: a line "crate dependency" for each direct dependency of each crate of the workspace.
direct() {
    cargo tree --locked --workspace --depth 1 --no-dedupe --target all --edges "$1" --prefix depth |
        sed -nE 's/^([01])([a-zA-Z0-9_-]+) v.*/\1 \2/p' |
        awk '$1 == 0 { crate = $2 } $1 == 1 { print crate, $2 }' | sort -u
}

# The crates depend on each other only in this direction.
check_dependencies() {
    local expected='funcserver funcserver-engine
funcserver funcserver-events
funcserver funcserver-features
funcserver funcserver-function
funcserver funcserver-local
funcserver-bootstrap funcserver-engine
funcserver-bootstrap funcserver-function
funcserver-chaos funcserver-engine
funcserver-chaos funcserver-test-guest
funcserver-engine funcserver-aws
funcserver-function funcserver-aws
funcserver-function funcserver-engine
funcserver-function funcserver-events
funcserver-local funcserver-events
funcserver-test-guest funcserver-engine
funcserver-test-guest funcserver-features'
    diff <(echo "$expected") <(direct normal | grep ' funcserver-') >&2 ||
        die "the crates use each other in another way than scripts/invariants.sh says (< expected, > found)"
}

# All other crates use http and bytes, so that only one crate changes with the wasmtime version.
check_wasmtime() {
    local users
    users=$(direct normal,build,dev | awk '$2 ~ /^(wasmtime|cranelift)/ { print $1 }' | sort -u | xargs)
    [[ $users == funcserver-engine ]] || die "only funcserver-engine may depend on wasmtime; these do: ${users:-none}"
}

# features EDGES ARGUMENTS OF cargo tree...: a line "package version features" for each package that is not ours.
features() {
    cargo tree --locked --edges "$1" --no-dedupe --prefix none --format '{p} {f}' "${@:2}" | grep -v ' (/' | LC_ALL=C sort -u
}

# Every selection of crates compiles the engine's dependencies with the features that scripts/test compiles them with, so that
# wasmtime and its compiler are compiled once for all of them. A crate may have other features in procedural macros and build
# scripts: those are compared with the rest, and the rest on its own.
check_features() {
    local engine edges all selection some missing
    engine=$(cargo tree --locked -p funcserver-engine --features compile --edges normal,build --prefix none --format '{p} ' | grep -v ' (/')
    [[ $engine == *cranelift-codegen* ]] || die "cargo tree does not find the engine's compiler, so it proves nothing"
    for edges in normal,no-proc-macro normal,build; do
        all=$(features "$edges,dev" --workspace)
        for selection in "$edges -p funcserver" "$edges,dev -p funcserver" "$edges,dev -p funcserver-engine" \
            "$edges,dev -p funcserver-function" "$edges,dev -p funcserver-bootstrap" "$edges -p funcserver-chaos"; do
            # Apart, so that an error of cargo tree ends the check.
            # shellcheck disable=SC2086 # the edges, and then options
            some=$(features $selection)
            missing=$(LC_ALL=C comm -13 <(echo "$all") <(echo "$some") | grep -F "$engine") || true
            [[ -z $missing ]] || die "cargo tree -e $selection: other features than the whole workspace's, which cargo tree" \
                "-e $edges,dev --workspace -f '{p} {f}' shows: name those in host/features/Cargo.toml: ${missing//$'\n'/; }"
        done
    done
}

# The bootstrap only loads compiled components. The check reads the output, because cargo tree also exits 0 for a
# dev-dependency.
check_compiler() {
    local inverse=(-e normal -i cranelift-codegen)
    [[ $(cargo tree --locked -p funcserver "${inverse[@]}") == *funcserver-engine* ]] ||
        die "cargo tree does not find the tool's own compiler, so it proves nothing about the bootstrap"
    [[ -z $(cargo tree --locked -p funcserver-bootstrap "${inverse[@]}" 2>/dev/null) ]] ||
        die "the bootstrap contains a compiler: cargo tree -p funcserver-bootstrap ${inverse[*]}"
}

# The import that blocks its thread is for tests alone. That cargo tree names the feature where it is on is shown first.
check_blocking() {
    local tree=(cargo tree --locked -e normal --prefix none -f "{p} {f}")
    [[ $("${tree[@]}" -p funcserver-bootstrap --features test-block) == *test-block* ]] ||
        die "cargo tree does not name the feature test-block where it is on, so it proves nothing about the bootstrap"
    [[ $("${tree[@]}" -p funcserver-bootstrap && "${tree[@]}" -p funcserver) != *test-block* ]] ||
        die "what ships offers funcserver:test/block, which is for tests: ${tree[*]}"
}

# The Rust sources of the workspace, without those of the guests, which run inside the sandbox with generated, unsafe
# bindings.
sources() { find build.rs cli examples host \( -name target -o -name guest -o -name guest-p3 -o -name fuzz \) -prune -o -name '*.rs' -print | sort; }

# Unsafe code is in three audited places: where machine code is mapped, and where the bootstrap and the tool guarantee
# what it is. Besides, the example of another host guarantees it, and the helper with which tests load the components
# that they have compiled.
UNSAFE='cli/native.rs examples/on_lambda_runtime.rs host/bootstrap/src/start.rs host/engine/src/map.rs host/test-guest/src/lib.rs'

check_unsafe() {
    local file files
    for file in $(sources | grep -E '^(build|cli/main|host/[^/]+/(build|src/(lib|main)))\.rs$'); do
        case $file in
        cli/main.rs | host/bootstrap/src/main.rs | host/test-guest/src/lib.rs)
            head -n 1 -- "$file" | grep -qxF '#![deny(unsafe_code)]' || die "$file: the first line is not #![deny(unsafe_code)]" ;;
        host/engine/*) ;;
        *) head -n 1 -- "$file" | grep -qxF '#![forbid(unsafe_code)]' || die "$file: the first line is not #![forbid(unsafe_code)]" ;;
        esac
    done
    grep -qxF '#![deny(unsafe_code)]' host/engine/src/lib.rs || die "host/engine/src/lib.rs lacks #![deny(unsafe_code)]"
    files=$(sources | xargs grep -lE '\bunsafe +(\{|fn|impl|trait|extern)|(allow|expect)\(unsafe_code' | xargs) || true
    [[ $files == "$UNSAFE" ]] || die "unsafe code belongs in $UNSAFE; it is in: ${files:-none}"
    for file in $UNSAFE; do
        [[ $(grep -cE '\bunsafe +\{' "$file") == 1 ]] || die "$file: one block of unsafe code, and no more"
    done
}

# Settings are read once, in one file, through a lookup that tests replace. Build scripts and tests use cargo's own
# variables.
check_environment() {
    local files
    files=$(sources | grep -vE '/tests/|build\.rs$|^host/(guest-build|test-guest)/' |
        xargs grep -lE '\benv::(vars?|vars?_os)\b' | xargs) || true
    [[ -n $files && $files != *' '* ]] || die "the environment belongs in one file; it is read in: ${files:-none}"
    if sources | xargs grep -nE '\b(set_var|remove_var)\('; then die "every thread shares the environment: do not change it"; fi
}

# Types that share a name, each with the reason. Every other name belongs to one type.
SAME_NAMES='After    wraps: what the host does after its answer begins with what the engine does
Handler  apart: the load balancer calls one, the engine instantiates the other, and no crate sees both'

# Each type that is visible outside its own module, with its file: "NAME FILE", sorted. The driver of scripts/chaos is
# left out, because it is a separate program.
types() {
    sources | grep -vE '/(tests|examples)/|/tests\.rs$|^host/chaos/' |
        xargs grep -HoE '^ *pub(\(crate\))? (unsafe )?(struct|enum|union|trait|type) +[A-Za-z0-9_]+' |
        sed -E 's/^([^:]+):.* ([A-Za-z0-9_]+)$/\2 \1/' | LC_ALL=C sort
}

# A name belongs to one type in the whole workspace, so that a reader of `Reply` need not look up which one is imported.
check_names() {
    local all same allowed name found
    all=$(types)
    [[ $all == *"Guest host/engine/"* ]] || die "grep does not find the types, so it proves nothing"
    same=$(cut -d ' ' -f 1 <<<"$all" | uniq -d)
    allowed=$(cut -d ' ' -f 1 <<<"$SAME_NAMES" | LC_ALL=C sort)
    found=$(LC_ALL=C comm -23 <(echo "$same") <(echo "$allowed"))
    for name in $found; do grep "^$name " <<<"$all" >&2; done
    [[ -z $found ]] || die "several types have one name: rename them, or say in SAME_NAMES of scripts/invariants.sh why not: ${found//$'\n'/ }"
    found=$(LC_ALL=C comm -13 <(echo "$same") <(echo "$allowed"))
    [[ -z $found ]] || die "SAME_NAMES of scripts/invariants.sh lists names that belong to one type only: ${found//$'\n'/ }"
}
