// A TCP connection of the host. It does nothing by itself: each call tells what could be done at once, and `whenReadable`
// and `whenWritable` wait.
import { isBuilding } from "./phase.js";
import { shared } from "./shared.js";

/** The most that is read or written at once. */
const PIECE = 65_536;
const AT_BUILD =
  "no connection can be opened while the component is made: connect in a handler, or in a function that onStart is given";
const NO_SOCKETS =
  "this component has no sockets, because the build found no module of the app that connects by node:net: import it by name";

const DENIED = (what) =>
  `the host denied ${what}: allow the server in network.allow, as in "tcp://db.example.com:5432"; the log names it`;

/** The errors of the host, by the codes that Node.js has for them, with their numbers on Linux. */
const CODES = {
  "access-denied": "EACCES",
  "address-in-use": "EADDRINUSE",
  "concurrency-conflict": "EALREADY",
  "connection-aborted": "ECONNABORTED",
  "connection-refused": "ECONNREFUSED",
  "connection-reset": "ECONNRESET",
  "invalid-argument": "EINVAL",
  "invalid-state": "EISCONN",
  "name-unresolvable": "ENOTFOUND",
  "new-socket-limit": "EMFILE",
  "not-supported": "ENOTSUP",
  "out-of-memory": "ENOMEM",
  "remote-unreachable": "EHOSTUNREACH",
  "temporary-resolver-failure": "EAI_AGAIN",
  "permanent-resolver-failure": "EAI_FAIL",
  timeout: "ETIMEDOUT",
};
const NUMBERS = {
  EACCES: -13,
  EADDRINUSE: -98,
  EALREADY: -114,
  ECONNABORTED: -103,
  ECONNREFUSED: -111,
  ECONNRESET: -104,
  EHOSTUNREACH: -113,
  EINVAL: -22,
  EISCONN: -106,
  EMFILE: -24,
  ENOMEM: -12,
  ENOTFOUND: -3008,
  ENOTSUP: -95,
  EAI_AGAIN: -3001,
  EAI_FAIL: -3004,
  EPIPE: -32,
  ETIMEDOUT: -110,
};
/** Why, where the code alone does not tell. */
const REASONS = {
  ECONNABORTED: "the host could not make TLS with the server: the log says why",
  EHOSTUNREACH: "there is no way to the server, or its name cannot be resolved: the log says which",
  EMFILE: "the app has as many connections as limits.connections allows",
};

/** An error as Node.js throws it. */
export function systemError(code, syscall, place = {}, message = undefined) {
  const { host, port } = place;
  const where = host === undefined ? "" : ` ${host}${port === undefined ? "" : `:${port}`}`;
  const why = message ?? REASONS[code];
  const error = new Error(`${syscall} ${code}${where}${why ? ` (${why})` : ""}`);
  // As in Node.js, no line of the app has led here. Streams read this, and places would cost time.
  Object.defineProperty(error, "stack", { value: `Error: ${error.message}`, writable: true, configurable: true });
  Object.assign(error, { errno: NUMBERS[code], code, syscall });
  if (syscall === "getaddrinfo") error.hostname = host;
  else if (host !== undefined) Object.assign(error, { address: host, port });
  return error;
}

/** What the host has thrown, as Node.js says it. */
function asSystemError(error, syscall, place) {
  const code = CODES[error?.payload];
  if (code === undefined) return error;
  if (code !== "EACCES") return systemError(code, syscall, place);
  const { host, port } = place;
  const what = syscall === "getaddrinfo" ? `the look-up of ${host}` : `the connection to ${host}:${port}`;
  return systemError(code, syscall, place, DENIED(what));
}

function sockets(syscall, place) {
  if (isBuilding()) throw systemError("EACCES", syscall, place, AT_BUILD);
  if (shared.sockets === undefined) throw systemError("EACCES", syscall, place, NO_SOCKETS);
  return shared.sockets;
}

let network;

/** The addresses of a name: the host has one for each, that stands for it. @returns {string[]} */
export function lookUp(name) {
  const place = { host: name };
  const host = sockets("getaddrinfo", place);
  network ??= host.instanceNetwork();
  try {
    const found = host.resolveAddresses(network, name);
    try {
      const addresses = [];
      for (;;) {
        const address = next(found);
        if (address === undefined) return addresses;
        addresses.push(textOf(address));
      }
    } finally {
      found[Symbol.dispose]();
    }
  } catch (error) {
    // A name that is none, such as one with a space.
    if (error?.payload === "invalid-argument") throw systemError("ENOTFOUND", "getaddrinfo", place);
    throw asSystemError(error, "getaddrinfo", place);
  }
}

/** The host answers at once: it looks the name up when the app connects. Another host may not. */
function next(found) {
  for (;;) {
    try {
      return found.resolveNextAddress();
    } catch (error) {
      if (error?.payload !== "would-block") throw error;
      const pollable = found.subscribe();
      pollable.block();
      pollable[Symbol.dispose]();
    }
  }
}

function textOf({ tag, val }) {
  if (tag === "ipv4") return Array.from(val).join(".");
  const hostname = new URL(`http://[${Array.from(val, (part) => part.toString(16)).join(":")}]/`).hostname;
  return hostname.slice(1, -1);
}

/** @param {string} address  as a URL writes it */
function socketAddress(address, port) {
  if (!address.includes(":")) return { tag: "ipv4", val: { port, address: address.split(".").map(Number) } };
  const [head, tail] = address.replace(/%.*$/, "").split("::");
  const parts = (text) => (text ? text.split(":").flatMap(partsOf) : []);
  const first = parts(head);
  const last = parts(tail);
  const all = [...first, ...Array(8 - first.length - last.length).fill(0), ...last];
  return { tag: "ipv6", val: { port, flowInfo: 0, address: all, scopeId: 0 } };
}

function partsOf(text) {
  if (!text.includes(".")) return [Number.parseInt(text, 16)];
  const [a, b, c, d] = text.split(".").map(Number);
  return [a * 256 + b, c * 256 + d];
}

export class Connection {
  /** Begins to connect; `done` is called with an error or without. */
  constructor(address, port, name, done) {
    this._place = { host: name ?? address, port };
    const host = sockets("connect", this._place);
    network ??= host.instanceNetwork();
    this._watches = new Set();
    this._isHeld = true;
    this._isAsked = this._isWork = this._isMute = this._hasSpoken = false;
    try {
      this._socket = host.createTcpSocket(address.includes(":") ? "ipv6" : "ipv4");
      this._socket.startConnect(network, socketAddress(address, port));
    } catch (error) {
      this._socket?.[Symbol.dispose]();
      this._socket = undefined;
      throw asSystemError(error, "connect", this._place);
    }
    shared.waiting.open += 1;
    this._ask();
    this._pollable = this._socket.subscribe();
    this._watch(this._pollable, () => this._finish(done));
  }

  _finish(done) {
    try {
      [this._input, this._output] = this._socket.finishConnect();
    } catch (error) {
      if (error?.payload === "would-block") {
        this._watch(this._pollable, () => this._finish(done));
        return;
      }
      this.close();
      done(asSystemError(error, "connect", this._place));
      return;
    }
    this._answered();
    done();
  }

  /** The bytes that have come, an empty array if there are none now, or null at the end. */
  read() {
    try {
      const bytes = this._input.read(BigInt(PIECE));
      if (bytes.length > 0) {
        this._hasSpoken = true;
        this._answered();
      }
      return bytes;
    } catch (error) {
      this._answered();
      return this._ended(error, "read");
    }
  }

  /** How many of the bytes were taken. */
  write(bytes) {
    this._ask();
    try {
      const room = Number(this._output.checkWrite());
      const count = Math.min(room, bytes.length, PIECE);
      if (count > 0) this._output.write(count === bytes.length ? bytes : bytes.subarray(0, count));
      return count;
    } catch (error) {
      if (this._ended(error, "write") === null) throw systemError("EPIPE", "write");
      return 0;
    }
  }

  /** The end of what is sent. The other side may go on. */
  shutdown() {
    try {
      this._socket.shutdown("send");
    } catch {
      // It is closed already.
    }
  }

  whenReadable(action) {
    this._readable ??= this._input.subscribe();
    return this._watch(this._readable, action);
  }

  whenWritable(action) {
    this._writable ??= this._output.subscribe();
    return this._watch(this._writable, action);
  }

  /** Null for the end of the stream; throws for what broke it. */
  _ended(error, syscall) {
    const { payload } = error ?? {};
    if (payload?.tag === "closed") return null;
    if (payload?.tag !== "last-operation-failed") throw error;
    const text = payload.val.toDebugString();
    payload.val[Symbol.dispose]();
    throw systemError(/broken pipe/i.test(text) ? "EPIPE" : "ECONNRESET", syscall);
  }

  _watch(pollable, action) {
    const watch = shared.waiting.watch(pollable, () => {
      this._watches.delete(watch);
      action();
    });
    this._watches.add(watch);
    return watch;
  }

  /** Something was sent, and the request waits for what the server says, also after its answer. */
  _ask() {
    if (this._isAsked || !this._isHeld) return;
    this._isAsked = true;
    shared.waiting.ask(this);
    if (this._isMute) return;
    this._isWork = true;
    shared.work.begin();
  }

  _answered() {
    if (!this._isAsked) return;
    this._isAsked = false;
    this._isMute = false;
    shared.waiting.answered(this);
    this._release();
  }

  _release() {
    if (!this._isWork) return;
    this._isWork = false;
    // What the app does with it comes first.
    queueMicrotask(() => queueMicrotask(shared.work.end));
  }

  /** The server says nothing, perhaps never, as one that takes logs: requests with an answer wait no longer. */
  silent() {
    this._isMute = !this._hasSpoken;
    this._release();
  }

  /** Whether requests wait for this connection. */
  hold(isHeld) {
    if (this._isHeld === isHeld || this._socket === undefined) return;
    this._isHeld = isHeld;
    shared.waiting.open += isHeld ? 1 : -1;
    if (!isHeld) this._answered();
  }

  get local() {
    return placeOf(() => this._socket.localAddress());
  }

  get remote() {
    return placeOf(() => this._socket.remoteAddress());
  }

  /** The order is that of the host: what was made of a resource ends before it. */
  close() {
    if (this._socket === undefined) return;
    this._answered();
    if (this._isHeld) shared.waiting.open -= 1;
    for (const watch of this._watches) shared.waiting.forget(watch);
    this._watches.clear();
    for (const name of ["_pollable", "_readable", "_writable", "_input", "_output", "_socket"]) {
      this[name]?.[Symbol.dispose]();
      this[name] = undefined;
    }
  }
}

function placeOf(ask) {
  try {
    const address = ask();
    const family = address.tag === "ipv4" ? "IPv4" : "IPv6";
    return { address: textOf({ tag: address.tag, val: address.val.address }), family, port: address.val.port };
  } catch {
    return undefined;
  }
}
