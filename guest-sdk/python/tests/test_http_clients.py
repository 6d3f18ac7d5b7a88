"""HTTP libraries, unchanged, on a host in Python. tests/builder/test_clients.py has them in components."""

import json
from typing import Any

import pytest
from inside import output

SERVER = """
import gzip, hashlib, json, sys, time
from funcserver.guest import exchange
from wit_world.imports import outgoing_handler, types
from wit_world.imports.outgoing_handler import Reply

def server(request):
    path = request.path_
    if path.startswith("/fails/"):
        return getattr(types, "ErrorCode_" + path.removeprefix("/fails/"))()
    if path == "/gzip":
        return Reply(200, [("content-encoding", b"gzip")], [gzip.compress(b"hello" * 100)])
    if path == "/redirect":
        return Reply(302, [("location", b"/echo"), ("content-length", b"0"), ("set-cookie", b"a=b; Path=/")], [])
    if path == "/slow":
        return Reply(200, [("content-length", b"4")], [b"slow"], delay=0.5)
    if path == "/pieces":
        return Reply(200, [], [b"one", None, b"two"])
    cookie = dict(request.headers).get("cookie", b"")
    data = request.data
    return Reply(200, [("x-cookie", cookie)], [data[at : at + 9000] for at in range(0, len(data), 9000)])

outgoing_handler.server = server
exchange.host_is_there()
U = "https://shop.example"
DATA = bytes(range(256)) * 100
PIECES = [DATA[at : at + 7000] for at in range(0, len(DATA), 7000)]
found = {}

def failure(work):
    try:
        work()
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__qualname__}"
"""
TELL = "\nprint(json.dumps(found))"


def results(library: str, code: str) -> Any:
    pytest.importorskip(library)
    return json.loads(output(SERVER + code + TELL))


WAITING = """
found["gzip"] = get("/gzip") == b"hello" * 100
found["echo"] = post("/echo", DATA) == DATA
found["upload"] = post("/echo", iter(PIECES)) == DATA
found["pieces"] = get("/pieces").decode()
found["redirect"] = get("/redirect") == b""
for code in ("ConnectionRefused", "ConnectionTimeout", "DnsError", "HttpRequestDenied", "TlsCertificateError",
             "ConnectionTerminated"):
    found[code] = failure(lambda: get("/fails/" + code))
found["timeout"] = failure(lambda: get("/slow", timeout=0.1))
"""
DONE = {"gzip": True, "echo": True, "upload": True, "pieces": "onetwo", "redirect": True}


def test_requests() -> None:
    code = """
import requests
session = requests.Session()
def get(path, **settings):
    return session.get(U + path, **settings).content
def post(path, data):
    return session.post(U + path, data=data).content
"""
    own = "requests.exceptions."
    assert results("requests", code + WAITING + 'found["cookie"] = session.cookies.get_dict()') == {
        **DONE,
        "ConnectionRefused": own + "ConnectionError",
        "ConnectionTimeout": own + "ConnectTimeout",
        "DnsError": own + "ConnectionError",
        "HttpRequestDenied": own + "ConnectionError",
        "TlsCertificateError": own + "SSLError",
        "ConnectionTerminated": own + "ConnectionError",
        "timeout": own + "ReadTimeout",
        "cookie": {"a": "b"},
    }


def test_urllib3_retries_what_was_not_sent_and_nothing_else() -> None:
    code = """
import urllib3
pool = urllib3.PoolManager(retries=urllib3.Retry(connect=2, read=0, redirect=0, other=0))
def sent(method, path):
    outgoing_handler.open_calls.clear()
    failure(lambda: pool.request(method, U + path))
    return len(outgoing_handler.open_calls)
found["connect"] = sent("POST", "/fails/ConnectionRefused")
found["read"] = sent("GET", "/fails/ConnectionTerminated")
for _ in range(5):
    pool.request("GET", U + "/echo")
found["connections"] = pool.connection_from_url(U).num_connections
"""
    assert results("urllib3", code) == {"connect": 3, "read": 1, "connections": 5}, "five requests on one"


def test_httpx() -> None:
    code = """
import httpx
client = httpx.Client(follow_redirects=True)
def get(path, **settings):
    return client.get(U + path, **settings).content
def post(path, data):
    return client.post(U + path, content=data).content
"""
    assert results("httpx", code + WAITING) == {
        **DONE,
        "ConnectionRefused": "httpx.ConnectError",
        "ConnectionTimeout": "httpx.ConnectTimeout",
        "DnsError": "httpx.ConnectError",
        "HttpRequestDenied": "httpx.ConnectError",
        "TlsCertificateError": "httpx.ConnectError",
        "ConnectionTerminated": "httpx.RemoteProtocolError",
        "timeout": "httpx.ReadTimeout",
    }


def test_urllib() -> None:
    code = """
import urllib.request
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
def get(path, **settings):
    with opener.open(U + path, **settings) as response:
        read = response.read()
    return gzip.decompress(read) if response.headers["content-encoding"] else read
def post(path, data):
    headers = {"transfer-encoding": "chunked"} if not isinstance(data, bytes) else {}
    with opener.open(urllib.request.Request(U + path, data, headers)) as response:
        return response.read()
"""
    assert results("urllib", code + WAITING) == {
        **DONE,
        "ConnectionRefused": "urllib.error.URLError",
        "ConnectionTimeout": "urllib.error.URLError",
        "DnsError": "urllib.error.URLError",
        "HttpRequestDenied": "urllib.error.URLError",
        "TlsCertificateError": "urllib.error.URLError",
        "ConnectionTerminated": "http.client.RemoteDisconnected",
        "timeout": "builtins.TimeoutError",
    }


ASYNC = """
import asyncio

async def failed(work):
    try:
        await work
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__qualname__}"

async def pieces():
    for piece in PIECES:
        yield piece

async def main():
    async with client_of() as client:
        get, post = functions_of(client)
        found["gzip"] = await get("/gzip") == b"hello" * 100
        found["echo"] = await post("/echo", DATA) == DATA
        found["upload"] = await post("/echo", pieces()) == DATA
        found["pieces"] = (await get("/pieces")).decode()
        found["redirect"] = await get("/redirect") == b""
        for code in ("ConnectionRefused", "ConnectionTimeout", "DnsError", "HttpRequestDenied", "TlsCertificateError",
                     "ConnectionTerminated"):
            found[code] = await failed(get("/fails/" + code))
        found["timeout"] = await failed(get("/slow", 0.1))
        begin = time.monotonic()
        await asyncio.gather(*(get("/slow") for _ in range(10)))
        found["at once"] = time.monotonic() - begin < 3
        begin = time.monotonic()
        try:
            async with asyncio.timeout(0.1):
                await get("/slow")
        except TimeoutError:
            found["cancelled"] = time.monotonic() - begin < 0.4
        left = asyncio.create_task(failed(get("/slow")))
        await asyncio.sleep(0.05)
    found["left"] = await left is not None

asyncio.run(main())
"""
DONE_ASYNC = {**DONE, "at once": True, "cancelled": True, "left": True}


def test_httpx_with_asyncio() -> None:
    code = """
import httpx
def client_of():
    return httpx.AsyncClient(follow_redirects=True)
def functions_of(client):
    async def get(path, timeout=None):
        return (await client.get(U + path, timeout=timeout)).content
    async def post(path, data):
        return (await client.post(U + path, content=data)).content
    return get, post
"""
    assert results("httpx", code + ASYNC) == {
        **DONE_ASYNC,
        "ConnectionRefused": "httpx.ConnectError",
        "ConnectionTimeout": "httpx.ConnectTimeout",
        "DnsError": "httpx.ConnectError",
        "HttpRequestDenied": "httpx.ConnectError",
        "TlsCertificateError": "httpx.ConnectError",
        "ConnectionTerminated": "httpx.RemoteProtocolError",
        "timeout": "httpx.ReadTimeout",
    }


def test_aiohttp() -> None:
    code = """
import aiohttp
def client_of():
    return aiohttp.ClientSession()
def functions_of(client):
    async def get(path, timeout=None):
        async with client.get(U + path, timeout=aiohttp.ClientTimeout(sock_read=timeout)) as response:
            return await response.read()
    async def post(path, data):
        async with client.post(U + path, data=data) as response:
            return await response.read()
    return get, post
"""
    own = "aiohttp.client_exceptions."
    assert results("aiohttp", code + ASYNC) == {
        **DONE_ASYNC,
        "ConnectionRefused": own + "ClientConnectorError",
        "ConnectionTimeout": own + "ConnectionTimeoutError",
        "DnsError": own + "ClientConnectorDNSError",
        "HttpRequestDenied": own + "ClientConnectorError",
        "TlsCertificateError": own + "ClientConnectorCertificateError",
        "ConnectionTerminated": own + "ServerDisconnectedError",
        "timeout": own + "SocketTimeoutError",
    }


def test_botocore() -> None:
    code = """
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
session = URLLib3Session(timeout=0.2)
def send(method, path, data=None, headers=None):
    return session.send(AWSRequest(method, U + path, headers, data).prepare()).content
found["expect"] = send("PUT", "/echo", DATA, {"Expect": "100-continue"}) == DATA
for code in ("ConnectionRefused", "ConnectionTimeout", "HttpRequestDenied", "TlsCertificateError",
             "ConnectionTerminated"):
    found[code] = failure(lambda: send("GET", "/fails/" + code))
found["timeout"] = failure(lambda: send("GET", "/slow"))
"""
    own = "botocore.exceptions."
    assert results("botocore", code) == {
        "expect": True,
        "ConnectionRefused": own + "EndpointConnectionError",
        "ConnectionTimeout": own + "ConnectTimeoutError",
        "HttpRequestDenied": own + "EndpointConnectionError",
        "TlsCertificateError": own + "SSLError",
        "ConnectionTerminated": own + "ConnectionClosedError",
        "timeout": own + "ReadTimeoutError",
    }


@pytest.mark.parametrize("library", ["requests", "httpx"])
def test_clients_made_with_the_component_do_not_look_for_proxies(library: str) -> None:
    """The environment of the build does not hold in an instance, and the build reports each read of it as a mistake."""
    code = """
import os
os.environ["HTTPS_PROXY"] = "http://proxy.example:3128"
exchange._host_is_there = False
import LIBRARY
client = LIBRARY.Session() if hasattr(LIBRARY, "Session") else LIBRARY.Client()
from urllib.request import getproxies
found["build"] = getproxies()
exchange.host_is_there()
found["run"] = getproxies()
del os.environ["HTTPS_PROXY"]
found["status"] = client.get(U + "/echo").status_code
"""
    run = {"https": "http://proxy.example:3128"}
    assert results(library, code.replace("LIBRARY", library)) == {"build": {}, "run": run, "status": 200}
