import pytest
from inside import output


@pytest.mark.parametrize(
    "use",
    [
        "socket.socket()",
        "socket.create_connection(('127.0.0.1', 80))",
        "socket.getaddrinfo('db.example.com', 5432)",
        "socket.gethostbyname('localhost')",
        "asyncio.run(asyncio.open_connection('127.0.0.1', 80))",
        "asyncio.run(asyncio.open_connection('db.example.com', 80))",
        "asyncio.run(asyncio.start_server(print, '127.0.0.1', 0))",
    ],
)
def test_sockets_are_refused_with_a_sentence(use):
    code = f"""
import asyncio, socket
try:
    {use}
except OSError as error:
    print(error)
"""
    assert "sockets cannot be used in a component, so libraries" in output(code)


def test_the_own_name_can_be_asked_for():
    """Django's mail does."""
    assert output("import socket; print(socket.getfqdn('shop'))") == "shop\n"
