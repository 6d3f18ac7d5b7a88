"""Compares the time of a warm query in a handler, through the host's TCP, with that of the same program natively.

Both are asked in turn, on the same server, and time their queries themselves. What is compared is the median of each.

usage: measure.py --results FOLDER [--quick], with these variables in the environment, as scripts/bench sets them:
    TOOL, BOOTSTRAP    the tool, and the release bootstrap
    STAGE              a folder with LANGUAGE.wasm and LANGUAGE (a native program) for each language
    and those of tests/databases/servers
"""

import argparse
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

STAGE = Path(os.environ["STAGE"])
PORT = os.environ["PGPORT"]
ROOTS = os.environ["ROOT_CERTIFICATE"]
TITLES = {
    "go": "Go: pgx 5",
    "rust": "Rust: tokio-postgres 0.7",
}
# A native program in Rust has no TLS here, since tokio-postgres leaves it to another library.
PAIRS = [("go", "plain"), ("go", "TLS"), ("rust", "plain")]


def database(mode: str) -> str:
    return f"postgres://owner:a%20secret@localhost:{PORT}/postgres?sslmode={mode}"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        return reserved.getsockname()[1]


@contextmanager
def running(command: list[str], folder: Path, environment: dict[str, str], address: str) -> Iterator[str]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=os.environ | environment, stdout=log, stderr=log)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                ask(address, 1)
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    raise SystemExit((folder / "log").read_text()) from None
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()


@contextmanager
def native(language: str, tls: str) -> Iterator[str]:
    folder = fresh(f"{language}-{tls}-native")
    port = free_port()
    # Without the host, the library makes TLS itself.
    url = database(f"verify-full&sslrootcert={ROOTS}" if tls == "TLS" else "disable")
    variables = {"LISTEN": f"127.0.0.1:{port}", "DATABASE_URL": url, "DATABASE": f"localhost:{PORT}"}
    with running([str(STAGE / language)], folder, variables, f"http://127.0.0.1:{port}") as address:
        yield address


@contextmanager
def handler(language: str, tls: str) -> Iterator[str]:
    folder = fresh(f"{language}-{tls}-handler")
    scheme = "postgres" if tls == "TLS" else "tcp"
    shutil.copy(ROOTS, folder / "root.pem")
    (folder / "funcserver.toml").write_text(f"""
[guest]
reuse = 100000
[guest.env]
DATABASE_URL = "{database("disable")}"
DATABASE = "localhost:{PORT}"
[network]
allow = ["{scheme}://localhost:{PORT}", "{scheme}://127.0.0.1:{PORT}"]
ca = "root.pem"
""")
    tool, port = os.environ["TOOL"], free_port()
    bundle = [tool, "bundle", str(STAGE / f"{language}.wasm"), "--bootstrap", os.environ["BOOTSTRAP"], "-o", "f.zip"]
    subprocess.run(bundle, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    serve = [tool, "serve", "--zip", "f.zip", "--listen", f"127.0.0.1:{port}", "--memory", "1769"]
    with running(serve, folder, {}, f"http://127.0.0.1:{port}") as address:
        yield address


def fresh(name: str) -> Path:
    folder = STAGE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


def ask(address: str, queries: int) -> list[int]:
    with urllib.request.urlopen(f"{address}/time?n={queries}", timeout=60) as response:
        return json.load(response)["ns"]


def measure(language: str, tls: str, rounds: int, queries: int) -> dict:
    with ExitStack() as stack:
        sides = {
            "handler": stack.enter_context(handler(language, tls)),
            "native": stack.enter_context(native(language, tls)),
        }
        raw: dict[str, list[int]] = {name: [] for name in sides}
        for address in sides.values():
            ask(address, 4 * queries)
        for turn in range(rounds):
            # Neither is always the first of a turn.
            for name in sorted(sides, reverse=bool(turn % 2)):
                raw[name] += ask(sides[name], queries)
    medians = {name: statistics.median(times) for name, times in raw.items()}
    ratio = medians["handler"] / medians["native"]
    return {"language": language, "connection": tls, "p50_ns": medians, "ratio": ratio, "raw_ns": raw}


def without_tls() -> None:
    """Lets the server take connections without TLS, which the tests' server refuses."""
    servers = Path(os.environ["SERVERS"])
    with (servers / "postgres" / "pg_hba.conf").open("a") as rules:
        rules.write("hostnossl all all 127.0.0.1/32 scram-sha-256\n")
    subprocess.run([servers / "restart"], check=True)


def machine() -> dict[str, str]:
    processors = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.split(": ", 1)[1] for line in processors if line.startswith("model name")]
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "commit": commit.stdout.strip(),
        "processor": names[0] if names else platform.machine(),
        "cores": str(os.cpu_count()),
        "kernel": platform.release(),
        "load before": Path("/proc/loadavg").read_text().strip(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    rounds, queries = (4, 20) if options.quick else (40, 50)
    without_tls()
    before = machine()
    found = [measure(language, tls, rounds, queries) for language, tls in PAIRS]
    load = Path("/proc/loadavg").read_text().strip()
    computer = f"{before['processor']}, {before['cores']} cores; load before {before['load before']}, after {load}"
    text = [
        "# A warm query: a handler with the host's TCP beside the same program natively",
        "",
        f"{before['date']}, {computer}.",
        f"Each side made {rounds * queries} queries (`select $1::int + 1`, prepared) on one connection to PostgreSQL",
        f"on this machine, {queries} at each turn, and timed each. Handlers are served from a zip, and are reused.",
        "With TLS, the host makes it for the handler, and the library for the native program.",
        "",
        "| library | connection | handler p50, µs | native p50, µs | ratio |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for one in found:
        handled, alone = (one["p50_ns"][name] / 1000 for name in ("handler", "native"))
        ratio = f"{one['ratio']:.2f}"
        text.append(f"| {TITLES[one['language']]} | {one['connection']} | {handled:.0f} | {alone:.0f} | {ratio} |")
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "databases.md").write_text("\n".join(text) + "\n")
    results = {"machine": before | {"load after": load}, "measured": found}
    (options.results / "databases.json").write_text(json.dumps(results) + "\n")
    print("\n".join(text))


if __name__ == "__main__":
    main()
