"""An app that sends requests with every HTTP client, and says what came of it. It knows nothing of funcserver."""

import asyncio
import hashlib
import http.client
import json
import os
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

import aiohttp
import botocore.awsrequest
import botocore.httpsession
import httpx
import requests

JSON = {"content-type": "application/json"}
SIZE = 300_000


def digest(data):
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def sent_in_pieces(data):
    return (data[at : at + 7_000] for at in range(0, len(data), 7_000))


async def sent_in_pieces_async(data):
    for piece in sent_in_pieces(data):
        yield piece


class Urllib:
    def __init__(self):
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def call(self, method, url, body=None, headers=None, timeout=None):
        request = urllib.request.Request(url, body, headers or {}, method=method)
        try:
            response = self.opener.open(request, timeout=timeout) if timeout else self.opener.open(request)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            return response.status, response.geturl(), dict(response.headers), response.read()

    def stream(self, url):
        with urllib.request.urlopen(url) as response:
            while piece := response.read1(65_536):
                yield piece

    def upload(self, url, data):
        headers = {"transfer-encoding": "chunked"}
        return self.call("POST", url, sent_in_pieces(data), headers)[3]

    def unchecked(self, url):
        import ssl

        return urllib.request.urlopen(url, context=ssl._create_unverified_context()).status


class HttpClient:
    def __init__(self):
        self.connections = {}

    def _connection(self, url, timeout):
        parts = urllib.parse.urlsplit(url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        made = self.connections.setdefault(parts[:2], kind(parts.netloc, timeout=timeout))
        made.timeout = timeout
        if made.sock is not None:
            made.sock.settimeout(timeout)
        return made, parts._replace(scheme="", netloc="").geturl()

    def call(self, method, url, body=None, headers=None, timeout=None):
        connection, path = self._connection(url, timeout)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, url, dict(response.headers), response.read()
        except BaseException:
            connection.close()
            raise

    def stream(self, url):
        connection, path = self._connection(url, None)
        connection.request("GET", path)
        response = connection.getresponse()
        while piece := response.read1(65_536):
            yield piece

    def upload(self, url, data):
        return self.call("PUT", url, sent_in_pieces(data))[3]


class Requests:
    def __init__(self):
        self.session = requests.Session()

    def call(self, method, url, body=None, headers=None, timeout=None):
        response = self.session.request(method, url, data=body, headers=headers, timeout=timeout)
        return response.status_code, response.url, dict(response.headers), response.content

    def stream(self, url):
        with self.session.get(url, stream=True) as response:
            yield from response.iter_content(None)

    def upload(self, url, data):
        return self.session.post(url, data=sent_in_pieces(data)).content

    def unchecked(self, url):
        return requests.get(url, verify=False).status_code

    def own_root(self, url):
        return requests.get(url, verify="root.pem").status_code

    def certificate(self, url):
        return requests.get(url, cert="root.pem").status_code


class Httpx:
    def __init__(self):
        self.client = httpx.Client(follow_redirects=True, timeout=None)

    def call(self, method, url, body=None, headers=None, timeout=None):
        response = self.client.request(method, url, content=body, headers=headers, timeout=timeout)
        return response.status_code, str(response.url), dict(response.headers), response.content

    def stream(self, url):
        with self.client.stream("GET", url) as response:
            yield from response.iter_bytes()

    def upload(self, url, data):
        return self.client.post(url, content=sent_in_pieces(data)).content

    def unchecked(self, url):
        return httpx.get(url, verify=False).status_code

    def own_root(self, url):
        import ssl

        return httpx.get(url, verify=ssl.create_default_context(cafile="root.pem")).status_code


class Botocore:
    """Its session makes one request, and follows no redirect."""

    def call(self, method, url, body=None, headers=None, timeout=None):
        session = botocore.httpsession.URLLib3Session(timeout=timeout)
        request = botocore.awsrequest.AWSRequest(method, url, headers, body).prepare()
        response = session.send(request)
        return response.status_code, response.url, dict(response.headers), response.content

    def stream(self, url):
        request = botocore.awsrequest.AWSRequest("GET", url, stream_output=True).prepare()
        yield from botocore.httpsession.URLLib3Session().send(request).raw.stream()

    def upload(self, url, data):
        headers = {"Expect": "100-continue"}
        return self.call("PUT", url, data, headers)[3]

    def unchecked(self, url):
        request = botocore.awsrequest.AWSRequest("GET", url).prepare()
        return botocore.httpsession.URLLib3Session(verify=False).send(request).status_code


class AsyncHttpx:
    def __init__(self):
        self.client = httpx.AsyncClient(follow_redirects=True, timeout=None)

    async def call(self, method, url, body=None, headers=None, timeout=None):
        response = await self.client.request(method, url, content=body, headers=headers, timeout=timeout)
        return response.status_code, str(response.url), dict(response.headers), response.content

    async def stream(self, url):
        async with self.client.stream("GET", url) as response:
            async for piece in response.aiter_bytes():
                yield piece

    async def upload(self, url, data):
        return (await self.client.post(url, content=sent_in_pieces_async(data))).content

    async def unchecked(self, url):
        async with httpx.AsyncClient(verify=False) as client:
            return (await client.get(url)).status_code


class Aiohttp:
    def __init__(self):
        self.session = None

    def _session(self):
        if self.session is None:
            jar = aiohttp.CookieJar(unsafe=True)
            self.session = aiohttp.ClientSession(cookie_jar=jar)
        return self.session

    async def call(self, method, url, body=None, headers=None, timeout=None):
        limits = aiohttp.ClientTimeout(sock_read=timeout, sock_connect=timeout)
        session = self._session()
        async with session.request(method, url, data=body, headers=headers, timeout=limits) as response:
            return response.status, str(response.url), dict(response.headers), await response.read()

    async def stream(self, url):
        async with self._session().get(url) as response:
            async for piece in response.content.iter_any():
                yield piece

    async def upload(self, url, data):
        async with self._session().post(url, data=sent_in_pieces_async(data)) as response:
            return await response.read()

    async def unchecked(self, url):
        async with self._session().get(url, ssl=False) as response:
            return response.status


CLIENTS = {
    "urllib": Urllib(),
    "http.client": HttpClient(),
    "requests": Requests(),
    "httpx": Httpx(),
    "botocore": Botocore(),
    "httpx-async": AsyncHttpx(),
    "aiohttp": Aiohttp(),
}


async def result(made):
    return await made if asyncio.iscoroutine(made) else made


async def pieces(made):
    """Of a generator of either kind, each with the time of its arrival."""
    begin, found = time.monotonic(), []
    if hasattr(made, "__aiter__"):
        async for piece in made:
            found.append((piece, time.monotonic() - begin))
    else:
        for piece in made:
            found.append((piece, time.monotonic() - begin))
    return found


async def large(client, base):
    data = os.urandom(SIZE)
    _, _, _, answer = await result(client.call("POST", f"{base}/echo", data))
    return {"same": answer == data, **digest(answer)}


async def stream(client, base):
    found = await pieces(client.stream(f"{base}/stream"))
    return {"text": b"".join(piece for piece, _ in found).decode(), "spread": found[-1][1] - found[0][1]}


async def upload(client, base):
    data = os.urandom(SIZE)
    answer = json.loads(await result(client.upload(f"{base}/digest", data)))
    return {"same": answer == digest(data), **answer}


async def cookies(client, base):
    await result(client.call("GET", f"{base}/cookie"))
    return json.loads((await result(client.call("GET", f"{base}/cookie")))[3])


async def get(client, base, path="/json", **settings):
    status, url, headers, body = await result(client.call("GET", f"{base}{path}", **settings))
    lower = {name.lower(): value for name, value in headers.items()}
    return {"status": status, "url": url, "text": body.decode("latin-1"), "headers": lower}


async def post(client, base):
    body = json.dumps({"name": "Zoë"}).encode()
    status, _, _, answer = await result(client.call("POST", f"{base}/post", body, JSON))
    return {"status": status, "json": json.loads(answer)}


async def gather(client, base):
    begin = time.monotonic()
    await asyncio.gather(*(client.call("GET", f"{base}/slow?ms=500") for _ in range(10)))
    return {"seconds": time.monotonic() - begin}


async def cancel(client, base):
    try:
        async with asyncio.timeout(0.3):
            await client.call("GET", f"{base}/slow?ms=3000")
    except TimeoutError:
        return await get(client, base)
    return {"status": 0}


async def many(client, base):
    """More than a pool keeps, one after the other and with bodies that nobody reads to the end."""
    found = []
    for _ in range(30):
        found.append((await result(client.call("GET", f"{base}/json")))[0])
    return {"statuses": sorted(set(found)), "count": len(found)}


CASES = {
    "get": get,
    "post": post,
    "redirect": lambda client, base: get(client, base, "/redirect"),
    "gzip": lambda client, base: get(client, base, "/gzip", headers={"accept-encoding": "gzip"}),
    "missing": lambda client, base: get(client, base, "/nothing"),
    "empty": lambda client, base: get(client, base, "/empty"),
    "timeout": lambda client, base: get(client, base, "/slow?ms=5000", timeout=0.4),
    "broken": lambda client, base: get(client, base, "/broken"),
    "closed": lambda client, base: get(client, base, "/closed"),
    "refused": lambda client, base: get(client, os.environ["REFUSED"], "/"),
    "denied": lambda client, base: get(client, "http://127.0.0.1:9", "/"),
    "unresolved": lambda client, base: get(client, "http://nonesuch.invalid", "/"),
    "connecting": lambda client, base: get(client, os.environ["SILENT"], "/", timeout=0.5),
    "untrusted": lambda client, base: get(client, os.environ["UNTRUSTED"]),
    "large": large,
    "stream": stream,
    "upload": upload,
    "cookies": cookies,
    "gather": gather,
    "cancel": cancel,
    "many": many,
    "unchecked": lambda client, base: result(client.unchecked(f"{base}/json")),
    "own_root": lambda client, base: result(client.own_root(f"{base}/json")),
    "certificate": lambda client, base: result(client.certificate(f"{base}/json")),
}


async def run(name, case, base):
    begin = time.monotonic()
    try:
        found = {"result": await CASES[case](CLIENTS[name], base)}
    except Exception as error:
        names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
        found = {"error": names, "message": str(error), "trace": traceback.format_exc()}
    return {**found, "seconds": time.monotonic() - begin}


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    _, name, case, base = scope["path"].split("/")
    body = json.dumps(await run(name, case, os.environ[base])).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
