"""An app that asks databases over TCP. It knows nothing of funcserver."""

import asyncio
import json
import os
import socket
import time
import traceback

import pg8000.dbapi
import pg8000.native
import pymysql
import redis
import redis.asyncio
import requests

POOL = {}


def connected():
    if "pg" not in POOL:
        parts = json.loads(os.environ["PG"])
        POOL["pg"] = pg8000.native.Connection(**parts)
    return POOL["pg"]


def postgres():
    connection = connected()
    rows = connection.run("select :a::int + 1, repeat('x', 100000), current_setting('server_version')", a=41)
    return [rows[0][0], len(rows[0][1])]


def cache():
    if "redis" not in POOL:
        POOL["redis"] = redis.Redis.from_url(os.environ["REDIS"], socket_timeout=5, socket_keepalive=True)
    client = POOL["redis"]
    client.set("big", b"\x00\xff" * 100_000)
    with client.pipeline() as pipe:
        pipe.incr("count").get("big")
        count, big = pipe.execute()
    return [count > 0, len(big)]


async def cache_async():
    client = redis.asyncio.Redis.from_url(os.environ["REDIS"])
    try:
        await client.set("a", "1")
        found = await asyncio.gather(*(client.get("a") for _ in range(5)))
        begin = time.monotonic()
        try:
            async with asyncio.timeout(0.2):
                await client.blpop("nothing", timeout=5)
        except TimeoutError:
            pass
        return [[value.decode() for value in found], time.monotonic() - begin < 1]
    finally:
        await client.aclose()


async def streams():
    host, port = os.environ["STREAM"].rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"PING\r\n")
    line = await reader.readline()
    writer.close()
    return line.decode().strip()


async def both():
    import httpx

    async with httpx.AsyncClient() as client:
        found = await asyncio.gather(streams(), client.get(os.environ["HTTP"] + "/json"), streams(), cache_async())
    return [found[0], found[1].status_code, found[2], found[3]]


def closed():
    """What a pool keeps is of no use after a restart of the server, and the next request opens another connection."""
    for _ in range(2):
        try:
            return [postgres(), cache()]
        except Exception:
            POOL.clear()
    return [postgres(), cache()]


def slow():
    connection = pg8000.native.Connection(**json.loads(os.environ["PG"]), timeout=0.5)
    connection.run("select pg_sleep(5)")


def too_slow():
    """The host ends it with the request."""
    connected().run("select pg_sleep(60)")


def mysql():
    if "mysql" not in POOL:
        port = int(os.environ["MYSQL"])
        POOL["mysql"] = pymysql.connect(host="localhost", port=port, user="shop", password="secret", autocommit=True)
    with POOL["mysql"].cursor() as cursor:
        cursor.execute("select 500500 + %s, repeat('x', 100000)", (0,))
        total, text = cursor.fetchone()
    return [int(total), len(text)]


def bad(kind):
    """A server of PostgreSQL that fails in this way."""
    port = json.loads(os.environ["BAD"])[kind]
    pg8000.native.Connection("shop", host="localhost", port=port, ssl_context=False, timeout=2)


def many():
    """Connections that stay open until the end of the request."""
    made = []
    for _ in range(60):
        host, port = os.environ["STREAM"].rsplit(":", 1)
        made.append(socket.create_connection((host, int(port)), 5))
    return len(made)


def denied():
    socket.create_connection(("denied.example", 5432), 2)


def denied_port():
    socket.create_connection(("localhost", 1), 2)


def refused():
    host, port = os.environ["REFUSED"].rsplit(":", 1)
    socket.create_connection((host, int(port)), 2)


def http():
    return requests.get(os.environ["HTTP"] + "/json", timeout=5).status_code


def certificate():
    """By an address that the server's certificate does not name."""
    redis.Redis.from_url(os.environ["OTHER"], socket_timeout=5, retry=None).ping()


CASES = [
    postgres,
    cache,
    cache_async,
    streams,
    both,
    closed,
    slow,
    too_slow,
    mysql,
    many,
    denied,
    denied_port,
    refused,
    certificate,
    http,
]


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    name = scope["path"][1:]
    try:
        if name.startswith("bad_"):
            made = bad(name.removeprefix("bad_"))
        else:
            made = {case.__name__: case for case in CASES}[name]()
        found = {"result": await made if asyncio.iscoroutine(made) else made}
    except Exception as error:
        POOL.clear()
        found = {"error": type(error).__name__, "message": str(error), "trace": traceback.format_exc()}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})
