// Sockets of `node:net` on a host that is played here: what it says is decided by each test.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import { HostError, Resource } from "./fake/host.js";

globalThis.FUNCSERVER_SOCKETS = true;
await import("../../src/guest/promises.js");
const { shared } = await import("../../src/guest/shared.js");
await import("../../src/guest/work.js");
const { Waiting } = await import("../../src/guest/waiting.js");
const { run } = await import("../../src/guest/phase.js");
const require = createRequire(import.meta.url);

/** Everything of the host that is not ended. */
let live = 0;
class Counted extends Resource {
  constructor(parent) {
    super(parent);
    live += 1;
  }

  [Symbol.dispose]() {
    super[Symbol.dispose]();
    live -= 1;
  }
}

class Pollable extends Counted {
  constructor(parent, isReady) {
    super(parent);
    this.ready = isReady;
  }
}

/** A connection: `peer` says what the server does. */
class Socket extends Counted {
  constructor(peer) {
    super();
    this.peer = peer;
  }

  startConnect(_, address) {
    this.peer.address = address;
    if (this.peer.denied) throw new HostError("access-denied");
  }

  subscribe() {
    return new Pollable(this, () => !this.peer.stalls);
  }

  finishConnect() {
    if (this.peer.refuses) throw new HostError(this.peer.refuses);
    return [new Input(this), new Output(this)];
  }

  shutdown() {
    this.peer.ended = true;
  }

  localAddress() {
    return { tag: "ipv4", val: { port: 40_000, address: [127, 0, 0, 1] } };
  }
}

class Input extends Counted {
  constructor(socket) {
    super(socket);
    this.peer = socket.peer;
  }

  read() {
    this.use();
    const next = this.peer.sends.shift();
    if (next === undefined) return new Uint8Array(0);
    if (next === "end") throw new HostError({ tag: "closed" });
    if (next !== "reset") return new TextEncoder().encode(next);
    const error = new Counted();
    error.toDebugString = () => "connection reset";
    throw new HostError({ tag: "last-operation-failed", val: error });
  }

  subscribe() {
    return new Pollable(this, () => this.peer.sends.length > 0);
  }
}

class Output extends Counted {
  constructor(socket) {
    super(socket);
    this.peer = socket.peer;
  }

  checkWrite() {
    this.use();
    return BigInt(this.peer.room);
  }

  write(bytes) {
    assert.ok(bytes.length <= this.peer.room, "no more is written than the host has room for");
    this.peer.room -= bytes.length;
    this.peer.received += new TextDecoder().decode(bytes);
    this.peer.answer?.();
  }

  subscribe() {
    return new Pollable(this, () => this.peer.room > 0);
  }
}

const names = new Map([["db.example.com", [198, 18, 0, 1]]]);
let peer;
shared.sockets = {
  instanceNetwork: () => ({}),
  createTcpSocket: () => new Socket(peer),
  resolveAddresses(_, name) {
    const found = names.get(name);
    if (!found) throw new HostError("access-denied");
    const left = [{ tag: "ipv4", val: found }];
    const stream = new Counted();
    stream.resolveNextAddress = () => left.shift();
    return stream;
  },
};
shared.waiting = new Waiting({
  poll(pollables) {
    const ready = pollables.flatMap((one, at) => (one.ready() ? [at] : []));
    assert.ok(ready.length > 0, "the timer is ready");
    return Uint32Array.from(ready);
  },
  subscribeDuration: () => new Pollable(undefined, () => true),
});
run();
const net = require("../../src/node/net.js");
const dns = require("../../src/node/dns.js");
const tls = require("../../src/node/tls.js");

function play(given) {
  peer = { sends: [], received: "", room: 65_536, ...given };
  return peer;
}

/** Waits as a request does, and looks at the end that nothing is left. */
function scenario(name, action) {
  test(name, async () => {
    live = 0;
    shared.waiting.begin();
    try {
      await action();
    } finally {
      shared.waiting.end();
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(live, 0, "every resource of the host is ended");
    assert.equal(shared.waiting.open, 0);
    assert.equal(shared.waiting.isAsking, false);
  });
}

/** The events of a socket until its end. */
function events(socket) {
  const seen = [];
  for (const name of ["lookup", "connect", "ready", "data", "end", "finish", "timeout"]) {
    socket.on(name, (...values) => seen.push(name === "data" ? `data ${values[0]}` : name));
  }
  socket.on("error", (error) => seen.push(`error ${error.code}`));
  return new Promise((resolve) => {
    socket.on("close", (hadError) => resolve([...seen, `close ${hadError}`]));
  });
}

scenario("a server is asked, and answers", async () => {
  const server = play({});
  server.answer = () => server.sends.push("pong", "end");
  const socket = net.connect(5432, "db.example.com");
  assert.equal(socket.connecting, true);
  const seen = events(socket);
  socket.write("ping");
  const names = (await seen).filter((name) => name !== "finish");
  assert.deepEqual(names, ["lookup", "connect", "ready", "data pong", "end", "close false"]);
  assert.equal(server.received, "ping");
  assert.equal(server.ended, true);
  assert.deepEqual(server.address, { tag: "ipv4", val: { port: 5432, address: [198, 18, 0, 1] } });
  assert.equal(socket.bytesRead, 4);
  assert.equal(socket.bytesWritten, 4);
});

scenario("what the host has no room for is written later", async () => {
  const server = play({ room: 3 });
  const socket = net.connect({ port: 1, host: "127.0.0.1" });
  const written = new Promise((resolve) => socket.write("abcdefgh", resolve));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(server.received, "abc");
  server.room = 100;
  await written;
  assert.equal(server.received, "abcdefgh");
  socket.destroy();
});

scenario("a half-open socket goes on reading", async () => {
  const server = play({});
  const socket = net.connect({ port: 1, host: "127.0.0.1", allowHalfOpen: true });
  const seen = events(socket);
  socket.end("question");
  await new Promise((resolve) => socket.on("finish", resolve));
  assert.equal(server.ended, true);
  server.sends.push("late answer", "end");
  assert.ok((await seen).includes("data late answer"));
});

for (const [said, code] of [
  ["connection-refused", "ECONNREFUSED"],
  ["timeout", "ETIMEDOUT"],
  ["remote-unreachable", "EHOSTUNREACH"],
  ["connection-aborted", "ECONNABORTED"],
]) {
  scenario(`a server that is not reached is ${code}`, async () => {
    play({ refuses: said });
    const socket = net.connect(5432, "db.example.com");
    let failure;
    socket.on("error", (error) => (failure = error));
    assert.deepEqual((await events(socket)).slice(-2), [`error ${code}`, "close true"]);
    assert.equal(failure.syscall, "connect");
    assert.match(failure.message, new RegExp(`^connect ${code} db\\.example\\.com:5432`));
    assert.equal(failure.port, 5432);
  });
}

scenario("a denied name or address says what allows it", async () => {
  play({ denied: true });
  for (const host of ["other.example.com", "10.0.0.1"]) {
    const socket = net.connect(5432, host);
    const failure = await new Promise((resolve) => socket.on("error", resolve));
    assert.equal(failure.code, "EACCES");
    assert.match(failure.message, /allow the server in network\.allow/);
  }
});

scenario("a connection that is reset is an error, and what waits in it fails", async () => {
  const server = play({});
  const socket = net.connect(1, "127.0.0.1");
  const seen = events(socket);
  socket.on("connect", () => server.sends.push("part", "reset"));
  assert.deepEqual((await seen).slice(-3), ["data part", "error ECONNRESET", "close true"]);
});

scenario("setTimeout tells of silence, and a destroyed socket tells nothing", async () => {
  play({ stalls: true });
  const socket = net.connect(1, "127.0.0.1");
  const told = new Promise((resolve) => socket.setTimeout(10, resolve));
  await told;
  socket.destroy();
  assert.equal(socket.destroyed, true);
});

scenario("what happened between two requests is known before the next one", async () => {
  const server = play({});
  const socket = net.connect(1, "127.0.0.1");
  await new Promise((resolve) => socket.on("connect", resolve));
  const seen = events(socket);
  shared.waiting.end();
  server.sends.push("shutting down", "end");
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(socket.destroyed, false, "nobody waits");
  shared.waiting.look();
  assert.deepEqual((await seen).filter((name) => name !== "finish"), ["data shutting down", "end", "close false"]);
  shared.waiting.begin();
});

scenario("a socket with unref is no reason to wait", async () => {
  play({});
  const socket = net.connect(1, "127.0.0.1");
  await new Promise((resolve) => socket.on("connect", resolve));
  assert.equal(shared.waiting.open, 1);
  socket.unref();
  assert.equal(shared.waiting.open, 0);
  socket.ref();
  assert.equal(shared.waiting.open, 1);
  socket.unref();
  socket.destroy();
});

scenario("bad arguments are Node.js's errors", async () => {
  assert.throws(() => net.connect(70_000, "127.0.0.1"), { code: "ERR_SOCKET_BAD_PORT" });
  assert.throws(() => net.connect({ host: "127.0.0.1" }), { code: "ERR_MISSING_ARGS" });
  assert.throws(() => net.connect("/tmp/socket"), { code: "ENOTSUP" });
  assert.equal(net.isIP("::1"), 6);
});

scenario("names have addresses by node:dns", async () => {
  assert.deepEqual(await dns.promises.lookup("db.example.com"), { address: "198.18.0.1", family: 4 });
  const all = await dns.promises.lookup("db.example.com", { all: true });
  assert.deepEqual(all, [{ address: "198.18.0.1", family: 4 }]);
  assert.deepEqual(await dns.promises.lookup("::1"), { address: "::1", family: 6 });
  await assert.rejects(dns.promises.lookup("other.example.com"), { code: "EACCES", syscall: "getaddrinfo" });
  assert.throws(() => dns.resolve4("db.example.com"), /asks no name servers/);
});

scenario("node:tls says that the host makes TLS, and closes what it would be made on", async () => {
  play({});
  const plain = net.connect(1, "127.0.0.1");
  await new Promise((resolve) => plain.on("connect", resolve));
  const socket = tls.connect({ socket: plain });
  const failure = await new Promise((resolve) => socket.on("error", resolve));
  assert.match(failure.message, /let the host make it/);
  assert.equal(plain.destroyed, true);
});
