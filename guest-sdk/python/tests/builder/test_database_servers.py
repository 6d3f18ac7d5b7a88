"""Drivers of databases in a component, unchanged, with real servers: PostgreSQL, MariaDB and Redis of this machine."""

import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from peer import Peer
from served import PLACES, Served, ServedApp, free_port, needs_tool, refusing_port

HERE = Path(__file__).parent
PACKAGES = ["httpx", "pg8000", "pymysql", "redis", "requests"]
BAD_SERVERS = HERE.parents[3] / "tests" / "databases" / "bad_servers.py"
FOLDERS = [folder / "bin" for folder in sorted(Path("/usr/lib/postgresql").glob("*"), reverse=True)]
PATH = os.pathsep.join([*map(str, FOLDERS), os.environ["PATH"], "/usr/sbin"])
PROGRAMS = {"initdb": "postgresql", "postgres": "postgresql", "redis-server": "redis-server"}
PROGRAMS |= {"mariadbd": "mariadb-server", "mariadb-install-db": "mariadb-server"}
MISSING = {package for program, package in PROGRAMS.items() if shutil.which(program, path=PATH) is None}
TEMPORARY = Path(tempfile.gettempdir())
IS_ROOT = os.geteuid() == 0

pytestmark = [
    needs_tool,
    pytest.mark.skipif(
        bool(MISSING) and os.environ.get("CI") != "true",
        reason=f"missing: install them, as with apt-get install {' '.join(sorted(MISSING))}",
    ),
]


def program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    assert found, f"{name} is missing: apt-get install {PROGRAMS[name]}"
    return found


class Server:
    """A process that can be started again."""

    def __init__(self, command: list[str], log: Path, is_up: Callable[[], bool], **settings: Any) -> None:
        self.command, self.log, self.is_up, self.settings = command, log, is_up, settings
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as opened:
            self.process = subprocess.Popen(self.command, stdout=opened, stderr=opened, cwd="/", **self.settings)
        until = time.monotonic() + 30
        while not self.is_up():
            assert time.monotonic() < until and self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)

    def stop(self, by: signal.Signals = signal.SIGINT) -> None:
        assert self.process is not None
        # For PostgreSQL this signal ends the sessions too.
        self.process.send_signal(by)
        self.process.wait()


class Databases:
    """PostgreSQL with passwords by SCRAM, Redis, and MariaDB. The first two also have TLS by a root of the test's."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        certificate = authority.issue_cert("localhost")
        self.root = folder / "root.pem"
        authority.cert_pem.write_to_path(self.root)
        both = folder / "server.pem"
        certificate.private_key_and_cert_chain_pem.write_to_path(both)
        self.postgres_port, self.redis_port, self.redis_tls_port = free_port(), free_port(), free_port()
        self.postgres = self._postgres(folder, both)
        ports = ["--port", str(self.redis_port), "--tls-port", str(self.redis_tls_port), "--dir", str(folder)]
        files = ["--tls-cert-file", str(both), "--tls-key-file", str(both), "--tls-ca-cert-file", str(self.root)]
        command = [program("redis-server"), *ports, *files, "--tls-auth-clients", "no", "--save", ""]
        self.redis = Server(command, folder / "redis.log", lambda: answers(self.redis_port))
        self.mysql_port = free_port()
        self.mysql = self._mysql(folder)
        files = []
        for made, name in ((authority, "other.example"), (trustme.CA(), "localhost")):
            files.append(folder / f"{name}.pem")
            made.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(files[-1])
        command = [sys.executable, "-B", str(BAD_SERVERS), *map(str, files)]
        self.bad = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.bad_ports: dict[str, int] = json.loads(self.bad.stdout.readline())

    def _postgres(self, folder: Path, certificate: Path) -> Server:
        data = folder / "data"
        password = folder / "password"
        password.write_text("secret")
        data.mkdir()
        # PostgreSQL refuses to run as root.
        user = {"user": "postgres", "group": "postgres", "extra_groups": []} if IS_ROOT else {}
        if IS_ROOT:
            for path in (folder, *folder.parents):
                if path.stat().st_uid == 0 and path.is_relative_to(TEMPORARY) and path != TEMPORARY:
                    path.chmod(0o755)
            shutil.chown(data, "postgres")
        password.chmod(0o644)
        initialise = ["-D", str(data), "-A", "scram-sha-256", "--pwfile", str(password), "-U", "shop"]
        subprocess.run([program("initdb"), *initialise], check=True, capture_output=True, cwd="/", **user)
        own = data / "server.pem"
        shutil.copy(certificate, own)
        if IS_ROOT:
            shutil.chown(own, "postgres")
        own.chmod(0o600)
        settings = ["ssl=on", "ssl_cert_file=server.pem", "ssl_key_file=server.pem", "listen_addresses=127.0.0.1"]
        command = [program("postgres"), "-D", str(data), "-p", str(self.postgres_port), "-k", str(data)]
        for setting in settings:
            command += ["-c", setting]
        return Server(command, folder / "postgres.log", lambda: answers(self.postgres_port), **user)

    def _mysql(self, folder: Path) -> Server:
        data = folder / "mysql"
        data.mkdir()
        user = "mysql" if IS_ROOT else pwd.getpwuid(os.geteuid()).pw_name
        if IS_ROOT:
            shutil.chown(data, user)
        common = ["--no-defaults", f"--user={user}", f"--datadir={data}"]
        environment = os.environ | {"TMPDIR": str(data)}
        install = [program("mariadb-install-db"), *common, "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True, cwd="/", env=environment)
        begin = folder / "mysql.sql"
        begin.write_text("CREATE USER IF NOT EXISTS shop@'%' IDENTIFIED BY 'secret';\n")
        begin.chmod(0o644)
        listen = [f"--port={self.mysql_port}", "--bind-address=127.0.0.1", f"--socket={data}/socket", "--skip-ssl"]
        command = [program("mariadbd"), *common, *listen, f"--init-file={begin}"]
        return Server(command, folder / "mysql.log", lambda: answers(self.mysql_port), env=environment)

    def stop(self) -> None:
        self.bad.communicate("")
        self.postgres.stop()
        self.redis.stop()
        # It takes another signal as its end.
        self.mysql.stop(signal.SIGTERM)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    # PostgreSQL listens before it takes sessions.
    time.sleep(0.3)
    return True


class World:
    def __init__(self, folder: Path) -> None:
        (folder / "app").mkdir()
        self.databases = Databases(folder)
        self.peer = Peer()
        self.refused = refusing_port()
        self.app = ServedApp(folder / "app", self.databases.root)
        self.app.build(HERE / "databases", PACKAGES)

    def settings(self, tls: bool) -> str:
        made = self.databases
        redis = made.redis_tls_port if tls else made.redis_port
        servers = [("postgres" if tls else "tcp", made.postgres_port), ("tls" if tls else "tcp", redis)]
        servers += [("tcp", self.refused), ("tcp", made.mysql_port)]
        servers += [("postgres", port) for port in made.bad_ports.values()]
        # Loopback needs the address as well as the name.
        allowed = [f"{scheme}://{host}:{port}" for scheme, port in servers for host in ("localhost", "127.0.0.1")]
        postgres = {"host": "localhost", "port": made.postgres_port, "user": "shop", "password": "secret"}
        variables = {
            "PG": json.dumps(postgres | {"database": "postgres"} | ({} if tls else {"ssl_context": False})),
            "REDIS": f"redis://localhost:{redis}",
            "OTHER": f"redis://127.0.0.1:{redis}",
            "STREAM": f"localhost:{redis}",
            "REFUSED": f"localhost:{self.refused}",
            "HTTP": self.peer.base,
            "MYSQL": str(made.mysql_port),
            "BAD": json.dumps(made.bad_ports),
        }
        lines = [
            "[limits]",
            'timeout = "10s"',
            "[network]",
            f"allow = {json.dumps([*allowed, self.peer.base])}",
            "[guest.env]",
        ]
        lines += [f"{name} = {json.dumps(value)}" for name, value in variables.items()]
        return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("databases"))
    yield made
    made.databases.stop()


class Asked(Served):
    def ask(self, case: str) -> Any:
        with urllib.request.urlopen(f"{self.address}/{case}", timeout=120) as response:
            return json.load(response)

    def result(self, case: str) -> Any:
        answer = self.ask(case)
        assert "error" not in answer, answer.get("trace")
        return answer["result"]


@pytest.fixture(scope="module", params=[f"{place}, {tls}" for place in PLACES for tls in ("plain", "TLS")])
def served(world: World, request: pytest.FixtureRequest) -> Iterator[Asked]:
    place, _, tls = request.param.partition(", ")
    with world.app.serve(place, world.settings(tls == "TLS")) as serving:
        yield Asked(*serving)


def test_queries(served: Asked) -> None:
    for _ in range(3):
        assert served.result("postgres") == [42, 100_000]
        assert served.result("cache") == [True, 200_000]


def test_coroutines(served: Asked) -> None:
    values = [["1"] * 5, True]
    assert served.result("cache_async") == values
    assert served.result("streams") == "+PONG"
    assert served.result("both") == ["+PONG", 200, "+PONG", values], "sockets beside requests through the host"


def test_what_is_not_allowed_is_denied(served: Asked) -> None:
    answer = served.ask("denied")
    assert answer["error"] == "gaierror" and "the look-up of 'denied.example'" in answer["message"]
    answer = served.ask("denied_port")
    assert answer["error"] == "PermissionError" and "the connection to localhost:1:" in answer["message"]
    assert "tcp://denied.example" in served.log.read_text() and "tcp://localhost:1" in served.log.read_text()


def test_failures_are_those_of_sockets(served: Asked) -> None:
    assert served.ask("refused")["error"] == "ConnectionRefusedError"
    slow = served.ask("slow")
    assert slow["error"] == "TimeoutError", slow
    many = served.ask("many")
    assert many["error"] in ("OSError", "PermissionError"), "no more than limits.connections"
    assert served.result("postgres") == [42, 100_000], "the next request works"


@pytest.mark.parametrize(
    ("kind", "errors", "line"),
    [
        ("refuses", {"InterfaceError"}, "Connection refused"),
        ("stalls", {"InterfaceError", "TimeoutError"}, ""),
        ("resets", {"InterfaceError", "ConnectionResetError"}, "reset by peer"),
        ("closes", {"InterfaceError", "ConnectionResetError"}, "eof|end of file|reset by peer"),
        ("without_tls", {"InterfaceError", "ConnectionAbortedError"}, "does not offer TLS"),
        ("garbage", {"InterfaceError", "ConnectionAbortedError"}, "is it another server"),
        ("wrong_name", {"InterfaceError", "ConnectionAbortedError"}, "not valid for name"),
        ("wrong_root", {"InterfaceError", "ConnectionAbortedError"}, "UnknownIssuer|BadSignature"),
    ],
)
def test_servers_that_are_of_no_use(world: World, served: Asked, kind: str, errors: set[str], line: str) -> None:
    answer = served.ask(f"bad_{kind}")
    assert answer["error"] in errors, answer
    failure = f"an outgoing connection failed to=postgres://localhost:{world.databases.bad_ports[kind]} .*({line})"
    assert not line or re.search(failure, served.log.read_text()), served.log.read_text()
    assert served.result("postgres") == [42, 100_000], "the next request works"


def test_a_query_ends_at_the_deadline(served: Asked) -> None:
    with pytest.raises(urllib.error.HTTPError) as ended:
        served.ask("too_slow")
    assert ended.value.code == 504
    assert served.result("postgres") == [42, 100_000], "the next request works"


def test_mysql_without_tls(served: Asked) -> None:
    for _ in range(2):
        assert served.result("mysql") == [500500, 100_000]


def test_a_certificate_for_another_name_is_refused(world: World) -> None:
    with world.app.serve("fresh", world.settings(tls=True)) as serving:
        assert Asked(*serving).ask("certificate")["error"] == "ConnectionError"
        assert "certificate" in serving.log.read_text()


def test_servers_that_start_again_are_found_again(world: World) -> None:
    with world.app.serve("reused", world.settings(tls=True)) as serving:
        asked = Asked(*serving)
        assert asked.result("closed") == [[42, 100_000], [True, 200_000]]
        for server in (world.databases.postgres, world.databases.redis):
            server.stop()
            server.start()
            assert asked.result("closed") == [[42, 100_000], [True, 200_000]]
