import socket
import threading
from collections.abc import Iterator

import pytest
from inside import output

USES = [
    "socket.socket()",
    "socket.create_connection(('127.0.0.1', 80))",
    "socket.getaddrinfo('db.example.com', 5432)",
    "socket.gethostbyname('localhost')",
    "asyncio.run(asyncio.open_connection('127.0.0.1', 80))",
    "asyncio.run(asyncio.open_connection('db.example.com', 80))",
]


@pytest.mark.parametrize("use", USES)
def test_sockets_are_refused_while_the_component_is_made(use: str) -> None:
    code = f"""
import asyncio, socket
try:
    {use}
except OSError as error:
    print(error)
"""
    assert "while the component is made" in output(code)


def test_the_own_name_can_be_asked_for() -> None:
    """Django's mail does."""
    assert output("import socket; print(socket.getfqdn('shop'))") == "shop\n"


INSTANCE = "from funcserver.guest import exchange; exchange.host_is_there()\n"


@pytest.mark.parametrize(
    "use", ["socket.socket().listen()", "asyncio.run(asyncio.start_server(print, '127.0.0.1', 0))"]
)
def test_listening_is_refused(use: str) -> None:
    code = f"import asyncio, socket\ntry:\n    {use}\nexcept OSError as error:\n    print(error)"
    assert "cannot listen" in output(INSTANCE + code)


# A host that denies: the functions of this machine in its place.
DENYING = """
import asyncio, errno, socket
from funcserver.guest import sockets
def deny(*args):
    raise PermissionError(errno.EACCES, "Permission denied")
"""


def test_a_denied_connection_is_named_as_the_app_named_it() -> None:
    code = """
sockets._own_connect = deny
for connect in (lambda: socket.create_connection(("localhost", 5432), 1),
                lambda: asyncio.run(asyncio.open_connection("localhost", 5432))):
    try:
        connect()
    except PermissionError as error:
        print(error)
"""
    printed = output(INSTANCE + DENYING + code).splitlines()
    assert len(printed) == 2
    for line in printed:
        assert "the connection to localhost:5432" in line and "network.allow" in line


def test_a_denied_socket_and_a_denied_name_say_what_to_set() -> None:
    code = """
try:
    socket.getaddrinfo("nonesuch.invalid", 5432)
except socket.gaierror as error:
    print(error)
sockets._own_init = deny
try:
    socket.socket()
except PermissionError as error:
    print(error)
"""
    printed = output(INSTANCE + DENYING + code).splitlines()
    assert "the look-up of 'nonesuch.invalid'" in printed[0] and "network.allow" in printed[0]
    assert "denied a socket" in printed[1] and "network.allow" in printed[1]


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets, and says hello first."""

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.sendall(b"hello")
            while piece := connection.recv(65_536):
                connection.sendall(piece)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def test_a_socket_with_timeouts(echo: int) -> None:
    code = f"""
import socket
with socket.create_connection(("localhost", {echo}), timeout=5) as made:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    print(made.recv(100).decode())
    made.sendall(b"sent")
    print(made.makefile("rb").read(4).decode())
    made.settimeout(0.05)
    try:
        made.recv(1)
    except TimeoutError:
        print("timed out")
"""
    assert output(INSTANCE + code) == "hello\nsent\ntimed out\n"


def test_streams_of_asyncio_beside_the_hosts_pollables(echo: int) -> None:
    code = f"""
import asyncio, time
from wit_world.imports.poll import Pollable

DATA = bytes(range(256)) * 4000

async def call():
    reader, writer = await asyncio.open_connection("localhost", {echo})
    assert await reader.readexactly(5) == b"hello"
    writer.write(DATA)
    same = await reader.readexactly(len(DATA)) == DATA
    try:
        async with asyncio.timeout(0.05):
            await reader.read(1)
    except TimeoutError:
        pass
    writer.close()
    await writer.wait_closed()
    return same

async def main():
    loop = asyncio.get_running_loop()
    slow = loop.wait(Pollable(time.monotonic() + 0.3))
    begin = time.monotonic()
    found = await asyncio.gather(call(), call(), slow, call())
    print(found, time.monotonic() - begin < 3)
    print(await call())

asyncio.run(main())
"""
    assert output(INSTANCE + code) == "[True, True, None, True] True\nTrue\n"


def test_a_refused_connection_is_that_of_asyncio() -> None:
    code = """
import asyncio, socket
with socket.socket() as made:
    made.bind(("127.0.0.1", 0))
    port = made.getsockname()[1]
try:
    asyncio.run(asyncio.open_connection("127.0.0.1", port))
except ConnectionRefusedError:
    print("refused")
"""
    assert output(INSTANCE + code) == "refused\n"
